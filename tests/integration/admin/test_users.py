"""People through the Lambda handler."""

import pytest

USERS = "/organization/users"


def test_a_new_user_is_in_cognito_verified_and_in_their_group(ask, cognito):
    made = ask("POST", USERS, {"email": "Bob@Example.com", "group": "developers", "name": "Bob Ö"})
    assert made.status == 200
    assert made.json == {
        "object": "organization.user",
        "id": made.json["id"],
        "email": "bob@example.com",
        "name": "Bob Ö",
        "role": "reader",
        "added_at": made.json["added_at"],
        "groups": ["developers"],
        "disabled": False,
        "is_service_account": False,
        "budget_usd": None,
        "spent_usd": 0,
    }
    stored = cognito.call("admin_get_user", Username=made.json["id"])
    attributes = {pair["Name"]: pair["Value"] for pair in stored["UserAttributes"]}
    assert attributes["sub"] == made.json["id"]
    assert attributes["email_verified"] == "true"
    groups = cognito.call("admin_list_groups_for_user", Username=made.json["id"])["Groups"]
    assert [group["GroupName"] for group in groups] == ["developers"]
    assert ask("GET", f"{USERS}/{made.json['id']}").json == made.json


def test_a_temporary_password_is_to_be_changed(ask, cognito):
    made = ask("POST", USERS, {"email": "eve@example.com", "group": "admins", "temporary_password": "Tr0ub4dor&33"})
    assert made.status == 200
    assert made.json["role"] == "owner"
    stored = cognito.call("admin_get_user", Username=made.json["id"])
    assert stored["UserStatus"] == "FORCE_CHANGE_PASSWORD"


def test_one_address_is_one_user(ask):
    body = {"email": "kay@example.com", "group": "developers"}
    assert ask("POST", USERS, body).status == 200
    again = ask("POST", USERS, body | {"email": "KAY@example.com"})
    assert (again.status, again.error["code"]) == (409, "already_exists")
    assert "kay@example.com" in again.error["message"]


def test_a_deleted_user_is_gone(ask, ada):
    answer = ask("DELETE", f"{USERS}/{ada}")
    assert answer.json == {
        "object": "organization.user.deleted",
        "id": ada,
        "deleted": True,
        "effective_within_s": 60,
    }
    assert ask("GET", f"{USERS}/{ada}").status == 404
    assert ask("DELETE", f"{USERS}/{ada}").status == 404


@pytest.mark.parametrize("spelling", ["{id}", "admin@example.com", "ADMIN@EXAMPLE.COM"])
def test_nobody_deletes_themselves_under_any_name(ask, admin_id, spelling):
    answer = ask("DELETE", f"{USERS}/{spelling.format(id=admin_id)}")
    assert answer.status in (404, 409)
    assert ask("GET", f"{USERS}/{admin_id}").status == 200


def test_deleting_oneself_is_a_conflict(ask, admin_id):
    answer = ask("DELETE", f"{USERS}/{admin_id}")
    assert (answer.status, answer.error["code"]) == (409, "conflict")


def test_a_disabled_user_is_shown_so(ask, ada, cognito):
    cognito.call("admin_disable_user", Username=ada)
    assert ask("GET", f"{USERS}/{ada}").json["disabled"] is True


def test_a_budget_of_ones_own_is_set_shown_and_taken_back(ask, ada, cognito):
    path = f"/organization/users/{ada}"
    assert ask("POST", path, {"budget_usd": 12.5}).json["budget_usd"] == 12.5
    pairs = cognito.call("admin_get_user", Username=ada)["UserAttributes"]
    assert {"Name": "custom:budget", "Value": "12500000"} in pairs
    assert ask("POST", path, {"disabled": False}).json["budget_usd"] == 12.5
    assert ask("POST", path, {"budget_usd": 0}).json["budget_usd"] == 0
    assert ask("POST", path, {"budget_usd": None}).json["budget_usd"] is None
    pairs = cognito.call("admin_get_user", Username=ada)["UserAttributes"]
    assert "custom:budget" not in {pair["Name"] for pair in pairs}


@pytest.mark.parametrize("wrong", [-0.01, "5", True, 0.0000001, 1e10, [5]])
def test_a_budget_that_is_no_sum_is_refused_by_name(ask, ada, wrong):
    answer = ask("POST", f"/organization/users/{ada}", {"budget_usd": wrong})
    assert (answer.status, answer.error["param"]) == (400, "budget_usd")
