"""The Lambda authorizer: what it is asked, and what its answers do."""

import copy
from typing import Any

import pytest

from local.functions import FunctionError, Throttled
from local.gateway import request_authorizer
from tests.unit.gateway.conftest import ALLOW_ALL, error_code

pytestmark = pytest.mark.anyio
KEY = {"authorization": "Bearer sk-pw-secret"}


def changed(**changes: Any) -> dict[str, Any]:
    return {name: value for name, value in {**copy.deepcopy(ALLOW_ALL), **changes}.items() if value is not ...}


def policy(effect: str, resource: str) -> dict[str, Any]:
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": resource}
    return {"Version": "2012-10-17", "Statement": [statement]}


async def test_the_authorizer_is_asked_with_api_gateways_event(door: Any) -> None:
    await door("GET", "/models/a%20b?x=1&x=2", headers=KEY)
    (event,) = door.functions.called("authorizer")
    assert event["type"] == "REQUEST"
    assert event["methodArn"] == "arn:aws:execute-api:us-east-1:123456789012:local/v1/GET/models/a%20b"
    assert (event["resource"], event["path"], event["httpMethod"]) == ("/models/{model}", "/models/a%20b", "GET")
    assert event["headers"]["Authorization"] == KEY["authorization"]
    assert event["pathParameters"] == {"model": "a b"}
    assert event["multiValueQueryStringParameters"] == {"x": ["1", "2"]}
    assert event["requestContext"]["path"] == "/v1/models/a%20b"
    assert "body" not in event
    assert "authorizer" not in event["requestContext"]


async def test_its_context_reaches_the_function_flat_and_as_text(door: Any) -> None:
    door.functions.answers["authorizer"] = changed(context={"text": "a", "number": 1, "fraction": 1.5, "yes": True})
    assert (await door("GET", "/models", headers=KEY)).status_code == 200
    (event,) = door.functions.called("openai")
    context = event["requestContext"]["authorizer"]
    assert isinstance(context.pop("integrationLatency"), int)
    assert context == {"text": "a", "number": "1", "fraction": "1.5", "yes": "true", "principalId": "ada"}


@pytest.mark.parametrize("headers", [{}, {"authorization": ""}])
async def test_without_the_header_it_is_not_even_asked(door: Any, headers: dict[str, str]) -> None:
    response = await door("GET", "/models", headers=headers)
    assert (response.status_code, error_code(response)) == (401, "invalid_api_key")
    assert response.headers["www-authenticate"].startswith("Bearer resource_metadata=")
    assert not door.functions.calls


@pytest.mark.parametrize(
    ("answer", "status", "code"),
    [
        (FunctionError.of("Exception", "Unauthorized"), 401, "invalid_api_key"),
        (FunctionError.of("Exception", "unauthorized"), 503, "service_unavailable"),
        (FunctionError.of("KeyError", "x"), 503, "service_unavailable"),
        (FunctionError("Runtime.ExitError", b"no json"), 503, "service_unavailable"),
        (Throttled("authorizer"), 503, "service_unavailable"),
        (changed(policyDocument=policy("Deny", "*")), 403, "access_denied"),
        (changed(policyDocument=policy("Allow", "*/POST/*")), 403, "access_denied"),
        (b"no json", 500, "internal_error"),
        (None, 500, "internal_error"),
        ([], 500, "internal_error"),
        (changed(principalId=...), 500, "internal_error"),
        (changed(principalId=None), 500, "internal_error"),
        (changed(principalId=""), 500, "internal_error"),
        (changed(principalId=7), 500, "internal_error"),
        (changed(policyDocument=...), 500, "internal_error"),
        (changed(policyDocument="Allow"), 500, "internal_error"),
        (changed(context=[]), 500, "internal_error"),
        (changed(context={"nested": {}}), 500, "internal_error"),
        (changed(context={"list": []}), 500, "internal_error"),
        (changed(context={"null": None}), 500, "internal_error"),
        (changed(context=...), 200, None),
    ],
)
async def test_each_answer_has_its_consequence(door: Any, answer: Any, status: int, code: str | None) -> None:
    door.functions.answers["authorizer"] = answer
    response = await door("GET", "/models", headers=KEY)
    assert response.status_code == status
    assert code is None or error_code(response) == code
    assert len(door.functions.called("openai")) == (status == 200)


async def test_a_decision_is_kept_for_its_time_and_no_longer(door: Any) -> None:
    for _ in range(3):
        await door("GET", "/models", headers=KEY)
    await door("POST", "/mcp", headers=KEY)
    assert len(door.functions.called("authorizer")) == 1
    door.clock.now += 59.9
    await door("GET", "/models", headers=KEY)
    assert len(door.functions.called("authorizer")) == 1
    door.clock.now += 0.1
    door.functions.answers["authorizer"] = FunctionError.of("Exception", "Unauthorized")
    assert (await door("GET", "/models", headers=KEY)).status_code == 401


async def test_a_decision_is_for_one_token(door: Any) -> None:
    await door("GET", "/models", headers=KEY)
    await door("GET", "/models", headers={"authorization": KEY["authorization"] + "x"})
    assert len(door.functions.called("authorizer")) == 2


async def test_the_cached_policy_is_read_for_every_method(door: Any) -> None:
    door.functions.answers["authorizer"] = changed(policyDocument=policy("Allow", "*/GET/models"))
    assert (await door("GET", "/models", headers=KEY)).status_code == 200
    assert (await door("POST", "/mcp", headers=KEY)).status_code == 403
    assert len(door.functions.called("authorizer")) == 1


async def test_a_denial_is_kept_and_an_error_is_not(door: Any) -> None:
    door.functions.answers["authorizer"] = FunctionError.of("Exception", "Unauthorized")
    assert (await door("GET", "/models", headers=KEY)).status_code == 401
    door.functions.answers["authorizer"] = changed(policyDocument=policy("Deny", "*"))
    assert (await door("GET", "/models", headers=KEY)).status_code == 403
    door.functions.answers["authorizer"] = ALLOW_ALL
    assert (await door("GET", "/models", headers=KEY)).status_code == 403


async def test_a_ttl_of_zero_keeps_nothing(door: Any) -> None:
    door.options["authorizer_ttl_s"] = 0
    for _ in range(2):
        await door("GET", "/models", headers=KEY)
    assert len(door.functions.called("authorizer")) == 2


async def test_the_cache_is_bounded(door: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_authorizer, "CACHE_LIMIT", 2)
    for name in ("a", "b", "c", "c", "b", "a"):
        await door("GET", "/models", headers={"authorization": name})
    assert [event["headers"]["Authorization"] for event in door.functions.called("authorizer")] == ["a", "b", "c", "a"]


@pytest.mark.parametrize("headers", [KEY, {"x-api-key": "sk-pw-secret"}, {}])
async def test_without_an_identity_source_it_is_asked_every_time(door: Any, headers: dict[str, str]) -> None:
    for _ in range(2):
        assert (await door("POST", "/messages", headers=headers)).status_code == 200
    asked = door.functions.called("authorizer")
    assert [event["httpMethod"] for event in asked] == ["POST", "POST"]
    assert {name.lower() for name in asked[0]["headers"]} >= headers.keys()


async def test_whom_the_function_does_not_know_is_refused_without_a_header_too(door: Any) -> None:
    door.functions.answers["authorizer"] = FunctionError.of("Exception", "Unauthorized")
    response = await door("POST", "/messages", headers={})
    assert (response.status_code, error_code(response)) == (401, "invalid_api_key")
    assert not door.functions.called("openai")


def test_a_cache_needs_an_identity_source() -> None:
    with pytest.raises(ValueError, match="identity source"):
        request_authorizer.RequestAuthorizer(None, "authorizer", 60, lambda: 0, identity_source=None)  # type: ignore[arg-type]
