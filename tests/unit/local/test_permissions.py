"""The roles' policies: as tight as they say."""

import ast
import json
from fnmatch import fnmatchcase
from typing import Any

import pytest
from botocore.loaders import Loader

from local import permissions
from local.plan import ROOT, plan

WHERE = {
    "region": "us-east-1",
    "account_id": "123456789012",
    "user_pool_arn": "arn:aws:cognito-idp:us-east-1:123456789012:userpool/p",
    "identity_pool_arn": "arn:aws:cognito-identity:us-east-1:123456789012:identitypool/i",
    "bucket_arn": "arn:aws:s3:::files",
    "parameters": "/pennyworth/local",
}


def allowed(
    key: str, *, provider_keys: tuple[str, ...] = ("acme", "groq"), mcp_sign_in: bool = True
) -> list[tuple[str, str]]:
    said = {"provider_keys": provider_keys, "mcp_sign_in": mcp_sign_in}
    policy = permissions.function(key, name=f"pennyworth-local-{key}", **WHERE, **said)
    return [
        (action, resource) for each in policy["Statement"] for action in each["Action"] for resource in each["Resource"]
    ]


def test_no_function_may_call_bedrock() -> None:
    for key in plan().functions:
        assert not any(action.startswith("bedrock:") for action, _ in allowed(key))


@pytest.mark.parametrize("key", list(plan().functions))
def test_only_what_knows_no_resources_is_allowed_on_all(key: str) -> None:
    everywhere = {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}
    everywhere |= {"logs:GetQueryResults", "logs:StopQuery"} if key in ("admin", "mcp") else set()
    assert {action for action, resource in allowed(key) if resource == "*"} == everywhere
    assert not any("*" in action for action, _ in allowed(key))


def test_only_the_administration_and_the_ledger_may_write_to_the_directory() -> None:
    writers = {key for key in plan().functions for action, _ in allowed(key) if "AdminUpdateUserAttributes" in action}
    assert writers == {"admin", "ledger"}


def test_nobody_but_the_ledger_reaches_the_book() -> None:
    s3 = [
        (key, action, resource)
        for key in plan().functions
        for action, resource in allowed(key)
        if resource.startswith("arn:aws:s3:")
    ]
    questions = f"{BUCKET}/ledger/questions/*"  # neither they nor the last use are pages
    own = [
        ("mcp", questions),
        ("admin", questions),
        ("admin", f"{BUCKET}/ledger/last-use.json"),
        ("ledger", f"{BUCKET}/ledger/*"),
    ]
    wanted = [(key, action, each) for key, each in own for action in ("s3:GetObject", "s3:PutObject")]
    assert sorted(s3) == sorted(wanted)


def test_exactly_the_keys_of_the_providers_that_have_one_are_read() -> None:
    read = [resource.rpartition("parameter")[2] for action, resource in allowed("openai") if action.startswith("ssm:")]
    assert [name.rpartition("/providers/")[2] for name in read] == ["acme", "groq"]
    assert not any(action.startswith("ssm:") for action, _ in allowed("openai", provider_keys=()))


def test_the_app_client_of_the_sign_in_is_read_where_there_is_one() -> None:
    def read(**told: bool) -> list[str]:
        return [action.rpartition(":")[2] for action, _ in allowed("mcp", **told) if action.startswith("cognito-idp:")]

    assert read() == ["AdminGetUser", "GetGroup", "DescribeUserPoolClient", "ListUserPoolClients"]
    assert read(mcp_sign_in=False) == ["AdminGetUser", "GetGroup"]


BUCKET = "arn:aws:s3:::files"


def group(*targets: str, **guardrails: Any) -> dict[str, Any]:
    """The statements of a group's role, by sid."""
    policy = permissions.group(targets, "us-east-1", "1", BUCKET, **guardrails)
    return {statement["Sid"]: statement for statement in policy["Statement"]}


def test_a_model_may_be_called_in_this_region_alone() -> None:
    allowed = group("amazon.nova-v1:0")
    assert allowed["Models"]["Resource"] == ["arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-v1:0"]
    assert not allowed.keys() & {"Profiles", "ModelsOfProfiles"}


def test_a_profiles_model_may_be_called_elsewhere_through_the_profile_alone() -> None:
    allowed = group("us.meta.llama-v1:0")
    profile = "arn:aws:bedrock:us-east-1:1:inference-profile/us.meta.llama-v1:0"
    assert allowed["Profiles"]["Resource"] == [profile]
    assert allowed["ModelsOfProfiles"]["Resource"] == ["arn:aws:bedrock:*::foundation-model/meta.llama-v1:0"]
    assert allowed["ModelsOfProfiles"]["Condition"] == {"StringLike": {"bedrock:InferenceProfileArn": [profile]}}
    assert "Models" not in allowed


def test_a_global_profiles_model_has_an_arn_without_a_region() -> None:
    assert group("global.meta.llama-v1:0")["ModelsOfProfiles"]["Resource"] == [
        "arn:aws:bedrock:::foundation-model/meta.llama-v1:0",
        "arn:aws:bedrock:us-east-1::foundation-model/meta.llama-v1:0",
    ]


def test_what_is_bedrocks_own_may_be_named_as_it_is() -> None:
    imported = "arn:aws:bedrock:us-east-1:1:imported-model/abc"
    allowed = group("amazon.nova-premier-*", "us.amazon.nova-2-*", imported)
    assert allowed["Models"]["Resource"] == [
        imported,
        "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-premier-*",
    ]
    assert allowed["Profiles"]["Resource"] == ["arn:aws:bedrock:us-east-1:1:inference-profile/us.amazon.nova-2-*"]
    assert allowed["ModelsOfProfiles"]["Resource"] == ["arn:aws:bedrock:*::foundation-model/amazon.nova-2-*"]


def test_an_applications_profile_opens_its_models_through_itself_alone() -> None:
    profile = "arn:aws:bedrock:us-east-1:1:application-inference-profile/abc"
    allowed = group(profile)
    assert allowed["Profiles"]["Resource"] == [profile]
    assert allowed["ModelsOfProfiles"]["Resource"] == ["arn:aws:bedrock:*::foundation-model/*"]
    assert allowed["ModelsOfProfiles"]["Condition"] == {"StringLike": {"bedrock:InferenceProfileArn": [profile]}}


def test_iam_refuses_a_call_without_the_groups_guardrail() -> None:
    allowed = group("amazon.nova-v1:0", "us.meta.llama-v1:0", guardrail={"id": "abc", "version": "2"})
    arn = "arn:aws:bedrock:us-east-1:1:guardrail/abc"
    for sid in ("Models", "Profiles", "ModelsOfProfiles"):
        assert allowed[sid]["Condition"]["StringEquals"] == {"bedrock:GuardrailIdentifier": f"{arn}:2"}
    assert allowed["Guardrails"]["Resource"] == [arn]
    drafted = group("amazon.nova-v1:0", guardrail={"id": "abc", "version": "DRAFT"})
    assert drafted["Models"]["Condition"]["StringEquals"] == {"bedrock:GuardrailIdentifier": arn}


def test_guardrails_a_request_may_name_are_no_condition() -> None:
    allowed = group("amazon.nova-v1:0", guardrails=("abc", "arn:aws:bedrock:us-east-1:2:guardrail/theirs"))
    assert allowed["Guardrails"]["Resource"] == [
        "arn:aws:bedrock:us-east-1:1:guardrail/abc",
        "arn:aws:bedrock:us-east-1:2:guardrail/theirs",
    ]
    assert "Condition" not in allowed["Models"]


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("us.amazon.nova-pro-v1:0", True),
        ("amazon.nova-pro-*", True),
        ("arn:aws:bedrock:us-east-1:1:imported-model/abc", True),
        ("llama-3.9", False),  # a name that is mistyped
        ("*.nova-pro-v1:0", False),
        ("novas", False),
    ],
)
def test_a_pattern_that_is_bedrocks_own_is_taken_as_it_is(pattern: str, found: bool) -> None:
    assert list(plan().ids((pattern,))) == ([pattern] if found else [])


def test_people_reach_their_own_files_and_nobody_without_a_tag_any() -> None:
    allowed = group()
    assert allowed["Files"]["Resource"] == [f"{BUCKET}/users/${{aws:PrincipalTag/user}}/*"]
    assert allowed["FileNames"]["Condition"]["StringLike"]["s3:prefix"] == "users/${aws:PrincipalTag/user}/*"
    for statement in allowed.values():
        assert statement["Condition"]["StringLike"]["aws:PrincipalTag/user"] == "?*"


def test_what_terraform_declares_fits_cognitos_and_iams_limits() -> None:
    here = plan()
    for planned in here.groups:
        assert len(planned.policy) <= 2048
        policy = permissions.group(here.ids(planned.models), here.region, "123456789012", BUCKET)
        assert len(json.dumps(policy, separators=(",", ":"))) <= 10_240  # IAM: all inline policies of a role


def test_a_groups_patterns_choose_models_by_the_names_clients_use() -> None:
    here = plan()
    chosen = set(here.ids(("nova-*",)))
    assert chosen
    assert chosen == {model_id for name, model_id in here.model_ids.items() if fnmatchcase(name, "nova-*")}


def named(folder: str) -> set[str]:
    """The actions of Cognito's directory and Parameter Store whose operations a folder's sources name."""
    words = {
        node.value
        for file in (ROOT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant)
    }
    return {
        f"{service}:{operation}"
        for service in ("cognito-idp", "ssm")
        for operation in Loader().load_service_model(service, "service-2")["operations"]
        if operation in words
    }


# What the shared code does for another function alone.
OF_MCP = {"cognito-idp:GetGroup"}


@pytest.mark.parametrize(
    ("key", "folder"),
    [("admin", "services/admin"), ("authorizer", "shared/pennyworth"), ("ledger", "services/admin/ledger")],
)
def test_a_role_allows_what_its_function_calls_and_no_more(key: str, folder: str) -> None:
    # The AWS stand-in evaluates no such policy: what is missing would first be missed in AWS.
    assert {action for action, _ in allowed(key) if action.startswith(("cognito-idp:", "ssm:"))} == named(
        folder
    ) - OF_MCP
    assert {action for action, _ in allowed("mcp")} >= OF_MCP
