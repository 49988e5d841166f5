"""HTTP plumbing of the services over Powertools' resolver: errors, the caller, request ids, the request's log line."""

import json
import time
from base64 import b64decode
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response

from pennyworth.errors import Problem
from pennyworth.logs import fault, logger
from pennyworth.principal import Principal
from pennyworth.runtime.buffered import buffered
from pennyworth.runtime.deadline import TimeIsUp, in_time
from pennyworth.tracing import subsegment

Event = dict[str, Any]  # API Gateway REST proxy event
Reply = dict[str, Any]  # {statusCode, multiValueHeaders, body: str or an iterable of str, isBase64Encoded}
Handler = Callable[[Event, Any], Reply]


# API Gateway adds these to its own answers only. Keys travel in a header that a page must set by itself, never in a
# cookie, so any origin may ask.
_CORS = {"access-control-allow-origin": ["*"], "access-control-expose-headers": ["*"]}

# What is answered is for the caller alone, whom a cache between us may know by x-api-key, which says nothing to it; and
# what a model wrote is never to be taken for a page.
_PRIVATE = {"cache-control": ["no-store"], "x-content-type-options": ["nosniff"]}

# Not keys of API Gateway's.
_BEGAN_AT = "pennyworth.began"
_LOGGED_ALSO = "pennyworth.log"
_IF_LATE = "pennyworth.late"


def dumps(value: object) -> str:
    """JSON as it goes over the wire: no spaces, no escapes for what UTF-8 can say."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def router() -> APIGatewayRestResolver:
    """A resolver whose every error is one OpenAI-shaped body."""
    app = APIGatewayRestResolver(serializer=dumps, strip_prefixes=["/v1"])
    app.exception_handler(Problem)(_problem)
    app.exception_handler(Exception)(_unexpected)

    @app.not_found
    def unknown_url(_: Exception) -> Response[str]:
        event = app.current_event
        return _problem(Problem("unknown_url", method=event.http_method, path=event.path))

    return app


def principal(event: Event) -> Principal:
    """The caller, from the Lambda authorizer's context. Raises Problem when API Gateway handed none over, or one whose
    key or token expired while the decision was cached."""
    try:
        caller = Principal.from_context(event["requestContext"]["authorizer"])
    except (KeyError, TypeError, ValueError, AttributeError):
        raise Problem("invalid_api_key") from None
    now = time.time()
    if caller.expired(now):
        raise Problem("invalid_api_key")
    return caller.at(now)


def began_at(event: Event) -> float:
    """When the request came, a reading of time.perf_counter: what a line's durations are counted from."""
    at: float = event.get(_BEGAN_AT) or time.perf_counter()
    return at


def log_also(event: Event, fields: Callable[[], dict[str, Any]]) -> None:
    """Let the request's log line say these too. They are read when it is written: after the last byte of a stream."""
    event[_LOGGED_ALSO] = fields


def advise(event: Event, remedy: str) -> None:
    """Let a 504 say this, should the answer not come in the function's time."""
    event[_IF_LATE] = remedy


def content(event: Event) -> str | bytes | None:
    """The request's body, for pennyworth.body to read: it says what is wrong with bytes that are no UTF-8."""
    body: str | None = event.get("body")
    return b64decode(body) if body and event.get("isBase64Encoded") else body


def serve(app: APIGatewayRestResolver) -> Handler:
    """The Lambda handler of a service."""

    def handler(event: Event, context: Any) -> Reply:
        started_at = event[_BEGAN_AT] = time.perf_counter()
        request_id = event["requestContext"]["requestId"]
        with subsegment(f"{event['httpMethod']} {event.get('resource')}") as span:
            reply = _resolved(app, event, context, started_at)
            span.put_annotation("status", reply["statusCode"])
            span.put_annotation("user_id", _caller(event).get("user_id"))
        own = {name.lower() for name in reply["multiValueHeaders"]}
        private = {name: value for name, value in _PRIVATE.items() if name not in own}
        reply["multiValueHeaders"] |= {"x-request-id": [request_id], **_CORS, **private}
        body = reply["body"]
        if isinstance(body, str | bytes | None):
            _log(event, reply["statusCode"], started_at)
        else:
            reply["body"] = _logged(body, event, started_at)
        return reply

    return buffered(handler)


def late(event: Event, started_at: float) -> Problem:
    """What is answered when the function's time is up; `started_at` is a reading of time.perf_counter."""
    limit = f"{time.perf_counter() - started_at:.0f} s"
    return Problem("gateway_timeout", limit=limit, reason=event.get(_IF_LATE, "Ask for less."))


def _resolved(app: APIGatewayRestResolver, event: Event, context: Any, started_at: float) -> Reply:
    """The route's reply. One that does not come in the function's time is a Problem, while a status can be chosen."""
    try:
        with in_time():
            reply: Reply = app.resolve(event, context)
            return reply
    except TimeIsUp:
        problem = late(event, started_at)
        headers = {"Content-Type": "application/json", **problem.headers}
        return {
            "statusCode": problem.status,
            "multiValueHeaders": {name: [value] for name, value in headers.items()},
            "body": dumps(problem.body),
            "isBase64Encoded": False,
        }


def _logged(chunks: Iterable[str], event: Event, started_at: float) -> Iterator[str]:
    """The same chunks; the request's log line when they end, however they end."""
    status = 200
    first_at = None
    try:
        for chunk in chunks:
            first_at = first_at or time.perf_counter()
            yield chunk
    except GeneratorExit:
        status = 499  # the client hung up; nginx's number for it
        raise
    except BaseException:
        status = 500
        raise
    finally:
        if hasattr(chunks, "close"):
            chunks.close()
        extra: dict[str, Any] = {} if first_at is None else {"first_byte_ms": round((first_at - started_at) * 1e3, 1)}
        _log(event, status, started_at, **extra)


def _log(event: Event, status: int, started_at: float, **extra: Any) -> None:
    caller = _caller(event)
    fields = event.get(_LOGGED_ALSO)
    logger.info(
        "request",
        request_id=event["requestContext"]["requestId"],
        method=event["httpMethod"],
        route=event.get("resource"),
        status=status,
        duration_ms=round((time.perf_counter() - started_at) * 1e3, 1),
        user_id=caller.get("user_id"),
        key_id=caller.get("key_id"),
        group=caller.get("group"),
        **(fields() if fields else {}),
        **extra,
    )


def _caller(event: Event) -> dict[str, Any]:
    """user_id and key_id as far as they are known: the Lambda authorizer's context, or Cognito's claims."""
    context: dict[str, Any] = event["requestContext"].get("authorizer") or {}
    return {"user_id": context["claims"].get("sub")} if "claims" in context else context


def _problem(problem: Problem) -> Response[str]:
    return Response(problem.status, "application/json", dumps(problem.body), headers=dict(problem.headers))


def _unexpected(error: Exception) -> Response[str]:
    fault("unexpected error", error)
    return _problem(Problem("internal_error"))
