"""OpenAI's own client administers the installation."""

from urllib.parse import unquote

import httpx2
import openai
import pytest
from openai import OpenAI

USERS = "/organization/users"


@pytest.fixture
def client(invoke, event, admin_id):
    """OpenAI's client, its requests handed to the handler as API Gateway would."""

    def answer(request):
        query = request.url.query.decode()
        path = unquote(request.url.path.removeprefix("/v1"))
        made = invoke(event(request.method, path, request.content.decode() or None, sub=admin_id, query=query))
        return httpx2.Response(made.status, headers=made.headers, text=made.text)

    http = httpx2.Client(transport=httpx2.MockTransport(answer))
    with OpenAI(
        admin_api_key="token", api_key="none", base_url="http://gateway/v1", http_client=http, max_retries=0
    ) as sdk:
        yield sdk


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
