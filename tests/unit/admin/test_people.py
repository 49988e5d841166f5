import pytest

from pennyworth.policy import Group, GroupPolicy
from services.admin.people import Person, is_user_id, page, user

ID = "3f2a0000-0000-4000-8000-000000000001"
PERSON = Person(id=ID, email="ada@example.com", name="", added_at=1_800_000_000, enabled=True, slots={"k": "hash"})


def group(name, precedence, *actions):
    return Group(name, precedence, "", GroupPolicy(frozenset(actions), ("*",)))


def test_the_role_is_that_of_the_group_that_counts():
    admins, developers = group("admins", 10, "admin"), group("developers", 20, "inference")
    assert user(PERSON, [developers, admins])["role"] == "owner"
    assert user(PERSON, [developers, admins])["groups"] == ["admins", "developers"]
    assert user(PERSON, [developers, group("admins", 30, "admin")])["role"] == "reader"
    assert user(PERSON, [])["role"] == "reader"


def test_no_name_is_null_and_a_disabled_person_is_shown_so():
    shown = user(PERSON, [])
    assert shown["name"] is None
    assert shown["disabled"] is False


def test_what_is_stored_of_keys_is_in_no_text_of_a_person():
    assert "hash" not in repr(PERSON)


@pytest.mark.parametrize("text", ["ada@example.com", "", ID.upper(), ID + "\n", ID[:-1], "*"])
def test_only_a_users_id_passes_for_one(text):
    assert is_user_id(ID)
    assert not is_user_id(text)


def test_an_empty_page_has_no_ids():
    assert page([], False) == {"object": "list", "data": [], "first_id": None, "last_id": None, "has_more": False}
