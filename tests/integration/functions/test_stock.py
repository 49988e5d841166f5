"""Buffered functions under awslambdaric, AWS's own bootstrap."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from local.functions import FunctionNotFound, PayloadTooLarge, Throttled

pytestmark = pytest.mark.anyio

ECHO = """
import os

def handler(event, context):
    print("hello from", event.get("name"))
    return {
        "event": event, "pid": os.getpid(), "id": context.aws_request_id, "arn": context.invoked_function_arn,
        "left_ms": context.get_remaining_time_in_millis(), "cwd": os.getcwd(), "trace": os.environ["_X_AMZN_TRACE_ID"],
    }
"""

FAULTS = """
import os, sys, time

def handler(event, context):
    match event["do"]:
        case "raise":
            raise ValueError("no such thing")
        case "exit":
            os._exit(7)
        case "exit cleanly":
            os._exit(0)
        case "hang":
            time.sleep(600)
        case "large":
            return "x" * event["size"]
    return os.getpid()
"""


async def call(functions: Any, event: object, name: str = "tiny") -> Any:
    result = await asyncio.wait_for(functions.invoke(name, json.dumps(event).encode()), 15)
    return json.loads(result.payload)


async def test_a_function_is_told_what_lambda_tells_it(bench: Any) -> None:
    function = bench.function(ECHO, timeout_s=5)
    async with bench.run(function) as functions:
        result = await functions.invoke("tiny", b'{"name": "Ada"}', trace_id="Root=1-a-b")
        answer = json.loads(result.payload)
    assert answer["event"] == {"name": "Ada"}
    assert (answer["id"], answer["arn"]) == (result.request_id, function.arn)
    assert 0 < answer["left_ms"] <= 5000
    assert Path(answer["cwd"]) == function.code.resolve()
    assert answer["trace"] == "Root=1-a-b"
    assert "hello from Ada" in bench.lines


async def test_an_environment_is_reused_and_the_log_says_so(bench: Any) -> None:
    async with bench.run(bench.function(ECHO)) as functions:
        pids = {(await call(functions, {}))["pid"] for _ in range(5)}
    assert len(pids) == 1
    assert [record.cold for record in bench.records] == [True, False, False, False, False]
    assert {record.environment for record in bench.records} == pids
    assert bench.records[0].init_ms > 0
    assert bench.records[1].init_ms == 0


async def test_callers_at_once_each_get_an_environment_and_one_more_is_throttled(bench: Any, gate: Any) -> None:
    source = """
    import os

    def handler(event, context):
        open(event["gate"], "rb", 0).read(1)
        return os.getpid()
    """
    async with bench.run(bench.function(source, concurrency=2)) as functions:
        first, second = (asyncio.create_task(call(functions, {"gate": gate.path})) for _ in range(2))
        await asyncio.sleep(0)
        with pytest.raises(Throttled):
            await call(functions, {"gate": gate.path})
        gate.let(3)
        assert await first != await second
        await call(functions, {"gate": gate.path})
        assert len(functions.pids) == 2
    assert sorted(record.error or "" for record in bench.records) == ["", "", "", "Throttled"]


async def test_what_a_function_raises_is_the_answer_and_the_process_lives(bench: Any) -> None:
    async with bench.run(bench.function(FAULTS)) as functions:
        pid = await call(functions, {"do": "nothing"})
        result = await functions.invoke("tiny", b'{"do": "raise"}')
        assert await call(functions, {"do": "nothing"}) == pid
    assert result.error is not None
    assert (result.error.type, result.error.message) == ("ValueError", "no such thing")
    assert json.loads(result.payload)["stackTrace"]


@pytest.mark.parametrize(
    ("do", "message"),
    [
        ("exit", "Runtime exited with error: exit status 7"),
        ("exit cleanly", "Runtime exited without providing a reason"),
    ],
)
async def test_a_process_that_exits_is_an_exit_error_and_is_replaced(bench: Any, do: str, message: str) -> None:
    async with bench.run(bench.function(FAULTS, concurrency=1)) as functions:
        before = await call(functions, {"do": "nothing"})
        result = await functions.invoke("tiny", json.dumps({"do": do}).encode())
        assert await call(functions, {"do": "nothing"}) != before
    assert result.error is not None
    assert result.error.type == "Runtime.ExitError"
    assert result.error.message == f"RequestId: {result.request_id} Error: {message}"


async def test_a_function_over_its_time_is_killed_and_replaced(bench: Any, alive: Callable[[int], bool]) -> None:
    async with bench.run(bench.function(FAULTS, timeout_s=0.5, concurrency=1)) as functions:
        before = await call(functions, {"do": "nothing"})
        result = await functions.invoke("tiny", b'{"do": "hang"}')
        after = await call(functions, {"do": "nothing"})
    assert result.error is not None
    assert result.error.type == "Sandbox.Timedout"
    assert result.error.message == f"RequestId: {result.request_id} Error: Task timed out after 0.50 seconds"
    assert after != before
    assert not alive(before)


async def test_an_answer_over_six_megabytes_is_refused(bench: Any) -> None:
    limit = 6 * 1024 * 1024 + 100
    async with bench.run(bench.function(FAULTS)) as functions:
        fits = await functions.invoke("tiny", json.dumps({"do": "large", "size": limit - 2}).encode())
        over = await functions.invoke("tiny", json.dumps({"do": "large", "size": limit - 1}).encode())
        assert isinstance(await call(functions, {"do": "nothing"}), int)
    assert fits.error is None
    assert len(fits.payload) == limit
    assert over.error is not None
    assert over.error.type == "Function.ResponseSizeTooLarge"


async def test_an_event_over_six_megabytes_is_refused(bench: Any) -> None:
    async with bench.run(bench.function(ECHO)) as functions:
        with pytest.raises(PayloadTooLarge):
            await functions.invoke("tiny", b" " * (6 * 1024 * 1024 + 1))
        assert not functions.pids


async def test_an_unknown_function_is_not_found(bench: Any) -> None:
    async with bench.run() as functions:
        with pytest.raises(FunctionNotFound):
            await functions.invoke("other", b"{}")


@pytest.mark.parametrize(
    ("source", "options", "type_"),
    [
        ("import nothing_of_that_name", {}, "Runtime.ImportModuleError"),
        ("raise RuntimeError('at import')", {}, "RuntimeError"),
        ("def other(): ...", {}, "Runtime.HandlerNotFound"),
        ("import os; os._exit(3)", {}, "Runtime.ExitError"),
        ("import time; time.sleep(600)", {"init_timeout_s": 0.5}, "Sandbox.Timedout"),
    ],
)
async def test_a_function_that_cannot_start_says_why_to_every_caller(
    bench: Any, source: str, options: dict[str, Any], type_: str
) -> None:
    async with bench.run(bench.function(source, concurrency=1), **options) as functions:
        results = [await functions.invoke("tiny", b"{}") for _ in range(2)]
        assert not functions.pids
    assert [result.error.type for result in results if result.error] == [type_, type_]
    assert [record.error for record in bench.records] == [type_, type_]


async def test_a_wrapper_that_is_not_there_is_an_invalid_entrypoint(bench: Any) -> None:
    function = bench.function(ECHO, environment={"AWS_LAMBDA_EXEC_WRAPPER": "/opt/none"}, layer=bench.folder)
    async with bench.run(function) as functions:
        result = await functions.invoke("tiny", b"{}")
    assert result.error is not None
    assert result.error.type == "Runtime.InvalidEntrypoint"


async def test_nothing_of_the_parents_environment_reaches_a_function(
    bench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OF_THE_PARENT", "secret")
    monkeypatch.setenv("AWS_PROFILE", "developer")
    source = """
    import os

    def handler(event, context):
        return dict(os.environ)
    """
    credentials = {"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "s", "AWS_SESSION_TOKEN": "t"}
    function = bench.function(source, environment={"OWN": "1"}, credentials=credentials, memory_mb=512)
    async with bench.run(function) as functions:
        environment = await call(functions, {})
    assert not environment.keys() & {"OF_THE_PARENT", "AWS_PROFILE", "VIRTUAL_ENV"}
    assert environment["HOME"] != str(Path.home())
    assert {"OWN": "1", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512", "_HANDLER": "app.handler", **credentials}.items() <= (
        environment.items()
    )


async def test_the_layers_packages_win_and_the_virtual_environments_are_out_of_reach(bench: Any) -> None:
    packages = bench.folder / "layer" / "python"
    (packages / "simplejson").mkdir(parents=True)
    real = Path(__import__("simplejson").__file__).parent
    for file in real.glob("*.py"):
        (packages / "simplejson" / file.name).write_text(file.read_text())
    source = """
    import importlib.util, json, sys

    def handler(event, context):
        return {name: getattr(importlib.util.find_spec(name), "origin", None) for name in event}
    """
    async with bench.run(bench.function(source, layer=bench.folder / "layer")) as functions:
        found = await call(functions, ["simplejson", "awslambdaric", "moto", "pytest"])
    assert found["simplejson"] == str(packages / "simplejson" / "__init__.py")
    assert found["awslambdaric"]
    assert (found["moto"], found["pytest"]) == (None, None)


async def test_a_caller_that_leaves_does_not_stop_the_function(bench: Any, gate: Any) -> None:
    source = """
    def handler(event, context):
        open(event["gate"], "rb", 0).read(1)
        print("done anyway")
    """
    async with bench.run(bench.function(source)) as functions:
        caller = asyncio.create_task(call(functions, {"gate": gate.path}))
        await asyncio.sleep(0)
        caller.cancel()
        await asyncio.wait((caller,))
        gate.let()
        await bench.until(lambda: bench.records)
    assert bench.records[0].error is None
    assert "done anyway" in bench.lines


async def test_our_bootstrap_behaves_where_awslambdaric_is_missing(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("local.functions.runtime._RUNTIME_PACKAGES", ("no-such-distribution",))
    async with bench.run(bench.function(FAULTS)) as functions:
        pid = await call(functions, {"do": "nothing"})
        result = await functions.invoke("tiny", b'{"do": "raise"}')
        assert await call(functions, {"do": "nothing"}) == pid
    assert result.error is not None
    assert (result.error.type, result.error.message) == ("ValueError", "no such thing")
