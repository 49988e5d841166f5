"""Our signatures are botocore's, byte for byte, and those AWS published."""

import datetime
from unittest.mock import patch

import pytest
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials
from hypothesis import given
from hypothesis import strategies as st

from pennyworth.aws import Credentials
from pennyworth.aws.signature import presigned, signed

PRINTABLE = "".join(map(chr, range(33, 127)))
paths = st.text(PRINTABLE.replace("?", "").replace("#", ""), max_size=60).map("/{}".format) | st.sampled_from(
    [
        "/",
        "//",
        "/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse",
        "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Aapplication-inference-profile%2Fab12/converse-stream",
        "/model/a:b%2Fc/invoke",
        "/a/./b/../../c//d/",
        "/..",
        "/é/ü",
    ]
)
words = st.text(PRINTABLE.replace("&", "").replace("=", "").replace("#", ""), max_size=12)
queries = st.lists(st.tuples(words, words) | words.map(lambda word: (word,)), max_size=5).map(
    lambda pairs: "&".join("=".join(pair) for pair in pairs)
)
names = st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=20) | st.sampled_from(
    ["user-agent", "x-amzn-trace-id", "connection", "traceparent", "x-amz-target", "content-type"]
)
headers = st.dictionaries(
    names.filter(lambda name: name not in ("host", "date", "x-amz-date", "authorization", "x-amz-content-sha256")),
    st.text(PRINTABLE + " \t", max_size=30),
    max_size=5,
)
secrets = st.text(PRINTABLE, min_size=1, max_size=60)
moments = st.datetimes(datetime.datetime(2020, 1, 1), datetime.datetime(2037, 1, 1))


@given(
    st.sampled_from(["GET", "POST", "PUT"]),
    paths,
    queries,
    headers,
    st.binary(max_size=200),
    secrets,
    secrets,
    st.just("") | secrets,
    st.sampled_from(["us-east-1", "us-gov-west-1", "cn-north-1"]),
    st.sampled_from(["bedrock", "cognito-idp", "s3", "ssm"]),
    moments,
)
def test_the_headers_are_botocores(
    method: str,
    path: str,
    query: str,
    extra: dict[str, str],
    body: bytes,
    key_id: str,
    secret: str,
    token: str,
    region: str,
    service: str,
    moment: datetime.datetime,
) -> None:
    target = f"{path}?{query}" if query else path
    moment = moment.replace(tzinfo=datetime.UTC)
    theirs = AWSRequest(method, f"https://host.example.com{target}", dict(extra), body)
    with patch("botocore.auth.get_current_datetime", lambda: moment):
        auth = S3SigV4Auth if service == "s3" else SigV4Auth
        auth(BotoCredentials(key_id, secret, token or None), service, region).add_auth(theirs)
    ours = signed(
        method,
        target,
        {**extra, "host": "host.example.com"},
        body,
        credentials=Credentials(key_id, secret, token),
        region=region,
        service=service,
        now=moment.timestamp(),
    )
    for name in ("authorization", "x-amz-content-sha256", "x-amz-date", "x-amz-security-token"):
        assert ours.get(name) == theirs.headers.get(name)


unreserved = st.text("abcXYZ019-._~", min_size=1, max_size=12)


@given(
    st.sampled_from(["GET", "PUT"]),
    st.lists(unreserved, max_size=4).map(lambda steps: "/" + "/".join(steps)),
    st.dictionaries(unreserved, unreserved, max_size=3),
    st.just({}) | st.just({"content-length": "5"}),
    st.text("ABCXYZ019", min_size=1, max_size=20),
    secrets,
    st.just("") | secrets,
    moments,
    st.integers(1, 604800),
)
def test_presigned_urls_are_botocores(
    method: str,
    path: str,
    query: dict[str, str],
    extra: dict[str, str],
    key_id: str,
    secret: str,
    token: str,
    moment: datetime.datetime,
    expires_s: int,
) -> None:
    target = path + ("?" + "&".join(map("=".join, query.items())) if query else "")
    moment = moment.replace(tzinfo=datetime.UTC)
    theirs = AWSRequest(method, f"https://host.example.com{target}", dict(extra))
    with patch("botocore.auth.get_current_datetime", lambda: moment):
        S3SigV4QueryAuth(BotoCredentials(key_id, secret, token or None), "s3", "us-east-1", expires_s).add_auth(theirs)
    ours = presigned(
        method,
        target,
        {**extra, "host": "host.example.com"},
        credentials=Credentials(key_id, secret, token),
        region="us-east-1",
        now=moment.timestamp(),
        expires_s=expires_s,
    )
    assert f"https://host.example.com{ours}" == theirs.url


TOKEN = "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267"
STS_TOKEN = (
    "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwt"
    "hAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVX"
    "AkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=="
)
FORM = {
    "content-type": "application/x-www-form-urlencoded",
    "content-length": "13",
    "x-amz-content-sha256": "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e",
}
UNRESERVED = "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

# Requests and signatures of AWS's SigV4 test suite (aws-c-auth, tests/aws-signing-test-suite/v4), by its names.
PUBLISHED = {
    "get-vanilla": ("GET /", {}, b"", "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
    "post-vanilla": ("POST /", {}, b"", "", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
    "get-vanilla-query-order-key-case": (
        "GET /?Param2=value2&Param1=value1",
        {},
        b"",
        "",
        "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
    ),
    "get-vanilla-query-unreserved": (
        f"GET /?{UNRESERVED}={UNRESERVED}",
        {},
        b"",
        "",
        "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197",
    ),
    "get-vanilla-with-session-token": (
        "GET /",
        {},
        b"",
        TOKEN,
        "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8",
    ),
    "post-sts-header-before": (
        "POST /",
        {},
        b"",
        STS_TOKEN,
        "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead",
    ),
    "post-header-key-sort": (
        "POST /",
        {"my-header1": "value1"},
        b"",
        "",
        "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c",
    ),
    "get-header-value-trim": (
        "GET /",
        {"my-header1": " value1", "my-header2": ' "a   b   c"'},
        b"",
        "",
        "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
    ),
    "get-utf8": ("GET /ሴ", {}, b"", "", "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"),
    "get-space-unnormalized": (
        "GET /example space/",
        {},
        b"",
        "",
        "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741",
    ),
    "get-slash-dot-slash-normalized": (
        "GET /./",
        {},
        b"",
        "",
        "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
    ),
    "get-slashes-normalized": (
        "GET //example//",
        {},
        b"",
        "",
        "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84",
    ),
    "get-relative-normalized": (
        "GET /example/..",
        {},
        b"",
        "",
        "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
    ),
    "post-x-www-form-urlencoded": (
        "POST /",
        FORM,
        b"Param1=value1",
        "",
        "d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b",
    ),
}


@pytest.mark.parametrize(("request_line", "extra", "body", "token", "signature"), PUBLISHED.values(), ids=PUBLISHED)
def test_the_signatures_are_those_aws_published(
    request_line: str, extra: dict[str, str], body: bytes, token: str, signature: str
) -> None:
    method, _, target = request_line.partition(" ")
    headers = signed(
        method,
        target,
        {"host": "example.amazonaws.com", **extra},
        body,
        credentials=Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", token),
        region="us-east-1",
        service="service",
        now=datetime.datetime(2015, 8, 30, 12, 36, tzinfo=datetime.UTC).timestamp(),
    )
    assert headers["authorization"].endswith(f"Signature={signature}")
