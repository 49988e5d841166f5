"""The edge to inference: the `openai` function, invoked through Lambda's API on behalf of a caller.

The event it gets is the one API Gateway would have made, with the caller's own authorizer context, so that policy,
metering and audit happen there, once. See docs/decisions/0003-mcp-calls-inference-through-lambda.md.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote

from pennyworth.errors import Problem
from pennyworth.http import Event, dumps
from pennyworth.logs import logger
from pennyworth.settings import settings
from services.mcp.reply import Reply, StreamEvent, unwrapped

if TYPE_CHECKING:
    from pennyworth.aws import Aws

# What a service may read of any request's context. The rest (resourceId, …) names the route to /mcp.
_CONTEXT = (
    *("accountId", "apiId", "authorizer", "domainName", "domainPrefix", "extendedRequestId", "identity", "protocol"),
    *("requestId", "requestTime", "requestTimeEpoch", "stage"),
)

_PROBLEMS = {
    "Timeout": "timeout",
    "TooManyRequestsException": "rate_limit_exceeded",
    "RequestTooLargeException": "request_too_large",
}


class Events(Protocol):
    """pennyworth.aws.Events, or a generator."""

    def __iter__(self) -> Iterator[StreamEvent]: ...
    def close(self) -> None: ...


class Stream(Protocol):
    """pennyworth.aws.Aws.stream, as far as it is used here."""

    def __call__(self, service: str, path: str, payload: bytes, *, deadline: float) -> Events: ...


def through_lambda(service: str, path: str, payload: bytes, *, deadline: float) -> Events:
    return lambda_api().stream(service, path, payload, deadline=deadline)


@cache
def lambda_api() -> "Aws":
    """One for the process, since it keeps its connections; made at first use, since a list of tools needs none."""
    from pennyworth.aws import Aws
    from pennyworth.tracing import subsegment

    return Aws(settings().region, span=partial(subsegment, namespace="aws"))


@dataclass(frozen=True, slots=True)
class Inference:
    """Requests to the `openai` function for the caller of `event`, all to be answered by `ends_at`."""

    event: Event  # what API Gateway handed this function
    function: str  # name or ARN of the openai function, with its alias
    ends_at: float  # on `clock`
    stream: Stream = through_lambda
    clock: Callable[[], float] = time.monotonic

    def __call__(self, method: str, path: str, body: Mapping[str, Any] | None) -> Reply:
        """The reply, read up to its status. Raises Problem, here or while its body is read: timeout once time has run
        out, else what keeps the function from answering."""
        return unwrapped(self._events(dumps(proxy_event(self.event, method, path, body)).encode()))

    def _events(self, payload: bytes) -> Iterator[StreamEvent]:
        from pennyworth.aws import AwsError

        path = f"/2021-11-15/functions/{quote(self.function, safe='')}/response-streaming-invocations"
        try:
            self._check_time()
            with closing(self.stream("lambda", path, payload, deadline=self.ends_at)) as events:
                for event in events:
                    yield event
                    self._check_time()
        except AwsError as error:
            logger.error("the openai function gave no answer", aws_code=error.code, aws_status=error.status)
            raise Problem(_PROBLEMS.get(error.code, "service_unavailable"), limit="6 MB") from None

    def _check_time(self) -> None:
        if self.clock() >= self.ends_at:
            raise Problem("timeout")


def proxy_event(event: Event, method: str, path: str, body: Mapping[str, Any] | None) -> Event:
    """API Gateway's proxy event for another route of the same API, by the same caller.

    The caller's headers stay behind, above all the token: the authorizer's verdict on it is what goes along.
    """
    context = event["requestContext"]
    headers = {"accept": "*/*", "content-type": "application/json"}
    return {
        "resource": path,
        "path": path,
        "httpMethod": method,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": None,
        "stageVariables": event.get("stageVariables"),
        "requestContext": {
            **{name: context[name] for name in _CONTEXT if name in context},
            "resourcePath": path,
            "httpMethod": method,
            "path": f"/{context['stage']}{path}",
        },
        "body": None if body is None else dumps(body),
        "isBase64Encoded": False,
    }
