"""`destroy`: what Terraform made, and what the functions made at run time, which Terraform does not know."""

from typing import Any

from tools.ops import artifacts
from tools.ops.account import Account
from tools.ops.changes import approval
from tools.ops.environment import Environment
from tools.ops.errors import OpsError
from tools.ops.workspace import Workspace, opened

_AT_ONCE = 10  # the most names DeleteParameters takes


def destroy(environment: Environment) -> int:
    """Terraform's exit status. Raises OpsError, with nothing removed, while the environment is protected."""
    agreed = approval()
    with artifacts.stand_ins(environment) as folder:
        workspace = opened(environment, artifacts=folder)
        check_unprotected(workspace)
        status = workspace.terraform.show("destroy", *agreed)
    if status == 0:
        _report_locks(remove_locks(workspace.account.client("ssm"), environment), environment)
        _report_api_keys(remove_api_keys(workspace.account.client("apigateway"), environment))
        _report_remains(remains(workspace.account, environment))
    return status


def check_unprotected(workspace: Workspace) -> None:
    """AWS refuses to delete a protected user pool only when all that hangs on it is gone: it is asked beforehand."""
    environment = workspace.environment
    pool = workspace.terraform.outputs().get("user_pool_id")
    if pool is None:
        return
    directory = workspace.account.client("cognito-idp")
    try:
        found = directory.describe_user_pool(UserPoolId=pool)["UserPool"]
    except directory.exceptions.ResourceNotFoundException:  # a destroy that did not come to its end
        return
    if found.get("DeletionProtection") == "ACTIVE":
        raise OpsError(
            f"'{environment.name}' is protected, for everybody's keys would be lost: to remove it all the same, set "
            f'"deletion_protection": false in {environment.file}, run `make deploy ENV={environment.name}`, then this '
            "again."
        )


def remove_locks(ssm: Any, environment: Environment) -> list[str]:
    """The names of the locks removed: the admin function makes one when it first changes a person's keys."""
    locks = _names(ssm, f"{environment.parameters}/locks")
    for start in range(0, len(locks), _AT_ONCE):
        ssm.delete_parameters(Names=locks[start : start + _AT_ONCE])
    return locks


def remove_api_keys(gateway: Any, environment: Environment) -> list[str]:
    """The names of the API keys removed: the admin function makes one for each key of a group that has a rate."""
    pages = gateway.get_paginator("get_api_keys").paginate(includeValues=False)
    ours = [key for page in pages for key in page["items"] if _is_ours(key.get("tags") or {}, environment)]
    for key in ours:
        gateway.delete_api_key(apiKey=key["id"])
    return [key["name"] for key in ours]


def _is_ours(tags: dict[str, str], environment: Environment) -> bool:
    return (tags.get("application"), tags.get("environment")) == ("pennyworth", environment.name)


def remains(account: Account, environment: Environment) -> list[str]:
    """What is still there, each with the command that removes it."""
    region = f"--region {account.region}"
    group_command = f"aws logs delete-log-group {region} --log-group-name"
    parameters = [
        f"parameter {name} (put there by hand): aws ssm delete-parameter {region} --name {name}"
        for name in _names(account.client("ssm"), environment.parameters)
    ]
    # A function that was still running when its group went has made it again.
    pages = account.client("logs").get_paginator("describe_log_groups")
    groups = [
        f"log group {group['logGroupName']}: {group_command} {group['logGroupName']}"
        for page in pages.paginate(logGroupNamePrefix=f"/aws/lambda/{environment.prefix}-")
        for group in page["logGroups"]
    ]
    return parameters + groups


def _names(ssm: Any, path: str) -> list[str]:
    pages = ssm.get_paginator("get_parameters_by_path").paginate(Path=path, Recursive=True)
    return [parameter["Name"] for page in pages for parameter in page["Parameters"]]


def _report_locks(locks: list[str], environment: Environment) -> None:
    if locks:
        print(f"\nRemoved besides: {len(locks)} parameters below {environment.parameters}/locks.")


def _report_api_keys(names: list[str]) -> None:
    if names:
        print(f"\nRemoved besides: {len(names)} API keys of API Gateway's, by which rates were counted.")


def _report_remains(remaining: list[str]) -> None:
    print("\nRemains:")
    for each in remaining:
        print(f"  {each}")
    print(
        "  what the account has for all environments: the bucket with the state and the roles of `make bootstrap`,\n"
        "  cost and usage reports, and CloudTrail's records",
        flush=True,
    )
