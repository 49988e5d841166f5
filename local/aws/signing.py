"""RSA keys that sign tokens: made once per pool, kept as PEM so that they survive a restart."""

from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from jwt.algorithms import RSAAlgorithm


class SigningKey:
    """One RSA key. Pickles as its PEM and key id."""

    def __init__(self, key_id: str, pem: bytes | None = None) -> None:
        self.key_id = key_id
        self._private = _load(pem) if pem else generate_private_key(public_exponent=65537, key_size=2048)

    def __reduce__(self) -> tuple[type["SigningKey"], tuple[str, bytes]]:
        pem = self._private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return SigningKey, (self.key_id, pem)

    def sign(self, claims: dict[str, Any], algorithm: str) -> str:
        return jwt.encode(claims, self._private, algorithm, headers={"kid": self.key_id})

    def claims(self, token: str, algorithm: str, **expected: Any) -> dict[str, Any]:
        """The claims of a token this key signed. Raises jwt.InvalidTokenError, or its ExpiredSignatureError.

        `expected` goes to `jwt.decode`: audience, issuer.
        """
        if jwt.get_unverified_header(token).get("kid") != self.key_id:
            raise jwt.InvalidTokenError("signed with another key")
        return jwt.decode(token, self._private.public_key(), [algorithm], **expected)

    def jwk(self, algorithm: str) -> dict[str, Any]:
        """The public half as a JSON Web Key."""
        public = RSAAlgorithm.to_jwk(self._private.public_key(), as_dict=True)
        return {"kid": self.key_id, "alg": algorithm, "use": "sig", "kty": "RSA", "n": public["n"], "e": public["e"]}


def _load(pem: bytes) -> RSAPrivateKey:
    key = load_pem_private_key(pem, password=None)
    if not isinstance(key, RSAPrivateKey):
        raise TypeError("not an RSA key")
    return key
