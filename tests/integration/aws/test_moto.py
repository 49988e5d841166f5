"""Against a real server of AWS's APIs, one we did not write."""

import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from pennyworth.aws import Aws, AwsError, Credentials, environment_credentials
from pennyworth.identity import Sessions
from pennyworth.principal import Principal
from pennyworth.settings import Settings


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A moto server in a process of its own, on a free port."""
    command = [sys.executable, "-m", "moto.server", "--host", "127.0.0.1", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        alarm = threading.Timer(60, process.kill)
        alarm.start()
        lines = iter(process.stderr.readline, "")
        found = next((match for line in lines if (match := re.search(r"http://127\.0\.0\.1:\d+", line))), None)
        alarm.cancel()
        drain = threading.Thread(target=lambda: list(lines), daemon=True)
        drain.start()
        try:
            assert found, "moto_server did not start"
            yield found[0]
        finally:
            process.terminate()
            process.wait(30)
            drain.join(10)


@pytest.fixture
def aws(url: str) -> Iterator[Aws]:
    environ = {"AWS_ENDPOINT_URL": url, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    made = Aws("us-east-1", lambda: environment_credentials(environ), environ)
    yield made
    made.close()


def boto(service: str, url: str, **credentials: str) -> Any:
    given = {"aws_access_key_id": "test", "aws_secret_access_key": "test", **credentials}
    return boto3.client(service, region_name="us-east-1", endpoint_url=url, **given)


def test_a_secret_parameter_is_read(url: str, aws: Aws) -> None:
    boto("ssm", url).put_parameter(Name="/pennyworth/pepper", Value="é secret", Type="SecureString")
    reply = aws.json("ssm", "GetParameter", {"Name": "/pennyworth/pepper", "WithDecryption": True})
    assert reply["Parameter"]["Value"] == "é secret"


def test_what_is_not_there_is_an_error_with_its_name(aws: Aws) -> None:
    with pytest.raises(AwsError) as caught:
        aws.json("ssm", "GetParameter", {"Name": "/nothing"})
    assert (caught.value.code, caught.value.status) == ("ParameterNotFound", 400)
    assert caught.value.message
    assert caught.value.request_id


def test_a_user_is_read_as_boto3_reads_them(url: str, aws: Aws) -> None:
    cognito = boto("cognito-idp", url)
    pool = cognito.create_user_pool(PoolName="people", UsernameAttributes=["email"])["UserPool"]["Id"]
    made = cognito.admin_create_user(
        UserPoolId=pool, Username="ada@example.com", UserAttributes=[{"Name": "email", "Value": "ada@example.com"}]
    )["User"]
    ours = aws.json("cognito-idp", "AdminGetUser", {"UserPoolId": pool, "Username": made["Username"]})
    theirs = cognito.admin_get_user(UserPoolId=pool, Username=made["Username"])
    for name in ("Username", "UserAttributes", "Enabled", "UserStatus"):
        assert ours[name] == theirs[name]
    with pytest.raises(AwsError) as caught:
        aws.json("cognito-idp", "AdminGetUser", {"UserPoolId": pool, "Username": "nobody"})
    assert caught.value.code == "UserNotFoundException"


def test_a_user_becomes_a_session_of_the_groups_role(url: str, aws: Aws) -> None:
    pool = boto("cognito-identity", url).create_identity_pool(
        IdentityPoolName="people",
        AllowUnauthenticatedIdentities=False,
        AllowClassicFlow=True,
        DeveloperProviderName="pennyworth",
    )["IdentityPoolId"]
    settings = Settings(
        environment="test",
        version="1",
        git_sha="1",
        region="us-east-1",
        user_pool_id="",
        client_ids=(),
        identity_pool_id=pool,
        developer_provider="pennyworth",
        pepper_parameter="",
        authorizer_ttl_s=60,
        openai_function="",
        mcp_origins=(),
        bucket="",
        file_expiry_days=30,
        remote_images=False,
        providers={},
    )
    role = "arn:aws:iam::123456789012:role/developers"
    ada = Principal("0aaa1111-2222-3333-4444-555555555555", "ada@example.com", "", "g", role, frozenset(), ())
    made: Credentials = Sessions().credentials(aws, ada, settings)
    assert 3300 < made.expires_at - aws.now() < 3900
    who = boto(
        "sts",
        url,
        aws_access_key_id=made.access_key_id,
        aws_secret_access_key=made.secret_access_key,
        aws_session_token=made.session_token,
    ).get_caller_identity()
    assert who["Arn"] == "arn:aws:sts::123456789012:assumed-role/developers/ada@example.com"


def test_a_query_error_is_read_from_its_xml(aws: Aws) -> None:
    session = {"RoleArn": "arn:aws:iam::123456789012:role/x", "RoleSessionName": "x" * 65}
    with pytest.raises(AwsError) as caught:
        aws.query("sts", "AssumeRole", "2011-06-15", session)
    error = caught.value
    assert (error.code, error.status) == ("ValidationError", 400)
    assert "at 'roleSessionName' failed" in error.message
    assert error.request_id
