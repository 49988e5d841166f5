"""The client's half of Secure Remote Password as Amazon Cognito speaks it (USER_SRP_AUTH): the password is proved, and
never sent.

SRP-6a over the 3072-bit group of RFC 3526 (group 15) with SHA-256; numbers are hashed as Java's BigInteger writes them;
the shared secret becomes a 16-byte key by one step of HKDF with the info "Caldera Derived Key". Source: aws-amplify's
`AuthenticationHelper`, and the AWS SDK for .NET's Cognito extension (read 2026-11).
"""

import hashlib
import hmac
import secrets
from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import UTC, datetime

N = int(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD"
    "EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"
    "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F"
    "83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B"
    "E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA0510"
    "15728E5A8AAAC42DAD33170D04507A33A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7"
    "ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864D87602733EC86A64521F2B18177B200C"
    "BBE117577A615D6C770988C0BAD946E208E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF",
    16,
)
G = 2
_SECRET_BYTES = 128
_KEY_BYTES = 16
_INFO = b"Caldera Derived Key\x01"
# In English whatever the machine speaks, so not by strftime.
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class DishonestServerError(Exception):
    """The server sent a number that no honest one sends: an answer would tell it about the password."""


class Exchange:
    """One attempt to sign in. `secret` is for tests alone; it is drawn anew otherwise."""

    def __init__(self, pool_name: str, secret: int | None = None) -> None:
        """`pool_name`: the user pool's id after its Region and underscore."""
        self._pool_name = pool_name
        self._secret = secret or secrets.randbits(8 * _SECRET_BYTES)
        self._public = pow(G, self._secret, N)

    @property
    def srp_a(self) -> str:
        return f"{self._public:x}"

    def proof(self, challenge: Mapping[str, str], password: str, now: datetime | None = None) -> dict[str, str]:
        """The answer to a PASSWORD_VERIFIER challenge: an HMAC that only who knows the password can make.

        Raises DishonestServerError, and KeyError or ValueError for a challenge that is none.
        """
        user_id, block = challenge["USER_ID_FOR_SRP"], challenge["SECRET_BLOCK"]
        key = self._key(int(challenge["SRP_B"], 16), int(challenge["SALT"], 16), user_id, password)
        stamp = timestamp(now or datetime.now(UTC))
        message = f"{self._pool_name}{user_id}".encode() + b64decode(block) + stamp.encode()
        return {
            "USERNAME": user_id,
            "TIMESTAMP": stamp,
            "PASSWORD_CLAIM_SECRET_BLOCK": block,
            "PASSWORD_CLAIM_SIGNATURE": b64encode(hmac.digest(key, message, "sha256")).decode(),
        }

    def _key(self, server_public: int, salt: int, user_id: str, password: str) -> bytes:
        scrambler = _hash(_bytes(self._public), _bytes(server_public))
        if server_public % N == 0 or scrambler == 0:
            raise DishonestServerError
        identity = hashlib.sha256(f"{self._pool_name}{user_id}:{password}".encode()).digest()
        x = _hash(_bytes(salt), identity)
        multiplier = _hash(_bytes(N), _bytes(G))
        base = (server_public - multiplier * pow(G, x, N)) % N
        shared = pow(base, self._secret + scrambler * x, N)
        extracted = hmac.digest(_bytes(scrambler), _bytes(shared), "sha256")
        return hmac.digest(extracted, _INFO, "sha256")[:_KEY_BYTES]


def timestamp(at: datetime) -> str:
    """`EEE MMM d HH:mm:ss z yyyy`: Cognito refuses a day with a leading zero as it does a wrong password."""
    day, month = _DAYS[at.weekday()], _MONTHS[at.month - 1]
    return f"{day} {month} {at.day} {at:%H:%M:%S} UTC {at.year}"


def _bytes(number: int) -> bytes:
    """Big-endian, with a zero byte in front where the first bit is set."""
    return number.to_bytes(number.bit_length() // 8 + 1, "big")


def _hash(*parts: bytes) -> int:
    return int.from_bytes(hashlib.sha256(b"".join(parts)).digest(), "big")
