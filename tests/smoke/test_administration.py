"""What an administrator does and what it changes: a person who comes and goes, their keys, their limits.

The person's address is at example.com, no mail is sent, and they are deleted when the checks are over.
"""

import fnmatch
import json
import secrets
import time
from contextlib import contextmanager

import boto3
import jwt
import pytest
from botocore import UNSIGNED
from botocore.config import Config

_GRACE_S = 5  # beyond what the answer to a revocation promises
_SEARCHED_S = 180  # until the log is searched for last uses again, where the first search took too long
_LOGGED_S = 60  # until a request's line can be queried
_FORGED = {"Name": "custom:key_20", "Value": "forged"}


@contextmanager
def person(target, group):
    """Somebody new in a group: where their keys are."""
    with target.http(target.admin_token) as admin:
        body = {"email": f"smoke-{secrets.token_hex(8)}@example.com", "group": group}
        body["temporary_password"] = secrets.token_urlsafe(24) + "-aA1"
        answer = admin.post("/organization/users", json=body)
        assert answer.status_code == 200, answer.text
        place = f"/organization/users/{answer.json()['id']}"
        try:
            yield f"{place}/api_keys"
        finally:
            assert admin.delete(place).json()["deleted"] is True


def mint(target, keys, **fields):
    with target.http(target.admin_token) as admin:
        answer = admin.post(keys, json={"name": "smoke", **fields})
    assert answer.status_code == 200, answer.text
    return answer.json()


def chat(target, key, model):
    body = {"model": model, "messages": [{"role": "user", "content": "Say yes."}], "max_tokens": 20}
    with target.http(key) as client:
        return client.post("/chat/completions", json=body)


@pytest.fixture(scope="module")
def groups(administered, root):
    """Chat groups the environment declares, by this checkout: models by group."""
    values = root / f"terraform/environments/{administered.version['environment']}/terraform.tfvars.json"
    if not values.exists():
        pytest.skip(f"{values.relative_to(root)} is missing: another checkout made this environment")
    declared = json.loads(values.read_text(encoding="utf-8"))["groups"]
    return {name: group["models"] for name, group in declared.items() if "inference" in group["actions"]}


def allowed(patterns, names):
    return [name for name in names if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)]


def test_people_are_listed(administered):
    with administered.http(administered.admin_token) as admin:
        listed = admin.get("/organization/users").raise_for_status().json()
    assert listed["object"] == "list"
    assert listed["data"]


def test_a_key_is_minted_used_and_dead_soon_after_it_is_revoked(administered, groups, catalogue, within):
    group, patterns = next(iter(groups.items()))
    model = allowed(patterns, catalogue)[0]
    with person(administered, group) as keys:
        key = mint(administered, keys)
        answered = chat(administered, key["value"], model)
        assert answered.status_code == 200, answered.text
        with administered.http(administered.admin_token) as admin:
            assert key["value"] not in admin.get(keys).raise_for_status().text
            revoked = admin.delete(f"{keys}/{key['id']}").raise_for_status().json()
        with administered.http(key["value"]) as client:
            limit_s = revoked["effective_within_s"] + _GRACE_S
            asked = within(lambda answer: answer.status_code == 401, lambda: client.get("/models"), limit_s)
        assert asked.status_code == 401, f"a revoked key still works after {limit_s} s"


def test_a_chat_is_in_the_usage_soon_after(administered, groups, catalogue, within):
    """By the person's key, whose last use is known then, too."""
    start = int(time.time())
    group, patterns = next(iter(groups.items()))
    with person(administered, group) as keys, administered.http(administered.admin_token) as admin:
        key = mint(administered, keys)
        answered = chat(administered, key["value"], allowed(patterns, catalogue)[0])
        assert answered.status_code == 200, answered.text
        query = {"start_time": start - 60, "bucket_width": "1h", "api_key_ids[]": key["id"], "group_by[]": "api_key_id"}

        def results():
            answer = admin.get("/organization/usage/completions", params=query)
            assert answer.status_code == 200, answer.text
            return [result for bucket in answer.json()["data"] for result in bucket["results"]]

        (result,) = within(bool, results, _LOGGED_S, pause_s=2) or pytest.fail(f"no usage after {_LOGGED_S} s")
        assert result["input_tokens"] == answered.json()["usage"]["prompt_tokens"]
        assert result["output_tokens"] == answered.json()["usage"]["completion_tokens"]
        assert (result["api_key_id"], result["num_model_requests"]) == (key["id"], 1)

        def last_use():
            return admin.get(f"{keys}/{key['id']}").json()["last_used_at"]

        used_at = within(bool, last_use, _SEARCHED_S, pause_s=5) or pytest.fail(f"no last use after {_SEARCHED_S} s")
        assert used_at >= start


def test_a_key_opens_only_the_models_it_was_minted_for(administered, groups, catalogue):
    group, patterns = next(iter(groups.items()))
    usable = allowed(patterns, catalogue)
    if len(usable) < 2:
        pytest.skip(f"the group {group} has one model: there is no other to refuse")
    with person(administered, group) as keys:
        key = mint(administered, keys, models=[usable[0]])["value"]
        assert chat(administered, key, usable[0]).status_code == 200
        answer = chat(administered, key, usable[1])
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "model_not_allowed")


def test_a_group_opens_only_its_models(administered, groups, catalogue):
    narrow = {name: patterns for name, patterns in groups.items() if len(allowed(patterns, catalogue)) < len(catalogue)}
    if not narrow:
        pytest.skip("every group of this environment may use every model: there is none to refuse")
    group, patterns = next(iter(narrow.items()))
    other = next(name for name in catalogue if name not in allowed(patterns, catalogue))
    with person(administered, group) as keys:
        answer = chat(administered, mint(administered, keys)["value"], other)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "model_not_allowed")


def test_a_signed_in_person_needs_no_key(administered):
    with administered.http(administered.admin_token) as client:
        answer = client.get("/models")
    # A group of administrators need not be allowed to ask models; who they are is known all the same.
    assert answer.status_code == 200 or answer.json()["error"]["code"] == "action_not_allowed"


def test_an_access_token_does_not_open_the_administration(signed_in):
    with signed_in.http(signed_in.access_token) as client:
        assert client.get("/organization/users").status_code == 401


def test_a_person_cannot_write_a_key_of_their_own(signed_in):
    issuer = jwt.decode(signed_in.access_token, options={"verify_signature": False})["iss"]
    region = issuer.removeprefix("https://cognito-idp.").split(".")[0]
    cognito = boto3.client("cognito-idp", region_name=region, config=Config(signature_version=UNSIGNED))
    with pytest.raises(cognito.exceptions.NotAuthorizedException, match="unauthorized attribute"):
        cognito.update_user_attributes(AccessToken=signed_in.access_token, UserAttributes=[_FORGED])
