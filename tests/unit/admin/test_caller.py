"""Nobody administers by a claim: who calls is read from Cognito, and everything else is a refusal."""

from dataclasses import replace

import pytest

from pennyworth.errors import Problem
from pennyworth.policy import authorize
from services.admin.caller import caller


def event(claims):
    return {"requestContext": {"authorizer": {"claims": claims}}}


def test_an_admin_may_administer(pool):
    user_id = pool.add(1, ["developers", "admins"])
    principal = caller(event({"sub": user_id}), pool)
    authorize(principal, "admin")
    assert (principal.user_id, principal.group, principal.key_id) == (user_id, "admins", "")


def test_an_admin_no_more_is_refused_whatever_the_token_says(pool):
    user_id = pool.add(1, ["developers"])
    with pytest.raises(Problem, match="may not do 'admin'"):
        authorize(caller(event({"sub": user_id, "cognito:groups": "admins"}), pool), "admin")


def test_a_disabled_admin_is_refused(pool):
    user_id = pool.add(1, ["admins"])
    pool.members[user_id] = replace(pool.members[user_id], enabled=False)
    with pytest.raises(Problem) as raised:
        authorize(caller(event({"sub": user_id}), pool), "admin")
    assert raised.value.code == "account_disabled"


def test_a_deleted_admin_is_refused(pool):
    user_id = pool.add(1, ["admins"])
    pool.delete(user_id)
    with pytest.raises(Problem) as raised:
        caller(event({"sub": user_id}), pool)
    assert raised.value.status == 403


@pytest.mark.parametrize(
    "event",
    [
        {"requestContext": {}},
        {"requestContext": {"authorizer": None}},
        {"requestContext": {"authorizer": {}}},
        {"requestContext": {"authorizer": {"user_id": "00000000-0000-0000-0000-000000000001"}}},
        event(None),
        event({}),
        event({"sub": None}),
        event({"sub": ["00000000-0000-0000-0000-000000000001"]}),
        event({"sub": "user1@example.com"}),
    ],
)
def test_without_a_verified_id_there_is_no_caller_and_no_call_to_cognito(pool, event):
    pool.add(1, ["admins"])
    with pytest.raises(Problem) as raised:
        caller(event, pool)
    assert raised.value.code == "invalid_api_key"
    assert not pool.calls
