"""The function as Lambda calls it, up to where inference would begin."""

import base64
import json
import os
import subprocess
import sys
from typing import Any

import pytest

from pennyworth.errors import Problem
from pennyworth.settings import settings
from services.mcp import app, secret
from services.mcp.endpoint import Post
from services.mcp.eras import CAPABILITIES_KEY, SUPPORTED
from services.mcp.source import Asked
from services.mcp.upstream.faults import Unreachable
from tests.mcp_posts import CALLER, META, MODERN, event, handshake, modern, raw, speak
from tests.mcp_sources import Shelf, text, tool

ENVIRONMENT = {
    "PENNYWORTH_ENVIRONMENT": "local",
    "VERSION": "1.2.3",
    "GIT_SHA": "abc",
    "AWS_REGION": "us-east-1",
    "PENNYWORTH_USER_POOL_ID": "pool",
    "PENNYWORTH_CLIENT_IDS": "client",
    "PENNYWORTH_IDENTITY_POOL_ID": "identities",
    "PENNYWORTH_DEVELOPER_PROVIDER": "provider",
    "PENNYWORTH_PEPPER_PARAMETER": "/pepper",
    "PENNYWORTH_AUTHORIZER_TTL_S": "60",
    "PENNYWORTH_OPENAI_FUNCTION": "openai",
}


class Context:
    function_name = "mcp"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:us-east-1:000000000000:function:mcp"
    aws_request_id = "1"

    def get_remaining_time_in_millis(self) -> int:
        return 29_000


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()


def invoke(request: dict[str, Any]) -> dict[str, Any]:
    from services.mcp.app import handler

    return handler(request, Context())


@pytest.mark.parametrize("scheme", ["https", "http"])
def test_the_resources_metadata_name_it_as_the_client_does(scheme: str) -> None:
    request = event(modern("server/discover")) | {
        "httpMethod": "GET",
        "path": "/.well-known/oauth-protected-resource",
        "resource": "/.well-known/oauth-protected-resource",
    }
    request["multiValueHeaders"] = {"X-Forwarded-Proto": [scheme]}
    request["requestContext"] = request["requestContext"] | {"domainName": "llm.example.com"}

    metadata = json.loads(invoke(request)["body"])

    assert metadata == {
        "resource": f"{scheme}://llm.example.com/v1/mcp",
        "resource_name": "Pennyworth",
        "bearer_methods_supported": ["header"],
    }


def test_a_request_is_answered_with_json_and_its_request_id() -> None:
    reply = invoke(event(modern("server/discover")))

    assert reply["statusCode"] == 200
    assert reply["multiValueHeaders"]["Content-Type"] == ["application/json"]
    assert reply["multiValueHeaders"]["x-request-id"] == ["8b5f3a52-0000-4000-8000-000000000002"]
    result = json.loads(reply["body"])["result"]
    assert result["_meta"]["io.modelcontextprotocol/serverInfo"]["version"] == "1.2.3"


def test_a_notification_is_answered_by_an_empty_202() -> None:
    reply = invoke(event(raw({"jsonrpc": "2.0", "method": "notifications/initialized"})))

    assert reply["statusCode"] == 202
    assert not reply["body"]
    assert "Content-Type" not in reply["multiValueHeaders"]


def test_no_session_is_ever_opened() -> None:
    reply = invoke(event(handshake("initialize", {"protocolVersion": "2025-11-25"}, version=None)))

    assert "mcp-session-id" not in {name.lower() for name in reply["multiValueHeaders"]}


def test_what_mcp_refuses_is_a_json_rpc_error_under_its_status() -> None:
    reply = invoke(event(modern("ping", number="a")))

    assert reply["statusCode"] == 404
    assert json.loads(reply["body"])["error"]["code"] == -32601


def test_a_body_in_base64_is_read() -> None:
    request = event(modern("server/discover"))
    request |= {"body": base64.b64encode(request["body"].encode()).decode(), "isBase64Encoded": True}

    assert invoke(request)["statusCode"] == 200


@pytest.mark.parametrize("body", [None, "", "\ud800"])
def test_no_body_and_a_broken_one_are_parse_errors(body: str | None) -> None:
    reply = invoke(event(modern("server/discover")) | {"body": body})

    assert (reply["statusCode"], json.loads(reply["body"])["error"]["code"]) == (400, -32700)


def test_a_repeated_header_is_no_header_that_could_be_trusted() -> None:
    request = event(modern("server/discover"))
    request["multiValueHeaders"]["mcp-protocol-version"] = [MODERN, MODERN]

    assert json.loads(invoke(request)["body"])["error"]["code"] == -32020


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"actions": "inference"}, 403, "action_not_allowed"),
        ({"active": "false"}, 403, "account_disabled"),
        ({"actions": None}, 401, "invalid_api_key"),
    ],
)
def test_who_may_not_come_in_is_told_before_a_message_is_read(change: dict[str, Any], status: int, code: str) -> None:
    reply = invoke(event(raw(b"{"), {**CALLER, **change}))

    assert reply["statusCode"] == status
    assert json.loads(reply["body"])["error"]["code"] == code


@pytest.fixture
def shelf(monkeypatch: pytest.MonkeyPatch) -> Shelf:
    """A source beside our own tools, as a server of someone else's is one."""

    def speak(_name: str, _params: Any, asked: Asked) -> dict[str, Any]:
        asked.progress({"method": "notifications/progress", "params": {"progress": 1, "message": "é\n\ndata: x"}})
        return text("done")

    def ask(_name: str, _params: Any, asked: Asked) -> dict[str, Any]:
        questions = {"roots": {"method": "roots/list"}}
        return {"resultType": "input_required", "inputRequests": questions, "requestState": "mine"}

    has = Shelf(has={"tools": [tool("talk"), tool("ask")]}, answers={"talk": speak, "ask": ask})
    monkeypatch.setattr(app, "_upstreams", lambda: [has])
    return has


def names(reply: dict[str, Any]) -> list[str]:
    return [tool["name"] for tool in json.loads(reply["body"])["result"]["tools"]]


@pytest.mark.usefixtures("shelf")
def test_a_server_has_an_address_of_its_own() -> None:
    assert names(invoke(event(modern("tools/list"))))[-2:] == ["shelf_ask", "shelf_talk"]
    unsaid = {name: value for name, value in CALLER.items() if name != "tools"}
    assert names(invoke(event(modern("tools/list"), unsaid)))[-1] == "my_usage"
    assert names(invoke(event(modern("tools/list"), server="shelf"))) == ["ask", "talk"]


@pytest.mark.usefixtures("shelf")
def test_a_single_server_is_guarded_like_all() -> None:
    reply = invoke(event(modern("tools/list"), {**CALLER, "actions": "inference"}, server="shelf"))

    assert (reply["statusCode"], json.loads(reply["body"])["error"]["code"]) == (403, "action_not_allowed")


@pytest.mark.usefixtures("shelf")
def test_progress_and_the_answer_are_events_of_one_body() -> None:
    meta = {**META, "progressToken": "t"}

    reply = invoke(event(modern("tools/call", {"name": "shelf_talk"}, meta=meta)))

    assert reply["multiValueHeaders"]["Content-Type"] == ["text/event-stream"]
    assert reply["multiValueHeaders"]["x-accel-buffering"] == ["no"]
    events = reply["body"].split("\n\n")
    assert events.pop() == ""
    frames = [json.loads(each.removeprefix("event: message\ndata: ")) for each in events]
    assert [frame.get("method", "result") for frame in frames] == ["notifications/progress", "result"]
    assert frames[0]["params"]["message"] == "é\n\ndata: x"
    assert frames[1]["result"]["content"] == text("done")["content"]


def test_a_state_is_bound_to_the_key_and_signed_with_the_pepper(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secret, "pepper", lambda: b"p" * 32)
    meta = {**META, CAPABILITIES_KEY: {"roots": {}}}

    def call(caller: dict[str, Any], **params: Any) -> dict[str, Any]:
        post = modern("tools/call", {"name": "shelf_ask", **params}, meta=meta)
        found: dict[str, Any] = json.loads(invoke(event(post, caller))["body"])
        return found

    state = call(CALLER)["result"]["requestState"]

    assert "result" in call(CALLER, requestState=state)
    for other in ({"key_id": "key_0000000000000002"}, {"user_id": "2f1c1f6e-0000-4000-8000-000000000009"}):
        assert call({**CALLER, **other}, requestState=state)["error"]["code"] == -32602
    monkeypatch.setattr(secret, "pepper", lambda: b"q" * 32)
    assert call(CALLER, requestState=state)["error"]["code"] == -32602
    assert [asked.state for _, _, asked in shelf.asked] == [None, "mine"]


@pytest.mark.usefixtures("shelf")
def test_without_the_pepper_a_question_fails_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> bytes:
        raise Problem("service_unavailable")

    monkeypatch.setattr(secret, "pepper", away)
    meta = {**META, CAPABILITIES_KEY: {"roots": {}}}

    asked = json.loads(invoke(event(modern("tools/call", {"name": "shelf_ask"}, meta=meta)))["body"])["result"]
    talked = json.loads(invoke(event(modern("tools/call", {"name": "shelf_talk"})))["body"])["result"]

    assert asked["isError"] is True
    assert "isError" not in talked


@pytest.mark.parametrize("request_id", ["seven", 7])
@pytest.mark.parametrize(
    "post",
    [
        lambda number: modern("tools/call", {"name": "shelf_breaks"}, number=number),
        lambda number: handshake("tools/call", {"name": "shelf_breaks"}, number=number),
    ],
    ids=["modern", "handshake"],
)
def test_what_nobody_thought_of_is_an_error_of_the_protocol_and_in_the_log(
    shelf: Shelf, log: Any, post: Any, request_id: str | int
) -> None:
    def breaks(*_: Any) -> Any:
        raise KeyError("the-secret-inside")

    shelf.has["tools"].append(tool("breaks"))
    shelf.answers["breaks"] = breaks

    reply = invoke(event(post(request_id)))

    body = json.loads(reply["body"])
    assert (reply["statusCode"], body["id"], body["error"]["code"]) == (200, request_id, -32603)
    assert "x-request-id" in body["error"]["message"]
    assert "the-secret-inside" not in json.dumps([reply, log()])
    [line] = [line for line in log() if line["message"] == "unexpected error"]
    assert (line["error"], line["level"]) == (["KeyError"], "ERROR")


@pytest.mark.parametrize(("body", "answered"), [(b"{", None), (b'{"id": 5, "jsonrpc": "1.0", "method": "x"}', 5)])
def test_also_where_it_went_wrong_before_the_message_was_read(
    monkeypatch: pytest.MonkeyPatch, body: bytes, answered: int | None
) -> None:
    monkeypatch.setattr(app, "LEVELS", None)

    reply = invoke(event(raw(body)))

    found = json.loads(reply["body"])
    assert (reply["statusCode"], found["id"], found["error"]["code"]) == (200, answered, -32603)


@pytest.mark.parametrize(("size", "fits"), [(2_900_000, True), (3_200_000, False)])
def test_an_answer_that_lambda_would_not_hand_over_is_refused_under_its_id(shelf: Shelf, size: int, fits: bool) -> None:
    """Each quote has a backslash in the answer, and each of both one more in Lambda's."""
    shelf.has["tools"].append(tool("much"))
    shelf.answers["much"] = lambda *_: text('"' * (size // 2))

    body = json.loads(invoke(event(modern("tools/call", {"name": "shelf_much"}, number="a")))["body"])

    assert body["id"] == "a"
    assert ("result" in body) is fits
    if not fits:
        assert (body["error"]["code"], "Ask for less" in body["error"]["message"]) == (-32603, True)


@pytest.mark.parametrize("late", ["too large", "broken"])
def test_what_ends_in_an_error_costs_nothing_however_late(
    shelf: Shelf, log: Any, monkeypatch: pytest.MonkeyPatch, late: str
) -> None:
    """The tool did it, and was counted: what went wrong came on the answer's way to the client."""
    monkeypatch.setenv("PENNYWORTH_MCP_TERMS", json.dumps([{"tools": "shelf_*", "price_microusd": 500}]))
    settings.cache_clear()
    invoke(event(modern("tools/call", {"name": "shelf_talk"})))
    shelf.answers["talk"] = lambda *_: {**text('"' * 2_000_000), "_meta": {} if late == "too large" else {"no": {1}}}

    error = json.loads(invoke(event(modern("tools/call", {"name": "shelf_talk"})))["body"])["error"]

    assert error["code"] == -32603
    well, failed = [line for line in log() if line.get("kind") == "tool"]
    assert (well["model"], well["cost_microusd"], "failed" in well) == ("shelf_talk", 500, False)
    assert (failed["model"], "cost_microusd" in failed, failed["failed"]) == ("shelf_talk", False, True)


def logs_of(number: int, caller: dict[str, str]) -> list[str]:
    reply = invoke(event(handshake("tools/call", {"name": "shelf_logs"}, number=number), caller))
    return [level for level in ("debug", "info", "error") if f'"level":"{level}"' in reply["body"]]


def test_an_old_clients_log_level_counts_for_its_key_until_the_next_handshake(shelf: Shelf) -> None:
    def logs(_name: str, _params: Any, asked: Asked) -> dict[str, Any]:
        for level in ("debug", "info", "error"):
            asked.progress({"method": "notifications/message", "params": {"level": level, "data": "x"}})
        return text(str(asked.log_level))

    shelf.has["tools"].append(tool("logs"))
    shelf.answers["logs"] = logs
    other = {**CALLER, "key_id": "key_0000000000000002"}

    assert logs_of(1, CALLER) == ["info", "error"]
    for level, heard in (("error", ["error"]), ("debug", ["debug", "info", "error"])):
        assert invoke(event(handshake("logging/setLevel", {"level": level})))["statusCode"] == 200
        assert logs_of(2, CALLER) == heard
        assert logs_of(3, other) == ["info", "error"]
    invoke(event(handshake("initialize", {"protocolVersion": "2025-11-25"}, version=None)))
    assert logs_of(4, CALLER) == ["info", "error"]


COLD_START = """
import json, sys
from types import SimpleNamespace
from services.mcp.app import handler
from tests.mcp_posts import event, modern
context = SimpleNamespace(
    function_name="", memory_limit_in_mb=1, invoked_function_arn="", aws_request_id="",
    get_remaining_time_in_millis=lambda: 29_000,
)
assert handler(event(modern("tools/list")), context)["statusCode"] == 200
print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""


def test_a_first_list_of_tools_loads_nothing_of_aws_and_no_validator() -> None:
    paths = os.pathsep.join(["", "shared"])
    process = subprocess.run(
        [sys.executable, "-c", COLD_START],
        env={**os.environ, **ENVIRONMENT, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )

    heavy = {"hashlib", "boto3", "botocore.client", "pennyworth.aws", "pydantic", "jsonschema", "mcp_types", "requests"}
    assert heavy.isdisjoint(json.loads(process.stderr))


@pytest.mark.parametrize(("error", "level"), [(Unreachable("cannot be reached"), "WARNING"), (KeyError("x"), "ERROR")])
def test_only_what_is_ours_to_mend_is_an_error_in_the_log(
    monkeypatch: pytest.MonkeyPatch, log: Any, error: Exception, level: str
) -> None:
    """The alarm for faults counts lines of that level; a server of others that is down must not raise it."""

    def fail(_: Shelf) -> Any:
        raise error

    monkeypatch.setattr(Shelf, "tools", fail)
    monkeypatch.setattr(app, "_upstreams", lambda: [Shelf("down")])

    assert invoke(event(modern("tools/list")))["statusCode"] == 200

    assert [(line["level"], line["source"]) for line in log() if "could not be listed" in line["message"]] == [
        (level, "down")
    ]


def elsewhere(post: Post, server: str | None = None, toolset: str | None = None) -> dict[str, Any]:
    request = event(post, server=server)
    request["multiValueQueryStringParameters"] = {"toolset": [toolset]} if toolset else None
    return invoke(request)


NOWHERE = [{"server": name} for name in ("nobody", "shelf2", "SHELF", "%20", ".")]
NOWHERE += [{"toolset": "nope"}, {"toolset": "nope", "server": "shelf"}]


@pytest.mark.usefixtures("shelf")
@pytest.mark.parametrize("where", NOWHERE, ids=str)
@pytest.mark.parametrize("version", SUPPORTED)
def test_what_there_is_not_is_refused_as_the_revision_reads_it(version: str, where: dict[str, str]) -> None:
    """A client of a handshake revision reads a 404 as the end of a session, and not what it says."""
    reply = elsewhere(speak(version, "tools/list"), **where)

    error = json.loads(reply["body"])["error"]
    assert (reply["statusCode"], error["code"]) == (404 if version == MODERN else 200, -32600)
    assert error["message"].startswith("There is no toolset 'nope'" if "toolset" in where else "There is no MCP server")


@pytest.mark.usefixtures("shelf")
@pytest.mark.parametrize("where", NOWHERE, ids=str)
def test_what_there_is_not_is_named_under_the_requests_id(where: dict[str, str]) -> None:
    assert json.loads(elsewhere(modern("tools/list", number="a"), **where)["body"])["id"] == "a"


@pytest.mark.usefixtures("shelf")
@pytest.mark.parametrize("where", NOWHERE, ids=str)
@pytest.mark.parametrize(
    ("post", "status", "code"),
    [
        (modern("tools/list", headers={"Origin": "https://evil.example"}), 403, -32600),
        (raw(b"{"), 400, -32700),
        (modern("tools/list", meta={}), 400, -32602),
        (handshake("tools/list", version="2031-01-01"), 400, -32022),
    ],
    ids=["another origin", "no JSON", "no envelope", "an unknown version"],
)
def test_who_may_not_ask_is_not_told_what_there_is(where: dict[str, str], post: Post, status: int, code: int) -> None:
    reply = elsewhere(post, **where)

    assert (reply["statusCode"], json.loads(reply["body"])["error"]["code"]) == (status, code)
