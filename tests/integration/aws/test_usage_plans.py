"""API Gateway's usage plans in the stand-in: as strict as AWS, and told apart by their tags."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from local import permissions
from local.plan import plan
from local.provision import Aws, provision
from local.rest_api import rest_api, usage_plans
from local.usage_plans import limits_of

TAGS = {"application": "pennyworth", "environment": "local"}


def code(call: Callable[..., Any], **parameters: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**parameters)
    return str(refused.value.response["Error"]["Code"])


@pytest.fixture(scope="module")
def aws(starts: Callable[..., Any]) -> Iterator[Aws]:
    with starts() as url:
        yield Aws(url, "us-east-1")


@pytest.fixture(scope="module")
def gateway(aws: Aws) -> Any:
    return aws("apigateway")


@pytest.fixture(scope="module")
def plans(aws: Aws, gateway: Any) -> dict[str, str]:
    rated = plan().with_rates({"restricted": {"per_s": 2.5, "burst": 5}, "admins": {"per_s": 1, "burst": 2}})
    return usage_plans(gateway, rated, rest_api(gateway, rated))


@pytest.fixture
def key(gateway: Any) -> Iterator[dict[str, Any]]:
    made = gateway.create_api_key(name="key_1", enabled=True, tags=TAGS)
    yield made
    try:
        gateway.delete_api_key(apiKey=made["id"])
    except gateway.exceptions.NotFoundException:
        return


def test_every_group_has_a_plan_and_only_some_a_throttle(gateway: Any, plans: dict[str, str]) -> None:
    assert plans.keys() == {"admins", "developers", "restricted"}
    found = {name: gateway.get_usage_plan(usagePlanId=plan_id).get("throttle") for name, plan_id in plans.items()}
    assert found["restricted"] == {"rateLimit": 2.5, "burstLimit": 5}
    assert found["developers"] is None


def test_another_run_finds_the_plans_and_changes_their_rates(gateway: Any, plans: dict[str, str]) -> None:
    changed = plan().with_rates({"restricted": {"per_s": 7.5, "burst": 9}, "developers": {"per_s": 1, "burst": 2}})
    api_id = rest_api(gateway, changed)
    assert usage_plans(gateway, changed, api_id) == plans
    read = limits_of(gateway, api_id)
    limits = sorted((limit.rate_per_s, limit.burst) for limit in read().values() if limit.rate_per_s is not None)
    assert limits == [(1, 2), (7.5, 9)]
    assert len(read()) == 4, "with the one for people in no group"
    again = plan().with_rates({"restricted": {"per_s": 2.5, "burst": 5}, "admins": {"per_s": 1, "burst": 2}})
    assert usage_plans(gateway, again, api_id) == plans


def test_an_api_key_is_in_one_plan_of_a_stage(gateway: Any, plans: dict[str, str], key: dict[str, Any]) -> None:
    add = {"keyId": key["id"], "keyType": "API_KEY"}
    gateway.create_usage_plan_key(usagePlanId=plans["restricted"], **add)
    assert code(gateway.create_usage_plan_key, usagePlanId=plans["restricted"], **add) == "ConflictException"
    assert code(gateway.create_usage_plan_key, usagePlanId=plans["admins"], **add) == "ConflictException"
    gateway.delete_usage_plan_key(usagePlanId=plans["restricted"], keyId=key["id"])
    gone = {"usagePlanId": plans["restricted"], "keyId": key["id"]}
    assert code(gateway.delete_usage_plan_key, **gone) == "NotFoundException"
    gateway.create_usage_plan_key(usagePlanId=plans["admins"], **add)


def test_a_deleted_api_key_is_in_no_plan(gateway: Any, plans: dict[str, str], key: dict[str, Any]) -> None:
    add = {"usagePlanId": plans["restricted"], "keyId": key["id"], "keyType": "API_KEY"}
    gateway.create_usage_plan_key(**add)
    gateway.delete_api_key(apiKey=key["id"])
    kept = gateway.get_usage_plan_keys(usagePlanId=plans["restricted"])["items"]
    assert [each["name"] for each in kept] == ["pennyworth-local-group-restricted"]
    assert code(gateway.create_usage_plan_key, **add) == "NotFoundException"
    assert code(gateway.delete_api_key, apiKey=key["id"]) == "NotFoundException"


def test_a_key_that_is_disabled_has_no_limit_and_so_no_way_in(gateway: Any, plans: dict[str, str]) -> None:
    made = gateway.create_api_key(name="off", enabled=False)
    gateway.create_usage_plan_key(usagePlanId=plans["restricted"], keyId=made["id"], keyType="API_KEY")
    assert made["value"] not in limits_of(gateway, rest_api(gateway, plan()))()
    gateway.delete_api_key(apiKey=made["id"])


def test_what_aws_refuses_is_refused(gateway: Any, plans: dict[str, str]) -> None:
    for value in ("short", "with-a-hyphen-and-long-enough", "x" * 129):
        assert code(gateway.create_api_key, name="x", value=value) == "BadRequestException"
    there = gateway.get_api_keys(includeValues=True)["items"][0]["value"]
    assert code(gateway.create_api_key, name="x", value=there) == "ConflictException"
    stage = [{"apiId": "none", "stage": "v1"}]
    assert code(gateway.create_usage_plan, name="x", apiStages=stage) == "NotFoundException"
    assert code(gateway.delete_usage_plan, usagePlanId=plans["admins"]) == "BadRequestException"
    assert code(gateway.delete_usage_plan, usagePlanId="none") == "NotFoundException"
    assert code(gateway.get_usage_plan_keys, usagePlanId="none") == "NotFoundException"


def test_the_admin_functions_role_reaches_its_own_environments_api_keys_alone(
    aws: Aws, gateway: Any, plans: dict[str, str], key: dict[str, Any]
) -> None:
    installation = provision(aws, plan(), version="1", git_sha="abc")
    names = installation.functions["admin"].credentials
    signed = {name.lower(): value for name, value in names.items()}
    admin = boto3.client("apigateway", region_name="us-east-1", endpoint_url=gateway.meta.endpoint_url, **signed)
    made = admin.create_api_key(name="key_2", enabled=True, tags=TAGS)
    add = {"usagePlanId": plans["restricted"], "keyId": made["id"]}
    admin.create_usage_plan_key(**add, keyType="API_KEY")
    admin.delete_usage_plan_key(**add)
    admin.delete_api_key(apiKey=made["id"])

    refused = "AccessDeniedException"
    for tags in ({}, {"application": "pennyworth"}, {**TAGS, "environment": "prod"}):
        assert code(admin.create_api_key, name="x", **({"tags": tags} if tags else {})) == refused
    others = gateway.create_api_key(name="others", enabled=True, tags={**TAGS, "environment": "prod"})
    untagged = gateway.create_api_key(name="untagged", enabled=True)
    theirs = gateway.create_usage_plan(name="theirs")
    for each in (others, untagged):
        assert code(admin.delete_api_key, apiKey=each["id"]) == refused
        gateway.delete_api_key(apiKey=each["id"])
    wanted = {"usagePlanId": theirs["id"], "keyId": key["id"], "keyType": "API_KEY"}
    assert code(admin.create_usage_plan_key, **wanted) == refused
    # Values of other APIs' keys open those APIs: they are nothing of ours to read.
    assert code(admin.get_api_keys, includeValues=True) == refused
    assert code(admin.get_api_key, apiKey=key["id"], includeValue=True) == refused
    assert code(admin.update_usage_plan, usagePlanId=plans["restricted"], patchOperations=[]) == refused
    gateway.delete_usage_plan(usagePlanId=theirs["id"])


def test_the_policies_name_the_actions_that_the_code_calls() -> None:
    policy = permissions.function(
        "admin",
        name="pennyworth-local-admin",
        region="us-east-1",
        account_id="1",
        user_pool_arn="p",
        identity_pool_arn="i",
        bucket_arn="b",
        parameters="/pennyworth/local",
        provider_keys=(),
    )
    ours = [each for each in policy["Statement"] if each["Action"][0].startswith("apigateway:")]
    assert all(each["Condition"] for each in ours)
    assert not re.search("GET|PATCH", json.dumps(ours))


def test_plans_and_keys_survive_a_restart(starts: Callable[..., Any], tmp_path: Any) -> None:
    file = str(tmp_path / "aws")
    with starts("--state", file) as url:
        gateway = Aws(url, "us-east-1")("apigateway")
        first = usage_plans(gateway, plan(), rest_api(gateway, plan()))
        limits = limits_of(gateway, rest_api(gateway, plan()))()
    with starts("--state", file) as url:
        gateway = Aws(url, "us-east-1")("apigateway")
        assert usage_plans(gateway, plan(), rest_api(gateway, plan())) == first
        assert limits_of(gateway, rest_api(gateway, plan()))() == limits
