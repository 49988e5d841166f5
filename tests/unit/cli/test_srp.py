"""The client's half of SRP: by AWS's own vectors, and against the server's half of the stand-in, written apart."""

import base64
import hmac
from datetime import UTC, datetime

import pytest

from local.aws import srp as server
from pennyworth_cli.srp import DishonestServerError, Exchange, N, timestamp

# The unit test of aws-sdk-net-extensions-cognito, which amplify-flutter has as well (srp_helper_test.dart).
POOL, USER, PASSWORD = "Pj8nlkpKR", "User5", "Password1!"
SALT = "b704a27deb8cf5efec43a40eac5b60d2"
SECRET = int.from_bytes(bytes([2]) * 1023 + b"\0")
SRP_B = (
    "8d340308265ada665b1b2c730fb65ff0b6dc746b63c2d7e9f08b8aa9306d4848268bc0c17ee4a2999173ca62af59fd74"
    "ba5d00f16c96bea082b163f2c3a0b745455d62cb9577425b4b5d4dadba163a8e7759a7c0256795f464682770588c84e8"
    "2f2c63d4701751476da8e8a7b1a131e78560fe7b56b6761fcef88dcc486f403369a0cac2f04c25ed6d5e08b5a2f48850"
    "0a0d5af4972cfa1213bfca37bbae189c8d58465b13193204f21ea01d267c7688e6e6cb5d3f5a8005db680d272308ee82"
    "3816032dd2c8fc3b95b6fd0a742feb127e3d094cd002a5e6b209415ff82f6abf50d5da43910a0336e9a6fc33dd101bf1"
    "3f22f13fcb3ea3809aae4917d7c426fb8c0a894030c75d3e15f0e1078a9d89e5154391cde6111ac14fab9fa3b3a880da"
    "7dbd47fd5a055937581d26b5d225c076e82f980dcbd77b3950d270d8b622dca9c9bcd8fd6435a59b9690b3c9e2bdabf5"
    "8cae3420c19066abc420145b1b66f226a6493c96588c2d53b637798fcaa573379f2251848065fe1fafb68ed5e79135e9"
)
KEY = "LmbBsy/4chqMRYOhmtmCrA=="
BLOCK = "iZY+s7lYj4/5me1dgBZ9QR0vYOoatfBhec3Rc3kqPFAGIWAwxmaoXkOR1+kEvm0A"
AT = datetime(2017, 6, 15, 7, tzinfo=UTC)


def challenge(**other):
    return {"USER_ID_FOR_SRP": USER, "SALT": SALT, "SRP_B": SRP_B, "SECRET_BLOCK": BLOCK} | other


def test_the_key_is_the_one_of_awss_own_test():

    proof = Exchange(POOL, SECRET).proof(challenge(), PASSWORD, AT)
    message = f"{POOL}{USER}".encode() + base64.b64decode(BLOCK) + b"Thu Jun 15 07:00:00 UTC 2017"
    wanted = hmac.digest(base64.b64decode(KEY), message, "sha256")
    assert proof["PASSWORD_CLAIM_SIGNATURE"] == base64.b64encode(wanted).decode()
    assert proof["TIMESTAMP"] == "Thu Jun 15 07:00:00 UTC 2017"


@pytest.mark.parametrize("attempt", range(20))
def test_the_servers_half_takes_the_right_password_and_no_other(attempt):
    """Twenty times, for numbers whose first byte is zero or has its first bit set."""
    client = Exchange("pool", None)
    other = server.Exchange("pool", "user", "päss wörd", client.srp_a)
    asked = {"USER_ID_FOR_SRP": "user", "SALT": other.salt, "SRP_B": other.srp_b, "SECRET_BLOCK": other.secret_block}

    def proves(password):
        proof = client.proof(asked, password)
        claimed = proof["PASSWORD_CLAIM_SIGNATURE"], proof["PASSWORD_CLAIM_SECRET_BLOCK"], proof["TIMESTAMP"]
        return other.proves(*claimed)

    assert proves("päss wörd")
    assert not proves("päss word")


@pytest.mark.parametrize("srp_b", ["0", f"{N:x}", f"{2 * N:x}"])
def test_a_server_that_would_learn_about_the_password_is_told_nothing(srp_b):
    with pytest.raises(DishonestServerError):
        Exchange(POOL, SECRET).proof(challenge(SRP_B=srp_b), PASSWORD, AT)


def test_every_attempt_draws_a_secret_of_its_own():
    assert Exchange(POOL).srp_a != Exchange(POOL).srp_a


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (datetime(2023, 9, 5, 6, 7, 8, tzinfo=UTC), "Tue Sep 5 06:07:08 UTC 2023"),
        (datetime(2026, 11, 23, 0, 0, tzinfo=UTC), "Mon Nov 23 00:00:00 UTC 2026"),
    ],
)
def test_the_time_is_written_as_cognito_reads_it(at, text):
    assert timestamp(at) == text
    assert server.canonical(text)
