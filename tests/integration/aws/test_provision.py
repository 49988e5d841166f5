"""What `make run` makes in AWS: once, the same again, and as tight as it says."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import requests
from botocore import UNSIGNED

from local.plan import Plan, plan
from local.pools import PROVIDER
from local.providers import Provider
from local.provision import Aws, Installation, provision


def made(url: str, plan: Plan, **options: Any) -> Installation:
    return provision(Aws(url, plan.region), plan, version="1", git_sha="abc", **options)


@pytest.fixture(scope="module")
def installation(aws_url: str) -> Installation:
    return made(aws_url, plan())


def test_a_second_run_finds_everything_again(
    aws_url: str, installation: Installation, client: Callable[..., Any]
) -> None:
    pepper = client("ssm").get_parameter(Name="/pennyworth/local/key-pepper", WithDecryption=True)["Parameter"]
    changed = plan().with_(authorizer_ttl_s=7, groups=(*plan().groups[:1],))
    again = made(aws_url, changed)
    for field in ("user_pool_id", "client_id", "identity_pool_id"):
        assert getattr(again, field) == getattr(installation, field)
    assert again.functions["admin"].environment["PENNYWORTH_AUTHORIZER_TTL_S"] == "7"
    kept = client("ssm").get_parameter(Name="/pennyworth/local/key-pepper", WithDecryption=True)["Parameter"]
    assert kept == pepper
    assert len(bytes.fromhex(kept["Value"])) == 32


def test_every_group_carries_its_policy_and_its_role(installation: Installation, idp: Any) -> None:
    groups = {group["GroupName"]: group for group in idp.list_groups(UserPoolId=installation.user_pool_id)["Groups"]}
    assert set(groups) == {group.name for group in plan().groups}
    restricted = groups["restricted"]
    assert json.loads(restricted["Description"]) == {"actions": ["inference"], "models": ["nova-*"]}
    assert (restricted["Precedence"], restricted["RoleArn"].rpartition("/")[2]) == (
        30,
        "pennyworth-local-group-restricted",
    )


def test_a_groups_role_allows_its_models_and_no_other(installation: Installation, client: Callable[..., Any]) -> None:
    iam = client("iam")

    def resources(group: str) -> list[str]:
        role = f"pennyworth-local-group-{group}"
        statements = iam.get_role_policy(RoleName=role, PolicyName="access")["PolicyDocument"]["Statement"]
        return [arn for statement in statements for arn in statement["Resource"] if ":bedrock:" in arn]

    assert resources("restricted")
    assert all("amazon.nova-" in arn.rpartition("/")[2] for arn in resources("restricted"))
    haiku = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
    account = installation.account_id
    assert f"arn:aws:bedrock:us-east-1:{account}:inference-profile/{haiku}" in resources("developers")
    assert f"arn:aws:bedrock:*::foundation-model/{haiku.removeprefix('us.')}" in resources("developers")


def test_the_bucket_is_private_encrypted_and_forgets(installation: Installation, client: Callable[..., Any]) -> None:
    s3, bucket = client("s3"), {"Bucket": f"pennyworth-local-{installation.account_id}"}
    assert set(s3.get_public_access_block(**bucket)["PublicAccessBlockConfiguration"].values()) == {True}
    [statement] = json.loads(s3.get_bucket_policy(**bucket)["Policy"])["Statement"]
    assert (statement["Effect"], statement["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
    rules = s3.get_bucket_lifecycle_configuration(**bucket)["Rules"]
    assert {rule["Filter"]["Prefix"]: rule["Expiration"]["Days"] for rule in rules if "Expiration" in rule} == {
        "users/": plan().file_expiry_days,
        "ledger/": 40,  # a page that nobody changes any more is of a month that is over
    }
    [uploads] = [rule for rule in rules if "AbortIncompleteMultipartUpload" in rule]
    assert (uploads["Filter"], uploads["Status"]) == ({"Prefix": ""}, "Enabled")
    assert s3.get_bucket_encryption(**bucket)["ServerSideEncryptionConfiguration"]["Rules"]


def test_the_app_client_reads_and_writes_no_custom_attribute(installation: Installation, idp: Any) -> None:
    where = {"UserPoolId": installation.user_pool_id, "ClientId": installation.client_id}
    client = idp.describe_user_pool_client(**where)["UserPoolClient"]
    assert client["ReadAttributes"]
    assert client["WriteAttributes"]
    assert not any(name.startswith("custom:") for name in client["ReadAttributes"] + client["WriteAttributes"])
    assert "ClientSecret" not in client


def test_a_developer_identity_gets_its_groups_role(installation: Installation, client: Callable[..., Any]) -> None:
    token = client("cognito-identity").get_open_id_token_for_developer_identity(
        IdentityPoolId=installation.identity_pool_id, Logins={PROVIDER: "user-1"}, PrincipalTags={"user": "ada"}
    )["Token"]
    sts = client("sts", signature_version=UNSIGNED)
    role = f"arn:aws:iam::{installation.account_id}:role/pennyworth-local-"
    session = {"RoleSessionName": "ada@example.com", "WebIdentityToken": token}
    assert sts.assume_role_with_web_identity(RoleArn=role + "group-developers", **session)["Credentials"]
    with pytest.raises(Exception, match="AccessDenied"):
        sts.assume_role_with_web_identity(RoleArn=role + "function-openai", **session)


def test_a_function_runs_in_its_own_role(installation: Installation, aws_url: str) -> None:
    for key in ("authorizer", "openai", "mcp", "admin", "ledger"):
        credentials = installation.functions[key].credentials
        url = f"{aws_url}/_stand_in/access-keys/{credentials['AWS_ACCESS_KEY_ID']}"
        arn = requests.get(url, timeout=5).json()["arn"]
        assert arn.endswith(f":assumed-role/pennyworth-local-function-{key}/pennyworth-local-{key}")


def test_each_function_gets_the_variables_it_reads(installation: Installation) -> None:
    environments = {key: function.environment for key, function in installation.functions.items()}
    for environment in environments.values():
        assert environment["PENNYWORTH_USER_POOL_ID"] == installation.user_pool_id
        assert environment["PENNYWORTH_CLIENT_IDS"] == installation.client_id
    assert environments["mcp"]["PENNYWORTH_OPENAI_FUNCTION"] == "pennyworth-local-openai:live"
    assert environments["openai"]["AWS_LAMBDA_EXEC_WRAPPER"] == "/opt/stream"
    assert "AWS_LAMBDA_EXEC_WRAPPER" not in environments["admin"]
    assert "PENNYWORTH_PROVIDERS" not in environments["openai"]
    assert "PENNYWORTH_REMOTE_IMAGES" not in environments["openai"]


def test_the_gateway_can_be_told_to_fetch_no_images(aws_url: str) -> None:
    functions = made(aws_url, plan(), remote_images=False).functions
    assert functions["openai"].environment["PENNYWORTH_REMOTE_IMAGES"] == "off"


def test_the_gateway_can_be_told_to_fetch_no_client_documents(aws_url: str) -> None:
    assert "PENNYWORTH_CLIENT_DOCUMENTS" not in made(aws_url, plan()).functions["mcp"].environment
    functions = made(aws_url, plan().with_(mcp_client_documents=False)).functions
    assert functions["mcp"].environment["PENNYWORTH_CLIENT_DOCUMENTS"] == "off"


def test_a_providers_key_is_a_secure_parameter(aws_url: str, client: Callable[..., Any]) -> None:
    acme = Provider("acme", "https://api.example.com/v1", "sk-acme", models=("gpt-*",))
    keyless = Provider("ollama", "http://127.0.0.1:11434/v1")
    environment = made(aws_url, plan(), providers=(acme, keyless)).functions["openai"].environment
    told = json.loads(environment["PENNYWORTH_PROVIDERS"])
    assert told["ollama"] == {"url": "http://127.0.0.1:11434/v1"}
    assert (told["acme"]["url"], told["acme"]["models"]) == ("https://api.example.com/v1", ["gpt-*"])
    stored = client("ssm").get_parameter(Name=told["acme"]["key_parameter"], WithDecryption=True)["Parameter"]
    assert stored["Name"] == "/pennyworth/local/providers/acme"
    assert (stored["Type"], stored["Value"]) == ("SecureString", "sk-acme")
    assert "sk-acme" not in str(environment)
