"""Unmodified boto3 against Lambda's API."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import boto3
import httpx
import pytest
import uvicorn
from botocore.config import Config
from botocore.exceptions import ClientError

from local.functions import Functions, lambda_api, listen

pytestmark = pytest.mark.anyio

SOURCE = """
def handler(event, context):
    if event == "raise":
        raise ValueError("no such thing")
    if isinstance(event, dict) and "gate" in event:
        open(event["gate"], "rb", 0).read(1)
    print("was called")
    return event
"""

STREAMS = """
def handler(event, exchange):
    exchange.prelude(200)
    exchange.send(b"one")
    exchange.end(*(["Model.Broken", {"errorMessage": "half-way"}] if event == "break" else []))
"""


@contextlib.asynccontextmanager
async def served(functions: Functions) -> AsyncIterator[str]:
    with listen() as listener:
        server = uvicorn.Server(uvicorn.Config(lambda_api(functions), lifespan="off", log_level="critical"))
        running = asyncio.create_task(server.serve([listener]))
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        await running


@contextlib.asynccontextmanager
async def client(functions: Functions) -> AsyncIterator[Callable[..., Any]]:
    """Calls boto3's methods in a thread, so that they can wait for the server in this one."""
    async with served(functions) as url:
        lambda_ = boto3.client(
            "lambda",
            region_name="us-east-1",
            endpoint_url=url,
            aws_access_key_id="AKIA",
            aws_secret_access_key="s",
            config=Config(retries={"total_max_attempts": 1}, read_timeout=10),
        )

        async def call(method: str, **arguments: Any) -> Any:
            return await asyncio.to_thread(getattr(lambda_, method), **{"FunctionName": "tiny", **arguments})

        yield call
        lambda_.close()


async def test_boto3_invokes(bench: Any) -> None:
    function = bench.function(SOURCE)
    async with bench.run(function) as functions, client(functions) as call:
        for name in ("tiny", "tiny:live", function.arn, f"{function.arn}:live"):
            reply = await call("invoke", FunctionName=name, Payload=b'{"a": 1}')
            assert (reply["StatusCode"], reply["ExecutedVersion"]) == (200, "$LATEST")
            assert json.loads(reply["Payload"].read()) == {"a": 1}
        assert json.loads((await call("invoke"))["Payload"].read()) == {}


async def test_boto3_sees_a_functions_error(bench: Any) -> None:
    async with bench.run(bench.function(SOURCE)) as functions, client(functions) as call:
        reply = await call("invoke", Payload=b'"raise"')
    assert (reply["StatusCode"], reply["FunctionError"]) == (200, "Unhandled")
    assert json.loads(reply["Payload"].read())["errorMessage"] == "no such thing"


async def test_an_event_is_taken_and_runs(bench: Any) -> None:
    async with bench.run(bench.function(SOURCE)) as functions, client(functions) as call:
        reply = await call("invoke", InvocationType="Event", Payload=b'"x"')
        assert (reply["StatusCode"], reply["Payload"].read()) == (202, b"")
        await bench.until(lambda: "was called" in bench.lines)


@pytest.mark.parametrize(
    ("method", "arguments", "status", "code"),
    [
        ("invoke", {"FunctionName": "other"}, 404, "ResourceNotFoundException"),
        ("invoke", {"Payload": b"no json"}, 400, "InvalidRequestContentException"),
        ("invoke", {"Payload": b'"' + b"x" * 6 * 1024 * 1024 + b'"'}, 413, "RequestTooLargeException"),
        ("invoke_with_response_stream", {"FunctionName": "other"}, 404, "ResourceNotFoundException"),
        ("get_function", {}, 404, "UnknownOperationException"),
    ],
)
async def test_what_lambda_refuses_has_its_code(
    bench: Any, method: str, arguments: dict[str, Any], status: int, code: str
) -> None:
    async with bench.run(bench.function(SOURCE)) as functions, client(functions) as call:
        with pytest.raises(ClientError) as caught:
            await call(method, **arguments)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    assert caught.value.response["Error"]["Code"] == code
    assert caught.value.response["Error"]["Message"]


@pytest.mark.parametrize("method", ["invoke", "invoke_with_response_stream"])
async def test_a_call_over_the_concurrency_is_throttled(bench: Any, gate: Any, method: str) -> None:
    payload = json.dumps({"gate": gate.path}).encode()
    async with bench.run(bench.function(SOURCE, concurrency=1)) as functions, client(functions) as call:
        first = asyncio.create_task(functions.invoke("tiny", payload))
        await asyncio.sleep(0)
        with pytest.raises(ClientError) as caught:
            await call(method, Payload=b"{}")
        gate.let()
        assert (await first).error is None
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429
    assert caught.value.response["Error"]["Code"] == "TooManyRequestsException"


async def test_boto3_reads_a_stream_to_its_end(bench: Any) -> None:
    async with bench.run(bench.streaming(STREAMS)) as functions, client(functions) as call:
        reply = await call("invoke_with_response_stream", Payload=b'"x"')
        events = await asyncio.to_thread(list, reply["EventStream"])
    payload = b"".join(each["PayloadChunk"]["Payload"] for each in events[:-1])
    head, _, body = payload.partition(bytes(8))
    assert json.loads(head)["statusCode"] == 200
    assert body == b"one"
    assert events[-1] == {"InvokeComplete": {}}


async def test_a_streams_error_is_in_its_last_event(bench: Any) -> None:
    async with bench.run(bench.streaming(STREAMS)) as functions, client(functions) as call:
        reply = await call("invoke_with_response_stream", Payload=b'"break"')
        events = await asyncio.to_thread(list, reply["EventStream"])
    complete = events[-1]["InvokeComplete"]
    assert complete["ErrorCode"] == "Model.Broken"
    assert json.loads(complete["ErrorDetails"]) == {"errorMessage": "half-way"}


async def test_a_stock_function_can_be_read_as_a_stream(bench: Any) -> None:
    async with bench.run(bench.function(SOURCE)) as functions, client(functions) as call:
        good = await call("invoke_with_response_stream", Payload=b'{"a": 1}')
        bad = await call("invoke_with_response_stream", Payload=b'"raise"')
        events = await asyncio.to_thread(list, good["EventStream"])
        errors = await asyncio.to_thread(list, bad["EventStream"])
    assert json.loads(events[0]["PayloadChunk"]["Payload"]) == {"a": 1}
    assert [*errors[0]["InvokeComplete"]] == ["ErrorCode", "ErrorDetails"]


async def test_an_unsigned_request_is_refused(bench: Any) -> None:
    async with bench.run(bench.function(SOURCE)) as functions, served(functions) as url, httpx.AsyncClient() as http:
        for action in (
            "2015-03-31/functions/tiny/invocations",
            "2021-11-15/functions/tiny/response-streaming-invocations",
        ):
            for headers in ({}, {"authorization": "Bearer x"}):
                reply = await http.post(f"{url}/{action}", content=b"{}", headers=headers)
                assert reply.status_code == 403
                assert reply.headers["x-amzn-errortype"] == "MissingAuthenticationTokenException"
        assert not functions.pids


async def test_a_page_whose_name_was_made_to_point_here_is_refused(bench: Any) -> None:
    async with bench.run(bench.function(SOURCE)) as functions, served(functions) as url, httpx.AsyncClient() as http:
        headers = {"authorization": "AWS4-HMAC-SHA256 Credential=x", "host": f"evil.example:{url.rpartition(':')[2]}"}
        reply = await http.post(f"{url}/2015-03-31/functions/tiny/invocations", content=b"{}", headers=headers)
        assert (reply.status_code, reply.headers["x-amzn-errortype"]) == (403, "AccessDeniedException")
        assert not functions.pids
