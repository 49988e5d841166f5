"""Two installations of one plan are the same; whatever is changed in one of them shows."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from local.plan import plan
from local.provision import Aws, provision
from tools.rehearsal.inventory import differences, inventory

PREFIX = "pennyworth-local"


@pytest.fixture(scope="module")
def here(starts: Callable[..., Any]) -> Iterator[Aws]:
    with starts() as url:
        yield provisioned(url)


@pytest.fixture
def there(starts: Callable[..., Any]) -> Iterator[Aws]:
    with starts() as url:
        yield provisioned(url)


def provisioned(url: str, **changes: Any) -> Aws:
    aws = Aws(url, plan().region)
    provision(aws, plan().with_(**changes), version="1", git_sha="abc")
    return aws


def user_pool_id(aws: Aws) -> str:
    [pool] = aws("cognito-idp").list_user_pools(MaxResults=60)["UserPools"]
    return str(pool["Id"])


def test_whatever_is_changed_in_one_of_two_equal_installations_shows(here: Aws, there: Aws) -> None:
    assert differences(inventory(here), inventory(there)) == []

    there("cognito-idp").set_user_pool_mfa_config(
        UserPoolId=user_pool_id(there),
        MfaConfiguration="OPTIONAL",
        SoftwareTokenMfaConfiguration={"Enabled": True},
    )
    [mfa, *_] = said = differences(inventory(here), inventory(there))
    assert all(line.startswith(f"user pool: {PREFIX}: ") for line in said)
    assert mfa == f"user pool: {PREFIX}: MFA: MfaConfiguration: OFF here, OPTIONAL there"


def test_groups_clients_roles_and_buckets_are_compared_too(here: Aws, there: Aws) -> None:
    [first, *others] = plan().groups
    provisioned_again = plan().with_(groups=(replace(first, models=("nova-*",)), *others), file_expiry_days=7)
    provision(there, provisioned_again, version="1", git_sha="abc")
    there("iam").create_role(RoleName="another", AssumeRolePolicyDocument='{"Statement": []}')
    idp, where = there("cognito-idp"), {"UserPoolId": user_pool_id(there)}
    clients = idp.list_user_pool_clients(**where)["UserPoolClients"]
    [client] = [each for each in clients if each["ClientName"] == f"{PREFIX}-cli"]
    idp.update_user_pool_client(ClientId=client["ClientId"], **where, WriteAttributes=["custom:key_01", "name"])

    there("logs").delete_subscription_filter(logGroupName=f"/aws/lambda/{PREFIX}-openai", filterName="ledger")

    said = differences(inventory(here), inventory(there))
    for start in (
        f"subscription: /aws/lambda/{PREFIX}-openai: ",
        "bucket: pennyworth-local-ACCOUNT: lifecycle: Rules: ",
        f"role: {PREFIX}-group-{first.name}: inline policy: access: Statement: Models: Resource: [",
        "role: another: absent here, ",
        f"user pool: {PREFIX}: client: {PREFIX}-cli: WriteAttributes: ",
        f"user pool: {PREFIX}: group: {first.name}: Description: ",
    ):
        assert any(line.startswith(start) for line in said), (start, said)
    assert not any(f"group-{other.name}:" in line for line in said for other in others)
