"""Whether a request is its principal's to make: IAM's word in front of moto, which asks nobody.

Judged are the sessions of roles and the keys of IAM users. Any other access key is the account's own, as in moto: it is
what `make run`, Terraform and a developer's shell sign with.
"""

import hmac
import json
import sys
from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from local.aws.access_keys import TEMPORARY, Owner, owner
from local.aws.actions import Asked, Need, needs, place
from local.aws.policy import access, denied

_REQUEST_ID = "4442587FB7D0A2F9"


class Answer(NamedTuple):
    status: str
    headers: list[tuple[str, str]]
    body: bytes


class Judged(NamedTuple):
    """A request of somebody who is known."""

    asked: Asked
    owner: Owner

    def reason(self, need: Need) -> str | None:
        found = access(self.owner.policies, self.owner.boundary, self.owner.tags)
        return found.refusal(need.action, need.resource, {**need.context, **_resource_tags(self.asked, need)})

    def refusal(self) -> Answer | None:
        for need in needs(self.asked):
            if reason := self.reason(need):
                return self.denial(need, reason)
        return None

    def denial(self, need: Need, reason: str) -> Answer:
        resource = f'"{need.resource}"' if self.asked.service == "s3" else need.resource
        return _answer(self.asked, "AccessDenied", denied(self.owner.arn, need.action, resource, reason))

    def absence(self) -> Answer | None:
        """What S3 says of an object that is not there to who may not list the bucket: whether it is, is not theirs to
        know. Source: Amazon S3 API reference, GetObject and HeadObject (read 2026-11)."""
        bucket, key = place(self.asked)
        if self.asked.service != "s3" or self.asked.method not in ("GET", "HEAD") or not key:
            return None
        need = Need("s3:ListBucket", f"arn:aws:s3:::{bucket}")
        reason = self.reason(need)
        return self.denial(need, reason) if reason else None


def _resource_tags(asked: Asked, need: Need) -> dict[str, str]:
    """The condition keys of the tags that an API key or a usage plan has."""
    gateway = sys.modules.get("local.aws.rest_api")  # imported when API Gateway is first asked
    if asked.service != "apigateway" or gateway is None:
        return {}
    backend = gateway.apigateway_backends[asked.account][asked.region]
    tags = backend.tags(need.resource.rpartition("::")[2])
    return {f"aws:resourcetag/{key}".lower(): value for key, value in tags.items()}


def judged(environ: Mapping[str, Any], body: bytes) -> Judged | Answer | None:
    """Who asks for what; the answer to who shows a session that there is not; None for what is the account's own."""
    asked, key, token = _read(environ, body)
    if not key:
        return _anonymous(asked)
    found = owner(key)
    if found is None:
        gone = "The security token included in the request is expired or was never given."
        return _answer(asked, "ExpiredToken", gone) if key.startswith(TEMPORARY) else None
    if not hmac.compare_digest(found.session_token or "", token):
        return _answer(asked, "InvalidToken", "The security token included in the request is invalid.")
    return Judged(replace(asked, account=found.arn.split(":")[4]), found)


def _anonymous(asked: Asked) -> Answer | None:
    """Of a bucket nothing is everybody's, and the signatures before version 4 are nobody's. A preflight has none."""
    s3 = sys.modules.get("moto.s3.models")  # imported when S3 is first asked
    bucket, _ = place(asked)
    known = s3 and any(bucket in each.buckets for regions in s3.s3_backends.values() for each in regions.values())
    if not known or asked.method == "OPTIONS":
        return None
    asked = replace(asked, service="s3")
    if "AWSAccessKeyId=" in asked.query or asked.headers.get("authorization", "").startswith("AWS "):
        told = "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256."
        return _answer(asked, "InvalidRequest", told, HTTPStatus.BAD_REQUEST)
    return _answer(asked, "AccessDenied", "Access Denied")


def _read(environ: Mapping[str, Any], body: bytes) -> tuple[Asked, str, str]:
    """The request, the access key it shows in its header or as a presigned URL, and the session's token."""
    headers = {name[5:].lower().replace("_", "-"): str(environ[name]) for name in environ if name.startswith("HTTP_")}
    headers["content-type"] = environ.get("CONTENT_TYPE", "")
    query = {name: values[0] for name, values in parse_qs(environ.get("QUERY_STRING", "")).items()}
    scope = headers.get("authorization", "").partition("Credential=")[2].partition(",")[0].strip()
    key, _, region, service, *_ = [*(scope or query.get("X-Amz-Credential", "")).split("/"), *[""] * 4]
    token = headers.get("x-amz-security-token") or query.get("X-Amz-Security-Token", "")
    path = environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace")
    method, host = environ["REQUEST_METHOD"], headers.get("host", "")
    return Asked(service, region, "", method, host, path, environ.get("QUERY_STRING", ""), headers, body), key, token


# What AWS's protocols call them: JSON by the name of an exception, with its own status.
_JSON = {"AccessDenied": "AccessDeniedException", "ExpiredToken": "ExpiredTokenException"}


def _answer(asked: Asked, code: str, message: str, status: HTTPStatus = HTTPStatus.FORBIDDEN) -> Answer:
    if asked.service == "s3":
        text = f"<Code>{code}</Code><Message>{escape(message)}</Message><RequestId>{_REQUEST_ID}</RequestId>"
        return _told(status, "application/xml", f"<Error>{text}</Error>", asked)
    if "x-amz-target" in asked.headers:
        name = _JSON.get(code, "UnrecognizedClientException")
        text = json.dumps({"__type": name, "Message": message, "message": message})
        return _told(HTTPStatus.BAD_REQUEST, "application/x-amz-json-1.1", text, asked)
    if asked.service == "apigateway":
        name = _JSON.get(code, "UnrecognizedClientException")
        answer = _told(status, "application/json", json.dumps({"message": message}), asked)
        return answer._replace(headers=[*answer.headers, ("x-amzn-ErrorType", name)])
    text = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
    text = f"<ErrorResponse>{text}<RequestId>{_REQUEST_ID}</RequestId></ErrorResponse>"
    return _told(status, "text/xml", text, asked)


def _told(status: HTTPStatus, kind: str, text: str, asked: Asked) -> Answer:
    body = b"" if asked.method == "HEAD" else text.encode()
    headers = [("Content-Type", kind), ("Content-Length", str(len(body))), ("x-amzn-RequestId", _REQUEST_ID)]
    return Answer(f"{status.value} {status.phrase}", headers, body)
