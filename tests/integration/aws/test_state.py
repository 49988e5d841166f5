"""What survives a restart."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt

ROOT = Path(__file__).parents[3]
PASSWORD = "Correct-horse-7"


def fill(connect: Callable[..., Any]) -> tuple[str, str, str]:
    """A pool with a person in a group, an identity, a role, a parameter and an object."""
    idp, identity = connect("cognito-idp"), connect("cognito-identity")
    schema = [{"Name": "key_01", "AttributeDataType": "String", "Mutable": True}]
    pool_id = idp.create_user_pool(PoolName="people", UsernameAttributes=["email"], Schema=schema)["UserPool"]["Id"]
    flows = ["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH"]
    client_id = idp.create_user_pool_client(UserPoolId=pool_id, ClientName="c", ExplicitAuthFlows=flows)[
        "UserPoolClient"
    ]["ClientId"]
    idp.create_group(UserPoolId=pool_id, GroupName="developers", Precedence=20)
    user_id = idp.admin_create_user(
        UserPoolId=pool_id,
        Username="ada@example.com",
        UserAttributes=[{"Name": "custom:key_01", "Value": "record"}],
    )["User"]["Username"]
    idp.admin_set_user_password(UserPoolId=pool_id, Username=user_id, Password=PASSWORD, Permanent=True)
    idp.admin_add_user_to_group(UserPoolId=pool_id, Username=user_id, GroupName="developers")
    # A sign-in half-way: its secrets must not keep the rest from being written.
    idp.initiate_auth(
        ClientId=client_id, AuthFlow="USER_SRP_AUTH", AuthParameters={"USERNAME": user_id, "SRP_A": "abc123"}
    )
    identity.create_identity_pool(
        IdentityPoolName="people", AllowUnauthenticatedIdentities=False, DeveloperProviderName="pennyworth"
    )
    connect("iam").create_role(RoleName="role", AssumeRolePolicyDocument="{}")
    connect("ssm").put_parameter(Name="/pepper", Value="salt", Type="SecureString")
    connect("s3").create_bucket(Bucket="bucket")
    connect("s3").put_object(Bucket="bucket", Key="object", Body=b"bytes")
    return pool_id, client_id, user_id


def login(connect: Callable[..., Any], pool_id: str, client_id: str) -> str:
    return connect("cognito-idp").admin_initiate_auth(
        UserPoolId=pool_id,
        ClientId=client_id,
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "ada@example.com", "PASSWORD": PASSWORD},
    )["AuthenticationResult"]["IdToken"]


def test_people_keys_and_parameters_survive_a_restart(
    tmp_path: Path, starts: Callable[..., Any], connects: Callable[..., Any]
) -> None:
    file, killed = tmp_path / "state" / "aws", tmp_path / "killed"
    with starts("--state", str(file)) as url:
        pool_id, client_id, user_id = fill(connects(url))
        before = jwt.get_unverified_header(login(connects(url), pool_id, client_id))
        # As it stands while the process runs: an answered change is on disk even when the process is killed.
        shutil.copyfile(file, killed)
        assert file.stat().st_mode & 0o777 == 0o600
    killed.chmod(0o600)
    with starts("--state", str(killed)) as url:
        connect = connects(url)
        token = login(connect, pool_id, client_id)
        person = connect("cognito-idp").admin_get_user(UserPoolId=pool_id, Username=user_id)
        parameter = connect("ssm").get_parameter(Name="/pepper", WithDecryption=True)["Parameter"]
        pools = connect("cognito-identity").list_identity_pools(MaxResults=1)["IdentityPools"]
        held = connect("s3").get_object(Bucket="bucket", Key="object")["Body"].read()
        assert connect("iam").get_role(RoleName="role")["Role"]["Arn"].endswith("role/role")
    assert jwt.get_unverified_header(token) == before
    assert jwt.decode(token, options={"verify_signature": False})["cognito:groups"] == ["developers"]
    assert {"Name": "custom:key_01", "Value": "record"} in person["UserAttributes"]
    assert (parameter["Value"], held, len(pools)) == ("salt", b"bytes", 1)


def test_a_taken_port_is_one_clear_line(aws_url: str) -> None:
    port = aws_url.rpartition(":")[2]
    ended = subprocess.run(
        [sys.executable, "-m", "local.aws", "--port", port], cwd=ROOT, capture_output=True, text=True, timeout=20
    )
    assert ended.returncode == 1
    assert ended.stderr == f"cannot start on port {port}: Address already in use\n"


def test_a_folder_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    state = tmp_path / "file" / "aws"
    command = [sys.executable, "-m", "local.aws", "--port", "0", "--state", str(state)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=20)
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"cannot keep the state in {state}: ")
    assert ended.stderr.count("\n") == 1
