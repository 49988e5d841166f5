"""Who calls: the SigV4 header of a request, and what can be checked of it.

Without knowledge of access keys only the header's form, scope and date can be judged. With it (`--aws-url`) the
signature itself is, by botocore's own signer.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest, HTTPHeaders
from botocore.credentials import Credentials
from starlette.requests import Request

from local.bedrock.catalogue import ACCOUNT
from local.bedrock.errors import AwsError
from local.bedrock.identities import Identities, Identity

AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[\w-]+)/(?P<date>\d{8})/(?P<region>[a-z0-9-]+)/(?P<service>[a-z0-9-]+)"
    r"/aws4_request,\s*SignedHeaders=(?P<signed>[a-z0-9;-]+),\s*Signature=(?P<signature>[0-9a-f]{64})"
)
TIMESTAMP = "%Y%m%dT%H%M%SZ"
TOLERANCE = timedelta(minutes=5)
MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
    "and signing method. Consult the service documentation for details."
)
BAD_TOKEN = "The security token included in the request is invalid."  # noqa: S105 (a message, not a secret)


@dataclass(frozen=True)
class Caller:
    access_key_id: str
    region: str
    identity: Identity | None  # unknown without --aws-url

    @property
    def account(self) -> str:
        return self.identity.arn.split(":")[4] if self.identity else ACCOUNT


async def caller(request: Request, body: bytes, identities: Identities | None) -> Caller:
    """Who signed this request; AwsError with status 403 when nobody did, or not well."""
    header = request.headers.get("authorization", "")
    if not header:
        raise refused("MissingAuthenticationTokenException", "Missing Authentication Token")
    if header.startswith("Bearer "):
        raise refused("AccessDeniedException", "Authentication failed: Please make sure your API Key is valid.")
    parts = AUTHORIZATION.fullmatch(header)
    if not parts:
        raise refused(
            "IncompleteSignatureException", "Authorization header is not a complete AWS4-HMAC-SHA256 signature."
        )
    if parts["service"] != "bedrock":
        raise mismatch("Credential should be scoped to correct service: 'bedrock'.")
    if not re.fullmatch(r"[a-z]{2,}(-[a-z]+)+-\d", parts["region"]):
        raise mismatch("Credential should be scoped to a valid region.")
    check_date(request.headers.get("x-amz-date", ""), parts["date"], datetime.now(UTC))
    check_signed_headers(request, parts["signed"].split(";"))
    check_body_hash(request, body)
    identity = None
    if identities:
        identity = await identities.of(parts["key"])
        check_signature(request, body, parts, identity)
    return Caller(parts["key"], parts["region"], identity)


def refused(code: str, message: str) -> AwsError:
    return AwsError(code, message, 403)


def mismatch(message: str) -> AwsError:
    return refused("InvalidSignatureException", message)


def check_date(stamp: str, scope_date: str, now: datetime) -> None:
    try:
        signed_at = datetime.strptime(stamp, TIMESTAMP).replace(tzinfo=UTC)
    except ValueError as error:
        message = "Authorization header requires existence of an 'X-Amz-Date' header in the form 20060102T150405Z."
        raise refused("IncompleteSignatureException", message) from error
    if stamp[:8] != scope_date:
        raise mismatch(f"Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date: {scope_date}")
    if signed_at < now - TOLERANCE:
        edge = (now - TOLERANCE).strftime(TIMESTAMP)
        raise mismatch(f"Signature expired: {stamp} is now earlier than {edge} ({now.strftime(TIMESTAMP)} - 5 min.)")
    if signed_at > now + TOLERANCE:
        edge = (now + TOLERANCE).strftime(TIMESTAMP)
        raise mismatch(
            f"Signature not yet current: {stamp} is still later than {edge} ({now.strftime(TIMESTAMP)} + 5 min.)"
        )


def check_signed_headers(request: Request, signed: list[str]) -> None:
    """`host` and every x-amz- header that was sent are signed, and all that is signed was sent."""
    needed = {"host", *(name for name in request.headers if name.startswith("x-amz-"))}
    if missing := sorted(needed - set(signed)):
        raise mismatch(f"There were headers present in the request which were not signed: {', '.join(missing)}")
    if absent := [name for name in signed if name not in request.headers]:
        raise mismatch(f"Signed headers are missing from the request: {', '.join(absent)}")


def check_body_hash(request: Request, body: bytes) -> None:
    stated = request.headers.get("x-amz-content-sha256")
    if stated and stated != hashlib.sha256(body).hexdigest():
        raise mismatch(MISMATCH)


def check_signature(request: Request, body: bytes, parts: re.Match[str], identity: Identity) -> None:
    if (identity.session_token or "") != request.headers.get("x-amz-security-token", ""):
        raise refused("UnrecognizedClientException", BAD_TOKEN)
    credentials = Credentials(parts["key"], identity.secret_access_key)
    signer = Verifier(credentials, parts["region"], parts["signed"].split(";"))
    if not hmac.compare_digest(signer.expected(request, body), parts["signature"]):
        raise mismatch(MISMATCH)


class Verifier(SigV4Auth):
    """botocore's signer, made to sign what somebody else chose to sign."""

    def __init__(self, credentials: Credentials, region: str, signed: list[str]) -> None:
        super().__init__(credentials, "bedrock", region)
        self.signed = signed

    def headers_to_sign(self, request: AWSRequest) -> Any:
        headers = HTTPHeaders()
        for name in self.signed:
            headers[name] = request.headers[name]
        return headers

    def expected(self, request: Request, body: bytes) -> str:
        path = request.scope["raw_path"].decode()
        url = f"http://{request.headers['host']}{path}?{request.scope['query_string'].decode()}"
        copy = AWSRequest(request.method, url, dict(request.headers), body)
        copy.context["timestamp"] = request.headers["x-amz-date"]
        return self.signature(self.string_to_sign(copy, self.canonical_request(copy)), copy)
