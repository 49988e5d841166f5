"""Bad input and people without the right: each its status and OpenAI's error object, and nothing is changed."""

import json
import re
from base64 import b64encode
from pathlib import Path

import pytest
import yaml

USERS = "/organization/users"
NOBODY = "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d"
USER = {"email": "new@example.com", "group": "developers"}

ROUTES = [
    ("GET", USERS, None),
    ("POST", USERS, USER),
    ("GET", f"{USERS}/{NOBODY}", None),
    ("DELETE", f"{USERS}/{NOBODY}", None),
    ("GET", f"{USERS}/{NOBODY}/api_keys", None),
    ("POST", f"{USERS}/{NOBODY}/api_keys", {"name": "k"}),
    ("GET", f"{USERS}/{NOBODY}/api_keys/key_aaaaaaaaaaaaaaaa", None),
    ("POST", f"{USERS}/{NOBODY}/api_keys/key_aaaaaaaaaaaaaaaa", {"name": "k"}),
    ("POST", f"{USERS}/{NOBODY}/api_keys/key_aaaaaaaaaaaaaaaa/rotate", {"overlap_s": 0}),
    ("DELETE", f"{USERS}/{NOBODY}/api_keys/key_aaaaaaaaaaaaaaaa", None),
]

CONTRACT = yaml.safe_load((Path(__file__).parents[3] / "openapi.yaml").read_text())
EVERY_ROUTE = [
    (method.upper(), re.sub(r"\{[a-z_]+\}", NOBODY, path), "{}" if "requestBody" in operation else None)
    for path, operations in CONTRACT["paths"].items()
    for method, operation in operations.items()
    if method != "parameters"
    and operation["x-pennyworth"]["service"] == "admin"
    and operation["x-pennyworth"].get("action") == "admin"
]

BAD_USERS = [
    ("", "invalid_json", None),
    ("{", "invalid_json", None),
    ("[" * 100_000, "invalid_json", None),
    ("[]", "invalid_request", None),
    ("null", "invalid_request", None),
    ('"text"', "invalid_request", None),
    ({}, "missing_required_parameter", "email"),
    ({"email": "new@example.com"}, "missing_required_parameter", "group"),
    (USER | {"email": None}, "invalid_value", "email"),
    (USER | {"email": 7}, "invalid_value", "email"),
    (USER | {"email": ["new@example.com"]}, "invalid_value", "email"),
    (USER | {"email": ""}, "invalid_value", "email"),
    (USER | {"email": "new"}, "invalid_value", "email"),
    (USER | {"email": "new@example"}, "invalid_value", "email"),
    (USER | {"email": "new@exa mple.com"}, "invalid_value", "email"),
    (USER | {"email": 'new"@example.com'}, "invalid_value", "email"),
    (USER | {"email": "new@example.com\n"}, "invalid_value", "email"),
    (USER | {"email": "n" * 120 + "@example.com"}, "invalid_value", "email"),
    (USER | {"group": ""}, "invalid_value", "group"),
    (USER | {"group": "gods"}, "invalid_value", "group"),
    (USER | {"group": "Developers"}, "invalid_value", "group"),
    (USER | {"group": 7}, "invalid_value", "group"),
    (USER | {"group": ["developers"]}, "invalid_value", "group"),
    (USER | {"name": "n" * 257}, "invalid_value", "name"),
    (USER | {"name": "a\x00b"}, "invalid_value", "name"),
    (USER | {"name": {}}, "invalid_value", "name"),
    (USER | {"temporary_password": "short"}, "invalid_value", "temporary_password"),
    (USER | {"temporary_password": "with a space 1A"}, "invalid_value", "temporary_password"),
    (USER | {"temporary_password": "Aa1!" * 65}, "invalid_value", "temporary_password"),
    (USER | {"temporary_password": "all-lower-case-letters"}, "invalid_value", "temporary_password"),
    (USER | {"role": "owner"}, "unsupported_parameter", "role"),
]

BAD_KEYS = [
    ("{'name': 'k'}", "invalid_json", None),
    ({}, "missing_required_parameter", "name"),
    ({"name": ""}, "invalid_value", "name"),
    ({"name": " "}, "invalid_value", "name"),
    ({"name": "n" * 101}, "invalid_value", "name"),
    ({"name": 7}, "invalid_value", "name"),
    ({"name": "a\nb"}, "invalid_value", "name"),
    ({"name": "k", "scopes": []}, "invalid_value", "scopes"),
    ({"name": "k", "scopes": "inference"}, "invalid_value", "scopes"),
    ({"name": "k", "scopes": ["admin"]}, "invalid_value", "scopes[0]"),
    ({"name": "k", "scopes": ["inference", "all"]}, "invalid_value", "scopes[1]"),
    ({"name": "k", "models": []}, "invalid_value", "models"),
    ({"name": "k", "models": "*"}, "invalid_value", "models"),
    ({"name": "k", "models": [""]}, "invalid_value", "models[0]"),
    ({"name": "k", "models": ["a b"]}, "invalid_value", "models[0]"),
    ({"name": "k", "models": ["*", "m" * 65]}, "invalid_value", "models[1]"),
    ({"name": "k", "models": ["*"] * 21}, "invalid_value", "models"),
    ({"name": "k", "expires_at": "tomorrow"}, "invalid_value", "expires_at"),
    ({"name": "k", "expires_at": "1900000000"}, "invalid_value", "expires_at"),
    ({"name": "k", "expires_at": True}, "invalid_value", "expires_at"),
    ({"name": "k", "expires_at": 1.5}, "invalid_value", "expires_at"),
    ({"name": "k", "expires_at": 1}, "invalid_value", "expires_at"),
    ({"name": "k", "expires_at": 1_900_000_000_000}, "invalid_value", "expires_at"),
    ({"name": "k", "expires_at": 10**400}, "invalid_value", "expires_at"),
    ({"name": "k", "expires_in": 0}, "invalid_value", "expires_in"),
    ({"name": "k", "expires_in": "60"}, "invalid_value", "expires_in"),
    ({"name": "k", "expires_in": 60, "expires_at": 4_000_000_000}, "invalid_value", "expires_in"),
    ({"name": "k", "days": 60}, "unsupported_parameter", "days"),
    ({"name": "k", "value": "sk-pw-mine"}, "unsupported_parameter", "value"),
]


def short(value):
    return value[:20] if isinstance(value, str) else json.dumps(value)[:60]


@pytest.fixture(scope="module", autouse=True)
def nothing_is_changed(cognito, admin_id, developer, disabled, groupless):
    """Whatever this module asks for, in the end Cognito holds what it held before it."""

    def state():
        users = cognito.call("list_users")["Users"]
        return {user["Username"]: {pair["Name"]: pair["Value"] for pair in user["Attributes"]} for user in users}

    before = state()
    yield
    assert state() == before


@pytest.fixture(scope="module")
def developer(make_user):
    return make_user("developers")


@pytest.fixture(scope="module")
def disabled(make_user, cognito):
    user_id = make_user("admins")
    cognito.call("admin_disable_user", Username=user_id)
    return user_id


@pytest.fixture(scope="module")
def groupless(make_user):
    return make_user()


@pytest.mark.parametrize(("body", "code", "param"), BAD_USERS, ids=short)
def test_a_bad_user_is_refused_by_field(ask, body, code, param):
    answer = ask("POST", USERS, body)
    assert (answer.status, answer.error["code"], answer.error["param"]) == (400, code, param)
    assert answer.error["type"] == "invalid_request_error"


@pytest.mark.parametrize(("body", "code", "param"), BAD_KEYS, ids=short)
def test_a_bad_key_is_refused_by_field(ask, admin_id, body, code, param):
    answer = ask("POST", f"{USERS}/{admin_id}/api_keys", body)
    assert (answer.status, answer.error["code"], answer.error["param"]) == (400, code, param)


@pytest.mark.parametrize(
    ("path", "query", "param"),
    [
        (USERS, "limit=0", "limit"),
        (USERS, "limit=61", "limit"),
        (USERS, "limit=many", "limit"),
        (USERS, "after=nobody", "after"),
        (USERS, "emails[]=nobody", "emails[]"),
        (USERS, "email=ada@example.com", "email"),
        (f"{USERS}/{NOBODY}", "include=keys", "include"),
        (f"{USERS}/{NOBODY}/api_keys", "limit=1", "limit"),
    ],
)
def test_a_bad_query_is_refused_by_parameter(ask, path, query, param):
    answer = ask("GET", path, query=query)
    assert (answer.status, answer.error["param"]) == (400, param)


@pytest.mark.parametrize("user_id", [NOBODY, NOBODY.upper(), "admin@example.com", "*"])
@pytest.mark.parametrize("route", ROUTES[2:], ids=lambda route: f"{route[0]} {route[1].count('/')}")
def test_who_is_no_user_is_not_found(ask, route, user_id):
    method, path, body = route
    answer = ask(method, path.replace(NOBODY, user_id), body)
    assert (answer.status, answer.error["code"]) == (404, "not_found")
    assert answer.error["message"] == f"There is no user '{user_id}'."


@pytest.mark.parametrize("key_id", ["key_aaaaaaaaaaaaaaaa", "key_", "key_*"])
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_what_is_no_key_is_not_found(ask, admin_id, method, key_id):
    answer = ask(method, f"{USERS}/{admin_id}/api_keys/{key_id}")
    assert (answer.status, answer.error["message"]) == (404, f"There is no key '{key_id}'.")


@pytest.mark.parametrize("route", EVERY_ROUTE, ids=lambda route: f"{route[0]} {route[1]}")
@pytest.mark.parametrize(
    ("who", "status", "code"),
    [
        ("developer", 403, "action_not_allowed"),
        ("groupless", 403, "action_not_allowed"),
        ("disabled", 403, "account_disabled"),
        ("deleted", 403, "account_disabled"),
        (None, 401, "invalid_api_key"),
    ],
)
def test_no_route_is_open_to_who_may_not_administer(invoke, event, request, route, who, status, code):
    sub = who and ("0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d" if who == "deleted" else request.getfixturevalue(who))
    answer = invoke(event(*route, sub=sub))
    assert (answer.status, answer.error["code"]) == (status, code)


def test_the_right_is_asked_for_before_the_body_is_read(invoke, event, developer):
    assert invoke(event("POST", USERS, "{", sub=developer)).status == 403


def test_a_body_that_is_no_utf8_is_refused(ask):
    body = b64encode(b'{"email": "\xff"}').decode()
    answer = ask("POST", USERS, body, isBase64Encoded=True)
    assert (answer.status, answer.error["code"]) == (400, "invalid_json")
