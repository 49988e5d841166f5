"""AWS's APIs by their wire protocols, signed, retried, and no more."""

import os
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from math import inf
from typing import Any, TypeVar

from pennyworth.aws.connection import Response
from pennyworth.aws.credentials import UNSIGNED, Credentials, environment_credentials
from pennyworth.aws.endpoint import Endpoint, endpoint
from pennyworth.aws.error import AwsError, TransportError, refusal
from pennyworth.aws.events import Events
from pennyworth.aws.message import Payload, Reply, Request, content, document, dumps, head, json_headers, unreadable
from pennyworth.aws.pieces import Pieces
from pennyworth.aws.pool import Pool
from pennyworth.aws.retry import SKEWED, wait_s
from pennyworth.aws.signature import presigned, signed

_MAX_REPLY = 32 * 1024 * 1024  # InvokeModel answers 25 MB at most, Lambda 6 MB
_MAX_REFUSAL = 1024 * 1024
_READS = ("AdminGet", "AdminList", "Get", "List", "Describe")  # operations that may be repeated
_SKEW_S = 60  # clocks that differ by less were not why AWS refused

_T = TypeVar("_T")


class Aws:
    """One per process; threads may share it. Every call raises AwsError.

    `credentials` is asked whenever a call brings none of its own. `timeout_s` bounds a call with all its retries; for
    a stream, the time until it is open, and then each wait for more. `span` is entered with the service's name around
    each call.
    """

    def __init__(
        self,
        region: str,
        credentials: Callable[[], Credentials] = environment_credentials,
        environ: Mapping[str, str] = os.environ,
        *,
        retries: int = 2,
        connect_timeout_s: float = 3.0,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
        random: Callable[[], float] | None = None,
        span: Callable[[str], AbstractContextManager[object]] = nullcontext,
    ) -> None:
        self.region = region
        self._credentials, self._environ = credentials, environ
        self._retries, self._clock, self._sleep = retries, clock, sleep
        self._random = random or _random
        self._span = span
        self._pool = Pool(environ, connect_timeout_s, clock)
        self._endpoints: dict[tuple[str, str], Endpoint] = {}
        self._skew_s = 0.0  # AWS's clock less ours, once AWS has complained

    def json(
        self,
        service: str,
        operation: str,
        payload: Mapping[str, Any],
        *,
        credentials: Credentials | None = None,
        timeout_s: float = 8.0,
    ) -> dict[str, Any]:
        """AWS JSON 1.1: cognito-idp, cognito-identity, logs, ssm. Members as in the API reference."""
        target = f"{self._endpoint(service).service.target}.{operation}"
        headers = {"content-type": "application/x-amz-json-1.1", "x-amz-target": target}
        request = Request(service, "/", headers, dumps(payload), credentials, operation.startswith(_READS))
        return document(self._perform(request, timeout_s, _whole))

    def query(
        self,
        service: str,
        operation: str,
        version: str,
        parameters: Mapping[str, str],
        *,
        credentials: Credentials | None = None,
        timeout_s: float = 8.0,
    ) -> dict[str, str]:
        """The query protocol: STS, whose operations may all be repeated. The texts of the reply's leaves by name."""
        from urllib.parse import urlencode

        from pennyworth.aws.xml import leaves

        body = urlencode({"Action": operation, "Version": version, **parameters}).encode()
        headers = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
        reply = self._perform(Request(service, "/", headers, body, credentials, True), timeout_s, _whole)
        try:
            return leaves(reply.body)
        except ValueError as error:
            raise unreadable(reply, str(error)) from None

    def post(
        self,
        service: str,
        path: str,
        payload: Payload,
        *,
        credentials: Credentials | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = 300.0,
        idempotent: bool = False,
    ) -> dict[str, Any]:
        """REST-JSON: the reply's JSON object; of an empty body an empty one.

        `path`, with its query if any, is percent-encoded as it goes over the wire:
        `f"/model/{quote(model_id, safe='')}/converse"`. `idempotent` allows retries although AWS may have acted.
        """
        request = Request(service, path, json_headers(headers), content(payload), credentials, idempotent)
        return document(self._perform(request, timeout_s, _whole))

    def invoke(
        self,
        service: str,
        path: str,
        payload: Payload,
        *,
        credentials: Credentials | None = None,
        timeout_s: float = 300.0,
        again: bool = True,
    ) -> tuple[dict[str, Any], Mapping[str, str]]:
        """`post`, with the reply's headers by lower-case name: InvokeModel counts tokens there.

        Without `again`, what may have arrived is never sent a second time.
        """
        request = Request(service, path, json_headers(None), content(payload), credentials, False, again=again)
        reply = self._perform(request, timeout_s, _whole)
        return document(reply), reply.headers

    def get(self, service: str, path: str, *, timeout_s: float = 8.0) -> dict[str, Any]:
        """The JSON object of a public document, such as a user pool's key set: unsigned."""
        request = Request(service, path, {}, b"", UNSIGNED, True, "GET")
        return document(self._perform(request, timeout_s, _whole))

    def stream(
        self,
        service: str,
        path: str,
        payload: Payload,
        *,
        credentials: Credentials | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = 300.0,
        deadline: float = inf,
    ) -> Events:
        """REST-JSON answered by an event stream. The stream is open when this returns: a refusal is raised here.

        `deadline`, a reading of `time.monotonic`, bounds the whole stream.
        """
        request = Request(service, path, json_headers(headers), content(payload), credentials, False)
        response = self._perform(request, min(timeout_s, deadline - time.monotonic()), _open)
        return Events(response, timeout_s, deadline)

    def s3(
        self,
        method: str,
        bucket: str,
        target: str,
        body: bytes = b"",
        *,
        credentials: Credentials | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = 60.0,
        idempotent: bool = True,
    ) -> Reply:
        """REST-XML: `target` is `/key?query`, percent-encoded. All but the making of things bears repetition."""
        request = Request("s3", target, headers or {}, body, credentials, idempotent, method, bucket)
        return self._perform(request, timeout_s, _whole)

    def s3_content(self, bucket: str, target: str, *, credentials: Credentials, timeout_s: float = 60.0) -> Pieces:
        """An object's bytes as they come, `timeout_s` the wait for each. S3 has answered when this returns."""
        request = Request("s3", target, {}, b"", credentials, True, "GET", bucket)
        return Pieces(self._perform(request, timeout_s, _open), timeout_s)

    def s3_url(
        self,
        method: str,
        bucket: str,
        target: str,
        *,
        credentials: Credentials,
        expires_s: int,
        headers: Mapping[str, str] | None = None,
    ) -> str:
        """A URL that allows this one request, with exactly these headers, to whoever has it."""
        at = self._endpoint("s3", bucket)
        headers = {**(headers or {}), "host": at.authority}
        target = presigned(
            method,
            at.base + target,
            headers,
            credentials=credentials,
            region=self.region,
            now=self.now(),
            expires_s=expires_s,
        )
        return f"{'https' if at.tls else 'http'}://{at.authority}{target}"

    def pieces(
        self,
        service: str,
        path: str,
        payload: Payload,
        *,
        credentials: Credentials | None = None,
        timeout_s: float = 300.0,
    ) -> Pieces:
        """REST-JSON answered by text that comes bit by bit, such as server-sent events. It is open when this returns: a
        refusal is raised here."""
        request = Request(service, path, json_headers(None), content(payload), credentials, False)
        return Pieces(self._perform(request, timeout_s, _open), timeout_s)

    def now(self) -> float:
        """Unix seconds by AWS's clock, as far as it is known."""
        return self._clock() + self._skew_s

    def close(self) -> None:
        """Close the idle connections. The next call opens new ones."""
        self._pool.close()

    def _endpoint(self, service: str, bucket: str = "") -> Endpoint:
        found = self._endpoints.get((service, bucket))
        if found is None:
            found = self._endpoints[service, bucket] = endpoint(service, self.region, self._environ, bucket)
        return found

    def _perform(self, request: Request, timeout_s: float, take: Callable[[Response, float], _T]) -> _T:
        """What `take` makes of the first successful reply."""
        with self._span(request.service):
            return self._attempts(request, time.monotonic() + timeout_s, take)

    def _attempts(self, request: Request, deadline: float, take: Callable[[Response, float], _T]) -> _T:
        """Every attempt is signed anew."""
        attempt, corrected = 0, False
        while True:
            skew_s = self._skew_s
            try:
                response = self._exchange(request, skew_s, deadline)
                if response.status < 300:
                    return take(response, deadline)
                error = refusal(response.status, response.headers, response.read_all(_MAX_REFUSAL, deadline))
            except TransportError as fault:
                error = fault
            else:
                if not corrected and self._correct_clock(error, response.headers, skew_s):
                    corrected = True
                    continue
            wait = wait_s(error, attempt, idempotent=request.idempotent, random=self._random)
            if wait is None or attempt >= self._retries or time.monotonic() + wait >= deadline:
                raise error
            self._sleep(wait)
            attempt += 1

    def _exchange(self, request: Request, skew_s: float, deadline: float) -> Response:
        at = self._endpoint(request.service, request.bucket)
        target = at.base + request.target
        headers = {**request.headers, "host": at.authority}
        credentials = request.credentials or self._credentials()
        if credentials.access_key_id:
            headers = signed(
                request.method,
                target,
                headers,
                request.body,
                credentials=credentials,
                region=self.region,
                service=at.service.signing_name,
                now=self._clock() + skew_s,
            )
        first = head(request.method, target, headers, len(request.body))
        return self._pool.exchange(at, first, request.body, deadline, again=request.again)

    def _correct_clock(self, error: AwsError, headers: Mapping[str, str], skew_s: float) -> bool:
        """Adopt AWS's clock where it refused ours; whether that is a reason to try again."""
        if error.code not in SKEWED:
            return False
        from email.utils import parsedate_to_datetime  # 15 ms, once in a blue moon

        try:
            theirs_s = parsedate_to_datetime(headers["date"]).timestamp() - self._clock()
        except (KeyError, ValueError):
            return False
        if abs(theirs_s - skew_s) <= _SKEW_S:
            return False
        self._skew_s = theirs_s
        return True


def _whole(response: Response, deadline: float) -> Reply:
    return Reply(response.status, response.headers, response.read_all(_MAX_REPLY, deadline))


def _open(response: Response, _: float) -> Response:
    return response


def _random() -> float:
    """In [0, 1). The `random` module takes 4 ms to import."""
    return int.from_bytes(os.urandom(4), "big") / 2**32
