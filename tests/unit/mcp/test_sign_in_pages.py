"""The pages of a sign-in as text, and what is answered while Cognito is not to be had."""

import socket
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256

import pytest

from pennyworth.aws.error import AwsError
from pennyworth.errors import Problem
from pennyworth.settings import settings
from services.mcp.oauth import page
from services.mcp.oauth.cognito import AppClient, SignIn, sign_in
from services.mcp.oauth.flow import Request
from services.mcp.oauth.name import plain
from services.mcp.oauth.style import STYLE
from tests.mcp_posts import event, modern
from tests.unit.mcp.test_app import ENVIRONMENT, invoke

REDIRECT = "http://127.0.0.1:45999/callback"


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("  Two\n words\t", "Two words"),
        ("\u202eturned\u202c \u2066isolated\u2069", "turned isolated"),
        ("half a character \ud800", "half a character"),
        ("\u3164\u2800 \u115f", ""),
        ("a\u200b\u00ad\u034fb", "ab"),
        ("\U0001f469\u200d\U0001f4bb", "\U0001f469\U0001f4bb"),
        ("Ренні 名前 שם नाम", "Ренні 名前 שם नाम"),
    ],
)
def test_a_text_of_others_is_what_is_seen_of_it(text: str, seen: str) -> None:
    assert plain(text) == seen


def test_a_name_that_was_sealed_before_names_were_cleaned_is_cleaned() -> None:
    shown = page.consent(Request("c", "\u202e<b>", REDIRECT, "x", None), "sealed", "host")
    assert "<bdi>&lt;b&gt;</bdi>" in shown
    assert "\u202e" not in shown


def test_the_host_that_describes_a_client_stands_apart_from_what_the_client_calls_itself() -> None:
    described = page.consent(Request("c", "An editor", REDIRECT, "x", None, "client.example"), "sealed", "host")
    assert "described at <b>client.example</b>." in described
    named_so = page.consent(Request("c", "An editor (client.example)", REDIRECT, "x", None), "sealed", "host")
    assert "described at" not in named_so


def test_the_policy_allows_our_style_and_no_other() -> None:
    policy = page.HEADERS["Content-Security-Policy"]
    assert f"style-src 'sha256-{b64encode(sha256(STYLE.encode()).digest()).decode()}';" in policy
    assert "<style>" + STYLE + "</style>" in page.problem("invalid_request", "x")
    assert "script-src" not in policy
    assert "default-src 'none'" in policy


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        ("invalid_client", "forget what it knows of this server"),
        ("invalid_client_metadata", "makers have to mend it"),
        ("service_unavailable", "Wait a minute"),
        ("invalid_request", "start again in your application"),
        ("anything", "start again in your application"),
    ],
)
def test_every_error_page_says_what_to_do(code: str, remedy: str) -> None:
    assert remedy in page.problem(code, "What happened.")


def test_without_cognito_there_is_a_problem_and_no_app_client() -> None:
    def read() -> AppClient:
        raise AwsError("Timeout")

    with pytest.raises(Problem) as raised:
        _ = SignIn("https://x.auth.us-east-1.amazoncognito.com", read).client
    assert raised.value.status == 503


@pytest.fixture
def no_cognito(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An environment in which nobody listens where Cognito should be."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        variables = {
            **ENVIRONMENT,
            "PENNYWORTH_SIGN_IN_URL": "https://x.auth.us-east-1.amazoncognito.com",
            "PENNYWORTH_SIGN_IN_CLIENT": "pennyworth-mcp",
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{taken.getsockname()[1]}",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        }
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        settings.cache_clear()
        sign_in.cache_clear()
        yield
    settings.cache_clear()
    sign_in.cache_clear()


@pytest.mark.usefixtures("no_cognito")
def test_a_person_is_told_on_a_page_that_cognito_cannot_be_reached() -> None:
    path = "/oauth/authorize"
    asked = event(modern("ping")) | {"httpMethod": "GET", "path": path, "resource": path, "body": None}
    asked["multiValueQueryStringParameters"] = {"client_id": ["x"]}
    reply = invoke(asked)
    assert reply["statusCode"] == 503
    assert reply["multiValueHeaders"]["Content-Type"] == ["text/html; charset=utf-8"]
    assert reply["multiValueHeaders"]["X-Frame-Options"] == ["DENY"]
    assert "Wait a minute, then start again in your application." in reply["body"]
