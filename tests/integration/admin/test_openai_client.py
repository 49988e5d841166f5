"""OpenAI's own client administers the installation."""

import openai
import pytest

USERS = "/organization/users"


def test_it_pages_through_everyone_and_deletes_as_it_goes(client, make_user, admin_id):
    made = {make_user() for _ in range(7)}
    users = client.admin.organization.users
    assert {user.id for user in users.list(limit=2)} == made | {admin_id}
    for user in users.list(limit=2):
        if user.id != admin_id:
            gone = users.delete(user.id)
            assert (gone.deleted, gone.object) == (True, "organization.user.deleted")
    assert [user.id for user in users.list()] == [admin_id]


def test_it_finds_by_address_and_reads_the_role(client, make_user, admin_id):
    make_user("developers", "ada@example.com")
    (ada,) = client.admin.organization.users.list(emails=["ada@example.com"])
    assert (ada.email, ada.role) == ("ada@example.com", "reader")
    assert client.admin.organization.users.retrieve(admin_id).role == "owner"


def test_it_raises_its_own_errors(client, admin_id):
    users = client.admin.organization.users
    with pytest.raises(openai.NotFoundError, match="There is no user"):
        users.retrieve("nobody")
    with pytest.raises(openai.ConflictError, match="yourself"):
        users.delete(admin_id)
    with pytest.raises(openai.BadRequestError) as raised:
        users.list(limit=1000)
    assert (raised.value.param, raised.value.code) == ("limit", "invalid_value")


def test_it_mints_a_key_by_a_plain_request(client, ada):
    key = client.post(f"{USERS}/{ada}/api_keys", body={"name": "ci"}, cast_to=dict[str, object])
    assert str(key["value"]).startswith("sk-pw-")
