"""A browser's cookies leave room in the 10 KB of headers that API Gateway takes, whatever a client sends along."""

import re
from typing import Any
from urllib.parse import urlencode

import pytest

from services.mcp.oauth.clients import registered
from services.mcp.oauth.seal import Seal
from tests.mcp_posts import event, modern
from tests.unit.mcp.test_app import invoke

pytestmark = pytest.mark.usefixtures("signs_in")


class Browser:
    """Cookies in the order they came, oldest first."""

    def __init__(self) -> None:
        self.held: dict[str, str] = {}

    @property
    def header(self) -> str:
        return "; ".join(f"{name}={value}" for name, value in self.held.items())

    def asks(self, method: str, path: str, query: dict[str, str], body: str) -> dict[str, Any]:
        request = event(modern("ping")) | {"httpMethod": method, "path": path, "resource": path, "body": body or None}
        request["multiValueQueryStringParameters"] = {name: [value] for name, value in query.items()}
        request["multiValueHeaders"] = {**request["multiValueHeaders"], "cookie": [self.header]}
        reply = invoke(request)
        for said in reply["multiValueHeaders"].get("Set-Cookie", ()):
            name, _, value = said.partition(";")[0].partition("=")
            self.held[name] = value
            if "Max-Age=0" in said:
                del self.held[name]
        return reply

    def allows(self, client_id: str, redirect_uri: str, state: str) -> dict[str, Any]:
        query = {
            "response_type": "code",
            "client_id": client_id,
            "redirect_uri": redirect_uri,
            "code_challenge": "c" * 43,
            "code_challenge_method": "S256",
            "state": state,
        }
        page = self.asks("GET", "/oauth/authorize", query, "")
        [sealed] = re.findall(r'name="request" value="([^"]*)"', page["body"])
        return self.asks("POST", "/oauth/consent", {}, urlencode({"request": sealed, "answer": "yes"}))


@pytest.mark.parametrize(("path", "state", "kept"), [("callback", "s" * 40, 5), ("a" * 1000, "s" * 1000, 2)])
def test_sign_ins_that_were_begun_leave_room_in_the_headers(path: str, state: str, kept: int) -> None:
    redirect_uri, browser = f"http://127.0.0.1:45999/{path}", Browser()
    client_id = registered({"redirect_uris": [redirect_uri]}, (), Seal("b"))["client_id"]
    for _ in range(25):
        assert browser.allows(client_id, redirect_uri, state)["statusCode"] == 303
    assert sum("-sign-in-" in name for name in browser.held) == kept
    assert len(browser.header) < 8_500
