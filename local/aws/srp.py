"""The server's half of Secure Remote Password as Cognito speaks it (USER_SRP_AUTH).

SRP-6a over the 3072-bit group of RFC 3526 with SHA-256; the shared secret becomes a 16-byte key through one step of
HKDF, and the client proves the password with an HMAC under that key. Source: aws-amplify's `AuthenticationHelper`.
"""

import hashlib
import hmac
import secrets
from base64 import b64decode, b64encode
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
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def padded(number: int) -> bytes:
    """Big-endian bytes with a leading zero byte when the first bit is set, as Java's BigInteger writes them."""
    return number.to_bytes(number.bit_length() // 8 + 1, "big")


def hashed(*parts: bytes) -> int:
    return int.from_bytes(hashlib.sha256(b"".join(parts)).digest(), "big")


K = hashed(padded(N), padded(G))


def private_key(salt: int, pool_name: str, user_id: str, password: str) -> int:
    """x, which only who knows the password can make."""
    identity = hashlib.sha256(f"{pool_name}{user_id}:{password}".encode()).digest()
    return hashed(padded(salt), identity)


def session_key(shared: int, scrambler: int) -> bytes:
    derived = hmac.digest(padded(scrambler), padded(shared), "sha256")
    return hmac.digest(derived, b"Caldera Derived Key\x01", "sha256")[:16]


def signature(key: bytes, pool_name: str, user_id: str, secret_block: str, timestamp: str) -> str:
    """PASSWORD_CLAIM_SIGNATURE; the secret block is base64."""
    message = f"{pool_name}{user_id}".encode() + b64decode(secret_block) + timestamp.encode()
    return b64encode(hmac.digest(key, message, "sha256")).decode()


def canonical(timestamp: str) -> bool:
    """Whether it is written as Cognito wants it, `EEE MMM d HH:mm:ss z yyyy` in English and UTC: a day with a leading
    zero, or the wrong day of the week, is refused as a wrong password is. Source: github.com/qwigo/warrant, pull
    request 12; github.com/ministackorg/ministack, pull request 1758, measured at AWS."""
    try:
        at = datetime.strptime(timestamp, "%a %b %d %H:%M:%S UTC %Y").replace(tzinfo=UTC)
    except ValueError:
        return False
    return timestamp == f"{_DAYS[at.weekday()]} {_MONTHS[at.month - 1]} {at.day} {at:%H:%M:%S} UTC {at.year}"


class Exchange:
    """One sign-in, from the client's A to its proof. Raises ValueError for an A that would give the secret away."""

    def __init__(self, pool_name: str, user_id: str, password: str, srp_a: str) -> None:
        a = int(srp_a, 16)
        if a % N == 0:
            raise ValueError("SRP_A is a multiple of N")
        self.pool_name, self.user_id = pool_name, user_id
        salt = int.from_bytes(secrets.token_bytes(16), "big")
        b = int.from_bytes(secrets.token_bytes(128), "big")
        verifier = pow(G, private_key(salt, pool_name, user_id, password), N)
        public = (K * verifier + pow(G, b, N)) % N
        scrambler = hashed(padded(a), padded(public))
        self._key = session_key(pow(a * pow(verifier, scrambler, N), b, N), scrambler)
        self.salt, self.srp_b = f"{salt:x}", f"{public:x}"
        self.secret_block = b64encode(secrets.token_bytes(64)).decode()

    def proves(self, claimed_signature: str, secret_block: str, timestamp: str) -> bool:
        if not canonical(timestamp):
            return False
        wanted = signature(self._key, self.pool_name, self.user_id, self.secret_block, timestamp)
        return secret_block == self.secret_block and hmac.compare_digest(wanted, claimed_signature)
