"""Where secrets may be sent."""

import pytest

from pennyworth_cli.address import base_url, cognito_url
from pennyworth_cli.failure import Code, Failure

HOME = "https://llm.example.com/v1"
HERE = "http://127.0.0.1:8080/v1"


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("https://llm.example.com", HOME),
        ("https://llm.example.com/", HOME),
        ("https://llm.example.com/v1/", HOME),
        ("https://abc.execute-api.us-east-1.amazonaws.com/v1", "https://abc.execute-api.us-east-1.amazonaws.com/v1"),
        ("http://localhost:8080", "http://localhost:8080/v1"),
        ("http://127.0.0.1:8080/v1", HERE),
        ("http://[::1]:8080/v1", "http://[::1]:8080/v1"),
    ],
)
def test_an_endpoint_is_a_base_url(given, url):
    assert base_url(given) == url


@pytest.mark.parametrize(
    "given",
    [
        "http://llm.example.com/v1",
        "http://127.0.0.1.example.com/v1",
        "http://localhost.example.com/v1",
        "http://10.0.0.1/v1",
        "ftp://llm.example.com",
        "llm.example.com",
        "https://",
        "https://llm.example.com:port/v1",
        "https://llm.example.com/v1?key=1",
        "https://user:pa55word@llm.example.com/v1",
    ],
)
def test_what_would_carry_a_secret_in_the_open_is_refused(given):
    with pytest.raises(Failure) as refused:
        base_url(given)
    assert refused.value.code is Code.WRONG
    assert "pa55word" not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "https://cognito-idp.eu-central-1.amazonaws.com",
        "https://cognito-idp.us-gov-west-1.amazonaws.com/",
        "https://cognito-idp-fips.us-east-1.amazonaws.com",
        "https://cognito-idp.cn-north-1.amazonaws.com.cn",
        "https://cognito-idp.us-east-1.api.aws",
    ],
)
def test_people_sign_in_at_cognito(url):
    assert cognito_url(url, HOME) == url.rstrip("/") + "/"


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example.com",
        "https://cognito-idp.eu-central-1.amazonaws.com.evil.example.com",
        "https://evil.example.com/cognito-idp.eu-central-1.amazonaws.com",
        "https://cognito-idp.eu-central-1.amazonaws.com@evil.example.com",
        "https://cognito-idp.eu-central-1.amazonaws.com:8443",
        "http://cognito-idp.eu-central-1.amazonaws.com",
        "http://127.0.0.1:4566",
        "https://xcognito-idp.eu-central-1.amazonaws.com",
        "",
    ],
)
def test_a_gateway_cannot_send_people_elsewhere_with_their_new_passwords(url):
    with pytest.raises(Failure):
        cognito_url(url, HOME)


def test_a_gateway_here_may_have_its_cognito_here():
    assert cognito_url("http://127.0.0.1:4566", HERE) == "http://127.0.0.1:4566/"
    with pytest.raises(Failure):
        cognito_url("https://evil.example.com", HERE)
