import base64
import json

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from pennyworth.tokens import Tokens

ISSUER = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_pool"
NOW = 2_000_000_000
KEY = rsa.generate_private_key(65537, 2048)
OTHER_KEY = rsa.generate_private_key(65537, 2048)
JWKS = {"keys": [{**json.loads(RSAAlgorithm.to_jwk(KEY.public_key())), "kid": "k1", "alg": "RS256", "use": "sig"}]}


class KeySet:
    def __init__(self):
        self.fetches = 0

    def __call__(self):
        self.fetches += 1
        return JWKS


def claims(**changes):
    return {"sub": "u1", "iss": ISSUER, "aud": "client", "token_use": "id", "exp": 4_000_000_000, **changes}


def token(payload=None, *, key=KEY, algorithm="RS256", **headers):
    return jwt.encode(payload or claims(), key, algorithm=algorithm, headers={"kid": "k1", **headers})


def tokens(key_set=None, clock=lambda: NOW):
    return Tokens(ISSUER, ("client", "other-client"), key_set or KeySet(), clock)


def test_an_id_token_and_an_access_token_prove_their_user():
    assert tokens().proof(token()) == ("u1", 4_000_000_000, "")
    access = claims(token_use="access", client_id="other-client")
    del access["aud"]
    assert tokens().proof(token(access)) == ("u1", 4_000_000_000, "")


def mcp_claims(**changes):
    changes = {"token_use": "access", "client_id": "facade", "scope": "pennyworth/mcp", **changes}
    return {name: value for name, value in claims(**changes).items() if name != "aud"}


def test_a_token_of_an_mcp_clients_sign_in_is_for_the_mcp_endpoint_alone():
    accepting = Tokens(ISSUER, ("client",), KeySet(), lambda: NOW, mcp_scope="pennyworth/mcp")
    assert accepting.proof(token(mcp_claims())) == ("u1", 4_000_000_000, "mcp")
    # Whatever else it may do besides, it counts as no more.
    both = mcp_claims(scope="openid pennyworth/mcp", client_id="client")
    assert accepting.proof(token(both)).audience == "mcp"
    for no in (
        mcp_claims(scope="pennyworth/mcp2"),
        mcp_claims(scope="other/pennyworth/mcp"),
        mcp_claims(scope=""),
        mcp_claims(token_use="id"),
        mcp_claims(token_use="refresh"),
        mcp_claims(iss=ISSUER + "x"),
        mcp_claims(exp=1),
    ):
        assert accepting.proof(token(no)) is None, no
    assert tokens().proof(token(mcp_claims())) is None  # where the sign-in is switched off


def _unsigned():
    def part(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return f"{part({'alg': 'none', 'kid': 'k1'})}.{part(claims())}."


def _signed_with_the_public_key():
    public = KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    import hashlib
    import hmac

    def part(value):
        return base64.urlsafe_b64encode(value).rstrip(b"=")

    signed = part(json.dumps({"alg": "HS256", "kid": "k1"}).encode()) + b"." + part(json.dumps(claims()).encode())
    return (signed + b"." + part(hmac.digest(public, signed, hashlib.sha256))).decode()


ATTACKS = {
    "alg none": _unsigned(),
    "HS256 with the public key": _signed_with_the_public_key(),
    "another key": token(key=OTHER_KEY),
    "an unknown key id": token(kid="k2"),
    "another algorithm of the same key": token(algorithm="RS512"),
    "a foreign issuer": token(claims(iss=ISSUER + "x")),
    "another client": token(claims(aud="someone-else")),
    "a list of clients": token(claims(aud=["client"])),
    "no client": token({k: v for k, v in claims().items() if k != "aud"}),
    "an access token with the client in aud": token(claims(token_use="access")),
    "an unknown use": token(claims(token_use="refresh")),
    "no use": token({k: v for k, v in claims().items() if k != "token_use"}),
    "expired": token(claims(exp=1)),
    "no expiry": token({k: v for k, v in claims().items() if k != "exp"}),
    "no subject": token({k: v for k, v in claims().items() if k != "sub"}),
    "a tampered payload": token().replace(token().split(".")[1], token(claims(sub="admin")).split(".")[1]),
    "a key of its own in the header": token(key=OTHER_KEY, jwk=json.loads(RSAAlgorithm.to_jwk(OTHER_KEY.public_key()))),
    "no token": "a.b.c",
    "empty parts": "..",
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_forged_foreign_or_stale_token_proves_no_one(attack):
    assert tokens().proof(ATTACKS[attack]) is None


def test_a_key_set_that_could_not_be_read_is_asked_for_again():
    answers = [OSError("no key set"), JWKS]

    def key_set():
        answer = answers.pop(0)
        if isinstance(answer, OSError):
            raise answer
        return answer

    verifier = tokens(key_set)
    with pytest.raises(OSError, match="no key set"):
        verifier.proof(token())
    assert verifier.proof(token()) == ("u1", 4_000_000_000, "")


def test_a_flood_of_unknown_key_ids_fetches_the_keys_once_a_minute():
    key_set, now = KeySet(), [NOW]
    verifier = tokens(key_set, lambda: now[0])
    for kid in ("a", "b", "c"):
        assert verifier.proof(token(kid=kid)) is None
    assert key_set.fetches == 1
    now[0] += 61
    verifier.proof(token(kid="d"))
    assert key_set.fetches == 2
