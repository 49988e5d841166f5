"""What AWS says when it refuses, in one exception whichever protocol it came by."""

import json
from collections.abc import Mapping
from math import ceil
from typing import Any


class AwsError(Exception):
    """AWS refused, or no answer came.

    `code` is the exception's name as AWS's API reference writes it (`ThrottlingException`), `ConnectionError` or
    `Timeout` when the transport failed, or the status as text when the answer named no exception. `status` is the HTTP
    status; 0 when the transport failed or the exception came inside a stream. `message` is AWS's text: for logs and
    decisions, never for clients. `error` is the error object of an answer in OpenAI's form, which Bedrock has too.
    """

    error: Mapping[str, Any] | None = None

    def __init__(
        self, code: str, status: int = 0, message: str = "", *, retry_after_s: int | None = None, request_id: str = ""
    ) -> None:
        self.code, self.status, self.message = code, status, message
        self.retry_after_s, self.request_id = retry_after_s, request_id
        super().__init__(code, status, message)


class TransportError(AwsError):
    """No whole answer came. `sent`: AWS may have seen the request. `answered`: some of a reply arrived."""

    def __init__(self, code: str, message: str, *, sent: bool, answered: bool = False) -> None:
        super().__init__(code, message=message)
        self.sent, self.answered = sent, answered


def refusal(status: int, headers: Mapping[str, str], body: bytes) -> AwsError:
    """The error in an answer; header names are in lower case."""
    code, message, request_id = _from_xml(body) if body.lstrip()[:1] == b"<" else _from_json(headers, body)
    refused = AwsError(
        code or str(status),
        status,
        message,
        retry_after_s=_retry_after_s(headers),
        request_id=headers.get("x-amzn-requestid") or headers.get("x-amz-request-id") or request_id,
    )
    refused.error = _openais(body)
    return refused


def exception(headers: Mapping[str, Any], payload: bytes) -> AwsError:
    """The error in an event-stream message of type `exception` (modelled, named in camelCase) or `error`."""
    if headers.get(":message-type") == "error":
        return AwsError(_pascal(str(headers.get(":error-code", ""))), message=str(headers.get(":error-message", "")))
    _, message, _ = _from_json({}, payload)
    return AwsError(_pascal(str(headers.get(":exception-type", ""))), message=message)


def _from_json(headers: Mapping[str, str], body: bytes) -> tuple[str, str, str]:
    text = body.decode("utf-8", "replace")
    try:
        document = json.loads(text or "{}")
    except ValueError:
        document = {"message": text}
    if not isinstance(document, dict):
        document = {"message": text}
    code = headers.get("x-amzn-errortype") or document.get("__type") or document.get("code") or document.get("Code")
    # "com.amazonaws.ssm#ParameterNotFound" and "ValidationException:http://internal.amazon.com/coral/…" name the same
    # kind of thing.
    name = str(code or "").split(":", 1)[0].rsplit("#", 1)[-1]
    return name, str(document.get("message") or document.get("Message") or ""), ""


def _openais(body: bytes) -> Mapping[str, Any] | None:
    if b'"error"' not in body:
        return None
    try:
        error = json.loads(body)["error"]
    except (ValueError, KeyError, TypeError):
        return None
    return error if isinstance(error, dict) else None


def _from_xml(body: bytes) -> tuple[str, str, str]:
    from pennyworth.aws.xml import leaves  # only STS speaks it

    try:
        document = leaves(body)
    except ValueError:  # a proxy's HTML page
        return "", body.decode("utf-8", "replace"), ""
    return document.get("Code", ""), document.get("Message", ""), document.get("RequestId", "")


def _retry_after_s(headers: Mapping[str, str]) -> int | None:
    """Whole seconds, rounded up. AWS's own header counts milliseconds. A date is no form any AWS service sends."""
    for name, unit in (("retry-after", 1), ("x-amz-retry-after", 1000)):
        value = headers.get(name, "").strip()
        if value.isascii() and value.isdigit() and len(value) < 9:
            return ceil(int(value) / unit)
    return None


def _pascal(code: str) -> str:
    return code[:1].upper() + code[1:]
