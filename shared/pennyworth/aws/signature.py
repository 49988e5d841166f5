"""Signature Version 4, as AWS's reference describes it and botocore's SigV4Auth does it."""

import hmac
from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from time import gmtime, strftime

from pennyworth.aws.credentials import Credentials

# Proxies may add or change these on the way.
_NOT_SIGNED = frozenset(
    [
        "baggage",
        "connection",
        "expect",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "traceparent",
        "tracestate",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "user-agent",
        "x-amzn-trace-id",
    ]
)
_S3 = "s3"
_PATH_SAFE = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/")


def signed(
    method: str,
    target: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    credentials: Credentials,
    region: str,
    service: str,
    now: float,
) -> dict[str, str]:
    """The headers with date, token and signature. `now`: unix seconds.

    `target` is the path, and query if any, as they go over the wire, percent-encoded. Names of headers are in lower
    case; `host` is among them.
    """
    stamp = strftime("%Y%m%dT%H%M%SZ", gmtime(now))
    payload = sha256(body).hexdigest()
    headers = {**headers, "x-amz-date": stamp}
    if credentials.session_token:
        headers["x-amz-security-token"] = credentials.session_token
    if service == _S3:
        headers["x-amz-content-sha256"] = payload
    names = sorted(headers.keys() - _NOT_SIGNED)
    scope = f"{stamp[:8]}/{region}/{service}/aws4_request"
    signature = _signature(method, target, headers, names, payload, credentials, stamp, scope)
    headers["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={credentials.access_key_id}/{scope}, "
        f"SignedHeaders={';'.join(names)}, Signature={signature}"
    )
    return headers


def presigned(
    method: str,
    target: str,
    headers: Mapping[str, str],
    *,
    credentials: Credentials,
    region: str,
    now: float,
    expires_s: int,
) -> str:
    """The target with a signature in its query: good for whoever has it, for `expires_s` seconds, for S3 alone.

    Whoever uses it must send the very `headers` (names in lower case; `host` is among them), and any body.
    """
    from urllib.parse import quote

    stamp = strftime("%Y%m%dT%H%M%SZ", gmtime(now))
    names = sorted(headers.keys() - _NOT_SIGNED)
    scope = f"{stamp[:8]}/{region}/{_S3}/aws4_request"
    query = {
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": f"{credentials.access_key_id}/{scope}",
        "X-Amz-Date": stamp,
        "X-Amz-Expires": str(expires_s),
        "X-Amz-SignedHeaders": ";".join(names),
    }
    if credentials.session_token:
        query["X-Amz-Security-Token"] = credentials.session_token
    target += "&" if "?" in target else "?"
    target += "&".join(f"{name}={quote(value, safe='-._~')}" for name, value in query.items())
    signature = _signature(method, target, headers, names, "UNSIGNED-PAYLOAD", credentials, stamp, scope)
    return f"{target}&X-Amz-Signature={signature}"


def _signature(
    method: str,
    target: str,
    headers: Mapping[str, str],
    names: list[str],
    payload: str,
    credentials: Credentials,
    stamp: str,
    scope: str,
) -> str:
    """`names`: of the headers signed; `payload`: the body's digest, or what stands for it."""
    _, region, service, _ = scope.split("/")
    path, _, query = target.partition("?")
    # S3 takes a key as it stands: `a//b` and `a/../b` are names of their own.
    canonical = [method, path if service == _S3 else _canonical_path(path), _canonical_query(query) if query else ""]
    canonical += [f"{name}:{' '.join(headers[name].split())}" for name in names]
    canonical += ["", ";".join(names), payload]
    digest = sha256("\n".join(canonical).encode()).hexdigest()
    key = _signing_key(credentials.secret_access_key, stamp[:8], region, service)
    return hmac.digest(key, f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{digest}".encode(), "sha256").hex()


@lru_cache(maxsize=256)
def _signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    """Good for a day: four of a signature's five HMACs."""
    key = f"AWS4{secret}".encode()
    for step in (date, region, service, "aws4_request"):
        key = hmac.digest(key, step.encode(), "sha256")
    return key


@lru_cache(maxsize=256)
def _canonical_path(path: str) -> str:
    """The path encoded once more, so that `%3A` of a model's id becomes `%253A`; dots and empty steps resolved."""
    steps: list[str] = []
    for step in path.split("/"):
        if step == "..":
            del steps[-1:]
        elif step not in ("", "."):
            steps.append(step)
    plain = "/" + "/".join(steps) + ("/" if steps and path.endswith("/") else "")
    return "".join(chr(byte) if byte in _PATH_SAFE else f"%{byte:02X}" for byte in plain.encode())


def _canonical_query(query: str) -> str:
    pairs = sorted(pair.partition("=")[::2] for pair in query.split("&"))
    return "&".join(f"{name}={value}" for name, value in pairs)
