"""`bootstrap`: what an account and Region need once, before any environment: the bucket for Terraform's state, and the
roles that GitHub's workflows deploy with.

Its own state lies in that bucket too. The bucket is therefore made first, empty, and imported: a state that began as a
file on this machine could be lost by an interruption, or be missed by the next machine. Whatever stops this, running it
again, anywhere, goes on from there.
"""

import json
import re
from pathlib import Path
from typing import Any

from tools.ops import account, state
from tools.ops.account import Account
from tools.ops.changes import approval
from tools.ops.environment import check_region
from tools.ops.errors import UsageError
from tools.ops.terraform import Terraform

FOLDER = Path("terraform/bootstrap")
_REPOSITORY = re.compile(r"[A-Za-z0-9-]+(/[A-Za-z0-9._-]+|@\d+/[A-Za-z0-9._-]+@\d+)")
_GITHUB = "oidc-provider/token.actions.githubusercontent.com"  # an account can have one of these


def bootstrap(root: Path, region: str, github: str, environments: str, mcp_targets: str = "") -> int:
    """Terraform's exit status. What is left empty stays as it was said the last time. Raises OpsError."""
    if not region:
        raise UsageError("Where? Add REGION=, the AWS Region of the environments to come, such as us-east-1.")
    check_region(region)
    if github and not _REPOSITORY.fullmatch(github):
        raise UsageError(
            f"GITHUB={github}: write the repository as owner@id/name@id, or owner/name if it is older than that."
        )
    state.check_saved(root / FOLDER)
    agreed = approval()
    terraform = Terraform(root / FOLDER, {"AWS_REGION": region})
    signed_in = account.signed_in(region)
    if not state.exists(signed_in):
        _make_bucket(signed_in)
    state.use(terraform, signed_in)
    given = {
        "github_repository": github,
        "environments": [name for name in environments.split(",") if name],
        "mcp_targets": [arn for arn in mcp_targets.split(",") if arn],
    }
    terraform = Terraform(root / FOLDER, {"AWS_REGION": region, **_variables(terraform, signed_in, given)})
    status = terraform.show("apply", *agreed)
    if status == 0:
        print(f"\nReady for environments in {region}: make deploy ENV=dev", flush=True)
    return status


def _make_bucket(signed_in: Account) -> None:
    name, s3 = state.bucket(signed_in), signed_in.client("s3")
    # Without a place S3 means us-east-1, which is no place one may name.
    place = {} if signed_in.region == "us-east-1" else {"LocationConstraint": signed_in.region}
    s3.create_bucket(Bucket=name, **({"CreateBucketConfiguration": place} if place else {}))
    s3.get_waiter("bucket_exists").wait(Bucket=name)
    print(f"Made the bucket {name}: it will hold the state, this one's too.", flush=True)


def _variables(terraform: Terraform, signed_in: Account, given: dict[str, Any]) -> dict[str, str]:
    before = terraform.outputs()
    values = {name: value or before.get(name) for name, value in given.items()}
    if values["github_repository"] and not _has_provider(terraform):
        values["oidc_provider_arn"] = _provider(signed_in.client("iam"))
    return {
        f"TF_VAR_{name}": value if isinstance(value, str) else json.dumps(value)
        for name, value in values.items()
        if value
    }


def _has_provider(terraform: Terraform) -> bool:
    """Whether the provider that may be there is our own. An interrupted run has left no outputs that would say so."""
    return '"aws_iam_openid_connect_provider"' in terraform.read("state", "pull")


def _provider(iam: Any) -> str | None:
    """GitHub's identity provider, when something else made it in this account already."""
    for provider in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]:
        if provider["Arn"].endswith(_GITHUB):
            return str(provider["Arn"])
    return None
