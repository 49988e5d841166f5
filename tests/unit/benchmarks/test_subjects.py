import asyncio
import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from benchmarks.subjects import Broken, Ours, Theirs, body_of, decision_of, tools_of
from local.functions.function import Function
from local.functions.process import Leash
from local.functions.runtime import Runtime

DOUBLE = """
def handler(event, context):
    if event.get("fail"):
        print("about to fail")
        raise ValueError("as told")
    return {"told": event}
"""


def ask(folder: Path, *questions: object) -> list[bytes]:
    """The answers of one process of the double."""

    async def answers() -> list[bytes]:
        leash = await Leash.start(scratch)
        subject = await Ours.start(Function("double", "app.handler", code), Runtime(scratch), leash)
        try:
            return [await subject.ask(json.dumps(question).encode()) for question in questions]
        finally:
            await subject.stop()
            await leash.close()

    code, scratch = folder / "code", folder / "lambda"
    code.mkdir()
    scratch.mkdir()
    (code / "app.py").write_text(DOUBLE)
    return asyncio.run(answers())


def test_a_function_answers_event_after_event(tmp_path: Path) -> None:
    answers = ask(tmp_path, {"a": 1}, {"b": 2})
    assert [json.loads(answer) for answer in answers] == [{"told": {"a": 1}}, {"told": {"b": 2}}]


def test_a_function_that_fails_stops_the_run_with_its_last_words(tmp_path: Path) -> None:
    with pytest.raises(Broken, match=r"(?s)ValueError: as told.*about to fail"):
        ask(tmp_path, {"fail": True})


def test_a_script_that_fails_stops_the_run(capfd: pytest.CaptureFixture[str]) -> None:
    nothing: Mapping[str, str] = {}

    async def started() -> None:
        await Theirs.start("chat", ["/bin/false"], nothing)

    with pytest.raises(Broken):
        asyncio.run(started())


def test_only_a_200_counts_as_an_answer() -> None:
    assert body_of(b'{"statusCode": 200}' + bytes(8) + b"body") == b"body"
    with pytest.raises(Broken, match="the function answered 429: slow down"):
        body_of(b'{"statusCode": 429}' + bytes(8) + b"slow down")


def test_only_allow_counts_as_a_decision() -> None:
    def decision(effect: str) -> bytes:
        return json.dumps({"principalId": "ann", "policyDocument": {"Statement": [{"Effect": effect}]}}).encode()

    assert decision_of(decision("Allow")) == "ann"
    with pytest.raises(Broken, match="Deny"):
        decision_of(decision("Deny"))


def test_only_a_list_of_tools_counts_as_one() -> None:
    def reply(status: int, *names: str) -> bytes:
        body = json.dumps({"result": {"tools": [{"name": name} for name in names]}})
        return json.dumps({"statusCode": status, "body": body}).encode()

    assert tools_of(reply(200, "chat")) == ["chat"]
    with pytest.raises(Broken, match="no tools"):
        tools_of(reply(200))
    with pytest.raises(Broken, match="403"):
        tools_of(reply(403))
