"""Tokens, good and forged, before the COGNITO_USER_POOLS authorizer."""

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from local.gateway.cognito_authorizer import REFETCH_S, CognitoAuthorizer
from local.gateway.refusal import Refusal
from tests.unit.gateway.conftest import Clock, error_code

pytestmark = pytest.mark.anyio

POOL, CLIENT = "us-east-1_pool", "client"
ISSUER = f"https://cognito-idp.us-east-1.amazonaws.com/{POOL}"
OURS, THEIRS = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))


def public(key: rsa.RSAPrivateKey, kid: str) -> dict[str, Any]:
    return {**jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True), "kid": kid, "alg": "RS256"}


class Pool:
    """A user pool's key set, over HTTP."""

    def __init__(self) -> None:
        self.document: Any = {"keys": [public(OURS, "ours")]}
        self.paths: list[str] = []
        pool = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                pool.paths.append(self.path)
                body = json.dumps(pool.document).encode()
                self.send_response(200 if pool.document else 500)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()


@pytest.fixture(scope="module")
def server() -> Iterator[Pool]:
    pool = Pool()
    yield pool
    pool.server.shutdown()
    pool.server.server_close()
    pool.thread.join()


@pytest.fixture
def pool(server: Pool) -> Pool:
    server.document = {"keys": [public(OURS, "ours")]}
    server.paths.clear()
    return server


def claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    known = {"iss": ISSUER, "aud": CLIENT, "sub": "u-1", "token_use": "id", "iat": now, "exp": now + 300}
    return {name: value for name, value in {**known, **changes}.items() if value is not None}


def token(headers: dict[str, Any] | None = None, key: Any = OURS, **changes: Any) -> str:
    return jwt.encode(claims(**changes), key, "RS256", {"kid": "ours", **(headers or {})})


def by_hand(header: dict[str, Any], body: dict[str, Any], sign: Callable[[bytes], bytes]) -> str:
    parts = [base64.urlsafe_b64encode(json.dumps(each).encode()).rstrip(b"=") for each in (header, body)]
    signed = b".".join(parts)
    return (signed + b"." + base64.urlsafe_b64encode(sign(signed)).rstrip(b"=")).decode()


def hs256_with_the_public_key() -> str:
    pem = OURS.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return by_hand(
        {"alg": "HS256", "kid": "ours", "typ": "JWT"}, claims(), lambda data: hmac.digest(pem, data, hashlib.sha256)
    )


def tampered() -> str:
    head, _, signature = token().split(".")
    body = base64.urlsafe_b64encode(json.dumps(claims(sub="u-2")).encode()).rstrip(b"=").decode()
    return ".".join((head, body, signature))


ATTACKS: dict[str, Callable[[], str]] = {
    "nothing": lambda: "",
    "no token": lambda: "Bearer abc",
    "an API key": lambda: "sk-pw-abc",
    "alg none": lambda: by_hand({"alg": "none", "kid": "ours"}, claims(), lambda _: b""),
    "alg None": lambda: by_hand({"alg": "None", "kid": "ours"}, claims(), lambda _: b""),
    "HS256 with the public key": hs256_with_the_public_key,
    "RS512 with our key": lambda: jwt.encode(claims(), OURS, "RS512", {"kid": "ours"}),
    "another's key": lambda: token(key=THEIRS),
    "another's key by jku": lambda: token({"jku": "http://evil.test/jwks.json"}, THEIRS),
    "another's key by jwk": lambda: token({"jwk": public(THEIRS, "ours")}, THEIRS),
    "kid unknown": lambda: token({"kid": "theirs"}),
    "kid absent": lambda: jwt.encode(claims(), OURS, "RS256"),
    "kid no text": lambda: by_hand({"alg": "RS256", "kid": 1}, claims(), lambda _: b"x"),
    "foreign issuer": lambda: token(iss="https://cognito-idp.us-east-1.amazonaws.com/us-east-1_other"),
    "issuer with our pool as a prefix": lambda: token(iss=ISSUER + "2"),
    "issuer absent": lambda: token(iss=None),
    "wrong audience": lambda: token(aud="other"),
    "audience absent": lambda: token(aud=None),
    "access token": lambda: token(token_use="access"),
    "access token as Cognito makes them": lambda: token(token_use="access", aud=None, client_id=CLIENT),
    "token_use absent": lambda: token(token_use=None),
    "expired": lambda: token(exp=int(time.time()) - 1),
    "never expires": lambda: token(exp=None),
    "not yet valid": lambda: token(nbf=int(time.time()) + 300),
    "tampered": tampered,
    "cut short": lambda: token().rpartition(".")[0] + ".",
    "another scheme": lambda: f"Basic {token()}",
}


def authorizer(pool: Pool, clock: Clock | None = None) -> CognitoAuthorizer:
    return CognitoAuthorizer(
        pool_id=POOL, client_ids=(CLIENT, "another"), region="us-east-1", aws_url=pool.url, clock=clock or Clock()
    )


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
async def test_a_forged_or_foreign_token_is_unauthorized(pool: Pool, attack: Callable[[], str]) -> None:
    with pytest.raises(Refusal) as caught:
        await authorizer(pool).authorize(attack())
    assert caught.value.type == "UNAUTHORIZED"


@pytest.mark.parametrize("prefix", ["", "Bearer "])
async def test_a_good_token_is_taken_with_or_without_bearer(pool: Pool, prefix: str) -> None:
    made = token(**{"cognito:groups": ["admins", "developers"], "email_verified": True, "exp": 4102444800, "n": 1})
    known = (await authorizer(pool).authorize(prefix + made))["claims"]
    assert known["sub"] == "u-1"
    assert known["cognito:groups"] == "admins,developers"
    assert known["email_verified"] == "true"
    assert known["exp"] == "Fri Jan 01 00:00:00 UTC 2100"
    assert all(isinstance(value, str) for value in known.values())


async def test_the_key_set_is_fetched_once(pool: Pool) -> None:
    known = authorizer(pool)
    for _ in range(3):
        await known.authorize(token())
    assert pool.paths == [f"/{POOL}/.well-known/jwks.json"]


async def test_a_new_key_is_found_but_unknown_ones_do_not_flood_the_pool(pool: Pool) -> None:
    clock = Clock()
    known = authorizer(pool, clock)
    await known.authorize(token())
    pool.document = {"keys": [public(THEIRS, "new")]}
    rotated = token({"kid": "new"}, THEIRS)
    for _ in range(3):
        with pytest.raises(Refusal):
            await known.authorize(rotated)
    assert len(pool.paths) == 1
    clock.now += REFETCH_S
    await known.authorize(rotated)
    assert len(pool.paths) == 2


@pytest.mark.parametrize("document", [None, {}, {"keys": [{"kid": "ours"}]}, []])
async def test_a_pool_that_does_not_answer_is_a_failure_not_a_refusal(pool: Pool, document: Any) -> None:
    pool.document = document
    with pytest.raises(Refusal) as caught:
        await authorizer(pool).authorize(token())
    assert caught.value.type == "AUTHORIZER_FAILURE"


async def test_the_claims_reach_the_function_and_a_bad_token_does_not(pool: Pool, door: Any) -> None:
    door.options["aws_url"] = pool.url
    good = await door("GET", "/organization/users", headers={"authorization": f"Bearer {token(email='a@b.c')}"})
    assert good.status_code == 200
    (event,) = door.functions.called("admin")
    assert event["requestContext"]["authorizer"]["claims"]["email"] == "a@b.c"
    assert ", a@b.c" in door.lines[-1]
    for headers in ({}, {"authorization": "Bearer x"}):
        bad = await door("GET", "/organization/users", headers=headers)
        assert (bad.status_code, error_code(bad)) == (401, "invalid_api_key")
        assert bad.headers["www-authenticate"].startswith("Bearer resource_metadata=")
    assert len(door.functions.calls) == 1
