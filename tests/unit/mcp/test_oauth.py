"""The sign-in's routes up to where Cognito would be asked."""

import json
from typing import Any

import pytest

from pennyworth.aws.error import AwsError
from services.mcp.oauth import steps
from services.mcp.oauth.cognito import AppClient, SignIn
from tests.mcp_posts import event, modern
from tests.unit.mcp.test_app import invoke

pytestmark = pytest.mark.usefixtures("signs_in")

ADDRESS = "https://client.example/client.json"


def get(path: str, **query: str) -> dict[str, Any]:
    request = event(modern("server/discover")) | {"httpMethod": "GET", "path": path, "resource": path, "body": None}
    return invoke(request | {"multiValueQueryStringParameters": {name: [value] for name, value in query.items()}})


def metadata() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(get("/.well-known/oauth-authorization-server")["body"])
    return found


def test_where_clients_may_not_describe_themselves_an_address_is_no_client(monkeypatch):
    class Never:
        def client(self, address: str) -> None:
            raise AssertionError(f"{address} was asked for")

    monkeypatch.setenv("PENNYWORTH_CLIENT_DOCUMENTS", "off")
    monkeypatch.setattr(steps, "_documents", Never)
    assert metadata()["client_id_metadata_document_supported"] is False
    page = get("/oauth/authorize", client_id=ADDRESS)
    assert page["statusCode"] == 400
    assert "an installation may read none at all. Register at /oauth/register" in page["body"]


@pytest.mark.parametrize("client_id", [f"{ADDRESS}?a=b", f"{ADDRESS}/", "https://client.example:8443/client.json"])
def test_an_address_that_is_not_asked_is_told_what_one_takes(client_id):
    page = get("/oauth/authorize", client_id=client_id)
    assert page["statusCode"] == 400
    assert "a port, a query or a slash at its end" in page["body"]


def test_where_they_may_it_is_said():
    assert metadata()["client_id_metadata_document_supported"] is True


class Cognito:
    """Tells its app clients in their turn; an AwsError is raised."""

    def __init__(self, *told: AppClient | AwsError) -> None:
        self.told = list(told)

    def __call__(self) -> AppClient:
        told = self.told.pop(0)
        if isinstance(told, AwsError):
            raise told
        return told


DOWN = AwsError("TooManyRequestsException", "slow down")


def test_while_cognito_does_not_answer_the_app_client_it_told_last_goes_on():
    now = [0.0]
    known = SignIn("https://x.auth.example", Cognito(AppClient("a", "1"), DOWN, AppClient("a", "2")), lambda: now[0])
    assert known.client.secret == "1"
    for now[0] in (300.0, 300.0, 329.0):  # a request asks several times: not each may wait for Cognito in vain
        assert known.client.secret == "1"
    now[0] = 330.0
    assert known.client.secret == "2"


def test_where_it_never_told_one_programs_read_an_error_of_oauth(monkeypatch):
    for path in ("/oauth/token", "/oauth/register", "/oauth/revoke"):
        monkeypatch.setattr(steps, "sign_in", lambda: SignIn("https://x.auth.example", Cognito(DOWN)))
        request = event(modern("server/discover")) | {"path": path, "resource": path}
        answer = invoke(request | {"body": json.dumps({"redirect_uris": ["http://127.0.0.1/"]})})
        assert (answer["statusCode"], json.loads(answer["body"])["error"]) == (503, "temporarily_unavailable"), path
