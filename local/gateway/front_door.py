"""The front door: what API Gateway does with a request, in its order."""

import asyncio
import json
from collections.abc import Coroutine, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol, TypeVar

from local.functions.failure import InvocationFailed, MalformedResponse, PayloadTooLarge, Throttled
from local.functions.functions import Result
from local.functions.stream import Stream
from local.gateway import answer, event, mock
from local.gateway.cognito_authorizer import CognitoAuthorizer
from local.gateway.config import GatewayConfig, Service
from local.gateway.exchange import Exchange
from local.gateway.refusal import GatewayResponses, Refusal
from local.gateway.request import ClientGone, Message, Receive, Request, Send, read_body
from local.gateway.request_authorizer import RequestAuthorizer
from local.gateway.routes import Operation, Routes
from local.gateway.throttle import TokenBucket
from local.gateway.usage_plans import UsagePlans

CLIENT_GONE = 499  # nginx's number, for the log alone
_Value = TypeVar("_Value")


class FunctionService(Protocol):
    """What stands behind the door: `local.functions.Functions`."""

    async def invoke(self, name: str, payload: bytes, *, trace_id: str | None = None) -> Result: ...

    def stream(
        self, name: str, payload: bytes, *, trace_id: str | None = None
    ) -> AbstractAsyncContextManager[Stream]: ...


class FrontDoor:
    """An ASGI app. Raises ValueError for a contract it cannot obey."""

    def __init__(self, contract: Mapping[str, Any], config: GatewayConfig, functions: FunctionService) -> None:
        self._config, self._functions = config, functions
        self._routes = Routes(contract)
        if missing := self._routes.services - config.services.keys():
            raise ValueError(f"no function is named for the services {sorted(missing)}")
        self._responses = GatewayResponses(contract)
        self._binary_types = [each.lower() for each in contract.get("x-amazon-apigateway-binary-media-types", ())]
        self._usage_plans = UsagePlans(config.api_keys, config.clock) if config.api_keys else None
        if self._usage_plans and contract.get("x-amazon-apigateway-api-key-source") != "AUTHORIZER":
            raise ValueError("x-amazon-apigateway-api-key-source: only AUTHORIZER is obeyed here")
        self._bucket = TokenBucket(config.rate_per_s, config.burst, config.clock)
        self._authorizers = {
            "gateway": RequestAuthorizer(functions, config.authorizer, config.authorizer_ttl_s, config.clock),
            "anthropic": RequestAuthorizer(functions, config.authorizer, 0, config.clock, identity_source=None),
        }
        self._cognito = CognitoAuthorizer(
            pool_id=config.pool_id,
            client_ids=config.client_ids,
            region=config.region,
            aws_url=config.aws_url,
            clock=config.clock,
        )

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close"})
        if scope["type"] != "http":
            return
        exchange = Exchange(Request.of(scope), send)
        try:
            await self._serve(exchange, receive)
        except Refusal as refusal:
            await exchange.whole(self._responses.render(refusal.type, self._context(exchange.request)))
        except (ClientGone, asyncio.CancelledError) as gone:
            exchange.status = CLIENT_GONE
            if isinstance(gone, asyncio.CancelledError):
                raise
        finally:
            self._config.log(exchange.line())

    async def _serve(self, exchange: Exchange, receive: Receive) -> None:
        request = exchange.request
        # A page whose name was made to point here must not pass for this host: API Gateway knows its names too.
        if request.header("host").partition(":")[0].lower() not in self._config.hosts:
            raise Refusal("ACCESS_DENIED")
        if not self._bucket.take():
            raise Refusal("THROTTLED")
        resource, parameters = self._routes.find(request.raw_path) or (None, {})
        operation = resource.operations.get(request.method) if resource else None
        if operation is None:
            await exchange.whole(mock.answer(request, resource))
            return
        request.refuse_large()
        known = event.shared(self._config, request, operation, parameters, self._routes.base_path)
        authorizer = await self._authorize(operation, request, known)
        exchange.authorizer = authorizer or {}
        payload = self._payload(request, known, authorizer, await read_body(receive))
        service = self._config.services[operation.service]
        proxy = self._stream if service.streaming else self._buffer
        await _unless_gone(receive, proxy(exchange, service, payload))

    async def _authorize(self, operation: Operation, request: Request, known: event.Event) -> event.Event | None:
        if operation.auth == "cognito":
            return await self._cognito.authorize(request.header("authorization"))
        if operation.auth == "none":
            return None
        arn = event.method_arn(self._config, request, self._routes.base_path)
        authorized = await self._authorizers[operation.auth].authorize(request, known, arn)
        if self._usage_plans:
            limit = await self._usage_plans.take(authorized.api_key)
            known["requestContext"]["identity"] |= {"apiKey": authorized.api_key, "apiKeyId": limit.key_id}
        return authorized.context

    def _payload(self, request: Request, known: event.Event, authorizer: event.Event | None, body: bytes) -> bytes:
        binary = answer.declared_binary(request.header("content-type"), self._binary_types)
        whole = event.proxy_event(known, authorizer, body, binary)
        return json.dumps(whole, separators=(",", ":"), ensure_ascii=False).encode()

    async def _buffer(self, exchange: Exchange, service: Service, payload: bytes) -> None:
        request = exchange.request
        try:
            async with asyncio.timeout(self._config.integration_timeout_s):
                result = await self._functions.invoke(service.function, payload, trace_id=request.trace_id)
            exchange.cold = result.cold
            if result.error is not None:
                raise Refusal("DEFAULT_5XX")
            binary = answer.binary_reply(request.header("accept"), self._binary_types)
            response = answer.buffered(result.payload, binary=binary)
        except TimeoutError:
            raise Refusal("INTEGRATION_TIMEOUT") from None
        except PayloadTooLarge:
            raise Refusal("EVENT_TOO_LARGE") from None
        except (Throttled, answer.Malformed):
            raise Refusal("DEFAULT_5XX") from None
        await exchange.whole(response)

    async def _stream(self, exchange: Exchange, service: Service, payload: bytes) -> None:
        """Once the response has begun, a failure can only be told by breaking it off: the app returns without its
        end and the server closes the connection."""
        try:
            await self._copy(exchange, service, payload)
        except PayloadTooLarge:
            raise Refusal("EVENT_TOO_LARGE") from None
        except (TimeoutError, Throttled, MalformedResponse, answer.Malformed, InvocationFailed) as error:
            if not exchange.started:
                timeout = isinstance(error, TimeoutError)
                raise Refusal("INTEGRATION_TIMEOUT" if timeout else "DEFAULT_5XX") from None
            exchange.broken = True

    async def _copy(self, exchange: Exchange, service: Service, payload: bytes) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + self._config.stream_timeout_s
        idle_s = self._config.stream_idle_s
        async with asyncio.timeout_at(min(end, loop.time() + idle_s)) as timer:
            reading = self._functions.stream(service.function, payload, trace_id=exchange.request.trace_id)
            async with reading as stream:
                exchange.cold = stream.cold
                head = answer.streamed(stream.prelude)
                await exchange.begin(head.status, head.headers)
                async for chunk in stream:
                    await exchange.chunk(chunk)
                    timer.reschedule(min(end, loop.time() + idle_s))
        await exchange.end()

    def _context(self, request: Request) -> dict[str, Any]:
        """The variables a gateway response may name."""
        return {
            "requestId": request.id,
            "extendedRequestId": request.extended_id,
            "httpMethod": request.method,
            "path": request.raw_path,
            "stage": self._routes.base_path.strip("/"),
            "apiId": self._config.api_id,
            "accountId": self._config.account_id,
            "domainName": request.header("host"),
            "identity": {"sourceIp": request.source_ip, "userAgent": request.header("user-agent")},
        }


async def _unless_gone(receive: Receive, work: Coroutine[Any, Any, _Value]) -> _Value:
    """The work's result, or ClientGone when the client hangs up first. The function runs to its end all the same."""
    working = asyncio.create_task(work)
    hangup = asyncio.create_task(_hangup(receive))
    try:
        await asyncio.wait((working, hangup), return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientGone
        return working.result()
    finally:
        for task in (working, hangup):
            task.cancel()
        await asyncio.gather(working, hangup, return_exceptions=True)


async def _hangup(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
