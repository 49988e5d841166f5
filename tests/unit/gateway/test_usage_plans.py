"""Usage plans: whom the authorizer lets in is counted by the API key it names."""

from typing import Any

import pytest

from local.gateway.usage_plans import FRESH_S, Limit
from tests.unit.gateway.conftest import ALLOW_ALL, error_code

pytestmark = pytest.mark.anyio
KEY = {"authorization": "Bearer sk-pw-secret"}
OTHER = {"authorization": "Bearer sk-pw-other"}
MINE, THEIRS = "a" * 40, "b" * 40


class Plans:
    """What AWS knows; `read` counts."""

    def __init__(self) -> None:
        self.limits = {MINE: Limit("id1", 1, 2), THEIRS: Limit("id2", 1, 2)}
        self.reads = 0

    def __call__(self) -> dict[str, Limit]:
        self.reads += 1
        return dict(self.limits)


@pytest.fixture
def plans(door: Any) -> Plans:
    found = Plans()
    door.options["api_keys"] = found
    named(door, MINE)
    return found


def named(door: Any, value: object) -> None:
    door.functions.answers["authorizer"] = {**ALLOW_ALL, "usageIdentifierKey": value}


async def statuses(door: Any, count: int, headers: dict[str, str] = KEY) -> list[int]:
    return [(await door("GET", "/models", headers=headers)).status_code for _ in range(count)]


async def test_a_request_beyond_the_rate_is_refused_until_time_has_passed(door: Any, plans: Plans) -> None:
    assert await statuses(door, 3) == [200, 200, 429]
    refused = await door("GET", "/models", headers=KEY)
    assert (error_code(refused), refused.headers["retry-after"]) == ("rate_limit_exceeded", "1")
    door.clock.now += 1
    assert await statuses(door, 2) == [200, 429]


async def test_each_api_key_has_the_plans_limit_for_itself(door: Any, plans: Plans) -> None:
    assert await statuses(door, 3) == [200, 200, 429]
    named(door, THEIRS)
    assert await statuses(door, 3, OTHER) == [200, 200, 429]


async def test_a_clients_own_api_key_is_not_looked_at(door: Any, plans: Plans) -> None:
    assert await statuses(door, 3, {**KEY, "x-api-key": THEIRS}) == [200, 200, 429]
    named(door, None)
    assert await statuses(door, 1, {**OTHER, "x-api-key": THEIRS}) == [503]


async def test_a_plan_without_a_throttle_lets_all_through(door: Any, plans: Plans) -> None:
    plans.limits[MINE] = Limit("id1")
    assert await statuses(door, 20) == [200] * 20


@pytest.mark.parametrize("value", ["c" * 40, "", None])
async def test_whom_no_plan_knows_is_asked_to_try_again(door: Any, plans: Plans, value: str | None) -> None:
    """API Gateway's own status for it is 403, which says that waiting is of no use."""
    named(door, value)
    refused = await door("GET", "/models", headers=KEY)
    assert (refused.status_code, error_code(refused)) == (503, "service_unavailable")
    assert refused.headers["retry-after"]


async def test_a_usage_identifier_that_is_no_text_is_an_authorizers_fault(door: Any, plans: Plans) -> None:
    named(door, 7)
    assert await statuses(door, 1) == [500]


async def test_a_cached_decision_keeps_its_api_key(door: Any, plans: Plans) -> None:
    assert await statuses(door, 1) == [200]
    named(door, "c" * 40)
    assert await statuses(door, 2) == [200, 429]
    assert len(door.functions.called("authorizer")) == 1


async def test_an_api_key_that_is_new_works_at_once_and_one_that_is_gone_not_for_long(door: Any, plans: Plans) -> None:
    assert await statuses(door, 1) == [200]
    plans.limits["c" * 40] = Limit("id3", 1, 2)
    named(door, "c" * 40)
    assert await statuses(door, 1, OTHER) == [200]
    reads = plans.reads
    del plans.limits[MINE]
    assert await statuses(door, 1) == [200]
    assert plans.reads == reads, "what was read counts for a while"
    door.clock.now += FRESH_S
    assert await statuses(door, 1) == [503]


async def test_another_rate_counts_from_when_it_is_read(door: Any, plans: Plans) -> None:
    assert await statuses(door, 3) == [200, 200, 429]
    plans.limits[MINE] = Limit("id1", 1, 9)
    door.clock.now += FRESH_S
    assert await statuses(door, 10) == [*[200] * 9, 429]


async def test_only_whom_the_lambda_authorizers_let_in_is_counted(door: Any, plans: Plans) -> None:
    assert (await door("GET", "/version")).status_code == 200
    assert (await door("GET", "/organization/users", headers=KEY)).status_code == 401
    assert plans.reads == 0
    headers = {"x-api-key": "sk-pw-secret"}
    found = [(await door("POST", "/messages", headers=headers, json={})).status_code for _ in range(3)]
    assert found == [200, 200, 429]


async def test_the_function_is_told_which_api_key_it_was(door: Any, plans: Plans) -> None:
    await door("GET", "/models", headers=KEY)
    [event] = door.functions.called("openai")
    identity = event["requestContext"]["identity"]
    assert (identity["apiKey"], identity["apiKeyId"]) == (MINE, "id1")
    assert MINE not in str(event["requestContext"]["authorizer"])


async def test_without_a_rate_nobody_asks_for_plans(door: Any) -> None:
    named(door, "c" * 40)
    assert await statuses(door, 20) == [200] * 20


def test_a_source_of_api_keys_that_clients_could_set_is_not_obeyed(door: Any, plans: Plans) -> None:
    door.contract["x-amazon-apigateway-api-key-source"] = "HEADER"
    with pytest.raises(ValueError, match="api-key-source"):
        door.app  # noqa: B018
