"""Subsegments as X-Ray's daemon gets them, over a real UDP socket."""

import asyncio
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from aws_lambda_powertools import Tracer

from pennyworth.errors import Problem
from pennyworth.subsegment import UNTRACED
from pennyworth.tracing import Daemon, udp_address

ROOT = "1-5759e988-bd862e3fe1be46a994272793"
FUNCTION = "53995c3f42cd8ad8"
SAMPLED = f"Root={ROOT};Parent={FUNCTION};Sampled=1"

# https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html: a subsegment sent separately.
REQUIRED = {"name", "id", "start_time", "end_time", "trace_id", "parent_id", "type"}
OPTIONAL = {"namespace", "error", "fault", "throttle", "cause", "annotations", "metadata"}


class Receiver:
    """The daemon's end."""

    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(5)
        self.address = f"127.0.0.1:{self.socket.getsockname()[1]}"

    def document(self) -> dict:
        header, _, document = self.socket.recv(65536).partition(b"\n")
        assert header == b'{"format":"json","version":1}'
        assert len(document) <= 64 * 1024
        return checked(json.loads(document, parse_constant=lambda name: pytest.fail(f"{name} is no JSON")))

    def is_empty(self) -> bool:
        """Loopback datagrams are in the queue when sendto returns."""
        self.socket.setblocking(False)
        try:
            self.socket.recv(1)
        except BlockingIOError:
            return True
        return False


def checked(document: dict) -> dict:
    """The document, if it is what X-Ray documents."""
    assert document.keys() >= REQUIRED
    assert document.keys() <= REQUIRED | OPTIONAL
    assert document["type"] == "subsegment"
    assert re.fullmatch(r"[0-9a-f]{16}", document["id"])
    assert re.fullmatch(r"[0-9a-f]{16}", document["parent_id"])
    assert document["trace_id"] == ROOT
    assert 0 < len(document["name"]) <= 200
    assert re.fullmatch(r"[\w\s.:/%&#=+\-@]+", document["name"])
    assert 0 <= time.time() - document["start_time"] < 60
    assert 0 <= document["end_time"] - document["start_time"] < 60
    assert document.get("namespace") in (None, "aws", "remote")
    for key, value in document.get("annotations", {}).items():
        assert re.fullmatch(r"[A-Za-z0-9_]{1,500}", key)
        assert isinstance(value, str | int | float)
    for flag in ("error", "fault", "throttle"):
        assert document.get(flag) in (None, True)
    for exception in document.get("cause", {}).get("exceptions", []):
        assert exception.keys() == {"id", "type", "remote", "stack"}
        assert all(frame.keys() == {"path", "line", "label"} for frame in exception["stack"])
    return document


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.socket.close()


@pytest.fixture
def environ(receiver: Receiver) -> dict[str, str]:
    return {"AWS_XRAY_DAEMON_ADDRESS": receiver.address, "_X_AMZN_TRACE_ID": SAMPLED}


@pytest.fixture
def daemon(environ: dict[str, str]) -> Iterator[Daemon]:
    daemon = Daemon(environ)
    yield daemon
    daemon.close()


def test_a_subsegment_is_sent_under_the_functions_segment_when_it_ends(daemon, receiver):
    with daemon.in_subsegment("sign"):
        assert receiver.is_empty()
        receiver.socket.settimeout(5)
    document = receiver.document()
    assert document["name"] == "sign"
    assert document["parent_id"] == FUNCTION
    assert document.keys() == REQUIRED


def test_subsegments_nest_and_each_is_sent_alone(daemon, receiver):
    with daemon.in_subsegment("outer") as outer:
        with daemon.in_subsegment("first"), daemon.in_subsegment("inner"):
            pass
        with daemon.in_subsegment("second"):
            pass
    inner, first, second, last = (receiver.document() for _ in range(4))
    assert [d["name"] for d in (inner, first, second, last)] == ["inner", "first", "second", "outer"]
    assert inner["parent_id"] == first["id"]
    assert first["parent_id"] == second["parent_id"] == last["id"] == outer.id
    assert last["parent_id"] == FUNCTION


def test_subsegments_that_end_out_of_order_find_their_parents(daemon, receiver):
    def stream():
        with daemon.in_subsegment("stream"):
            yield 1

    with ExitStack() as stack:
        body = stream()
        with daemon.in_subsegment("handler") as handler:
            next(body)
            stack.callback(body.close)
        with daemon.in_subsegment("later"):
            pass
    assert receiver.document()["name"] == "handler"
    later, streamed = receiver.document(), receiver.document()
    assert streamed["parent_id"] == handler.id
    assert later["parent_id"] == streamed["id"]
    assert "fault" not in streamed
    with daemon.in_subsegment("after all"):
        pass
    assert receiver.document()["parent_id"] == FUNCTION


def test_a_subsegment_left_open_by_another_request_is_no_parent(daemon, environ, receiver):
    left_open = daemon.in_subsegment("left open")
    left_open.__enter__()
    environ["_X_AMZN_TRACE_ID"] = f"Root={ROOT};Parent=00000000000000aa;Sampled=1"
    with daemon.in_subsegment("next request"):
        pass
    assert receiver.document()["parent_id"] == "00000000000000aa"
    left_open.__exit__(None, None, None)
    assert receiver.document()["parent_id"] == FUNCTION


def test_threads_do_not_become_each_others_children(daemon, receiver):
    def work():
        with daemon.in_subsegment("thread"):
            pass

    with daemon.in_subsegment("main"):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert receiver.document()["parent_id"] == FUNCTION


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("_X_AMZN_TRACE_ID", f"Root={ROOT};Parent={FUNCTION};Sampled=0"),
        ("_X_AMZN_TRACE_ID", f"Root={ROOT};Parent={FUNCTION};Sampled=?"),
        ("_X_AMZN_TRACE_ID", f"Root={ROOT};Parent={FUNCTION}"),
        ("_X_AMZN_TRACE_ID", f"Root={ROOT};Sampled=1"),
        ("_X_AMZN_TRACE_ID", ";;=;Root"),
        ("_X_AMZN_TRACE_ID", ""),
        ("AWS_XRAY_DAEMON_ADDRESS", ""),
        ("AWS_XRAY_DAEMON_ADDRESS", "nonsense"),
        ("POWERTOOLS_TRACE_DISABLED", "true"),
    ],
)
def test_nothing_is_done_for_a_request_that_is_not_traced(environ, receiver, variable, value):
    environ[variable] = value
    daemon = Daemon(environ)
    assert daemon.in_subsegment("one") is UNTRACED
    with daemon.in_subsegment("one") as subsegment:
        subsegment.put_annotation("key", 1)
        subsegment.put_metadata("key", 1)
        subsegment.add_exception(ValueError(), [])
        daemon.put_annotation("key", 1)
    assert receiver.is_empty()


def test_annotations_are_kept_where_xray_takes_them(daemon, receiver):
    with daemon.in_subsegment("one") as subsegment:
        for key in ("model_1", "", "a key", "a-key", "ключ", "k" * 501):
            subsegment.put_annotation(key, 1)
        for number, value in enumerate(
            (True, 2, 2.5, "x" * 2000, 10**400, float("nan"), float("inf"), None, [1], b"x")
        ):
            subsegment.put_annotation(f"v{number}", value)
        daemon.put_annotation("current", "yes")
    assert receiver.document()["annotations"] == {
        "model_1": 1,
        "v0": True,
        "v1": 2,
        "v2": 2.5,
        "v3": "x" * 1000,
        "v4": 10**400,
        "current": "yes",
    }


def test_metadata_is_kept_as_json_and_what_is_none_by_the_name_of_its_type(daemon, receiver):
    with daemon.in_subsegment("one") as subsegment:
        subsegment.put_metadata("plain", {"a": [1, None]})
        subsegment.put_metadata("odd", [object(), ValueError("the prompt")], namespace="mine")
        subsegment.put_metadata("mine", 1, namespace="AWS.mine")
        daemon.put_metadata("current", "\ud800", "mine")
    assert receiver.document()["metadata"] == {
        "default": {"plain": {"a": [1, None]}},
        "mine": {"odd": ["object", "ValueError"], "current": "\ud800"},
    }


def circle() -> list:
    value: list = []
    value.append(value)
    return value


@pytest.mark.parametrize("value", [float("nan"), {(1, 2): 3}, circle(), "x" * 70_000, "ü" * 12_000])
def test_metadata_that_is_no_json_or_too_long_is_left_out(daemon, receiver, value):
    with daemon.in_subsegment("one") as subsegment:
        subsegment.put_annotation("kept", 1)
        subsegment.put_metadata("key", value)
    document = receiver.document()
    assert document["annotations"] == {"kept": 1}
    assert "metadata" not in document


def test_a_document_too_long_without_its_metadata_keeps_its_times(daemon, receiver):
    with daemon.in_subsegment("one") as subsegment:
        for number in range(100):
            subsegment.put_annotation(f"key_{number}", "x" * 1000)
    assert receiver.document().keys() == REQUIRED


@pytest.mark.parametrize(
    ("error", "flags"),
    [
        (ValueError("the prompt"), {"fault"}),
        (Problem("rate_limit_exceeded"), {"error", "throttle"}),
        (Problem("invalid_json", reason="the prompt"), {"error"}),
        (Problem("upstream_error"), {"fault"}),
        (KeyboardInterrupt(), {"fault"}),
    ],
)
def test_an_exception_marks_its_subsegment_without_its_text(daemon, receiver, error, flags):
    with pytest.raises(type(error)), daemon.in_subsegment("one"):
        raise error
    document = receiver.document()
    assert {"error", "fault", "throttle"} & document.keys() == flags
    (exception,) = document["cause"]["exceptions"]
    assert exception["type"] == type(error).__name__
    assert exception["stack"][-1]["path"] == __file__
    assert "the prompt" not in json.dumps(document)


def test_names_lose_what_xray_refuses(daemon, receiver):
    for name, sent in (
        ("a?b;c*(d)!$~^<e>", "abcde"),
        ("Größe 1/2", "Größe 1/2"),
        ("?", "unnamed"),
        ("x" * 300, "x" * 200),
    ):
        with daemon.in_subsegment(name):
            pass
        assert receiver.document()["name"] == sent


def test_calls_to_other_services_are_marked_and_carry_the_trace_on(daemon, environ, receiver):
    environ["_X_AMZN_TRACE_ID"] = f"{SAMPLED};Lineage=1:a87bd80c:1"
    assert daemon.trace_header() == f"{SAMPLED};Lineage=1:a87bd80c:1"
    with daemon.in_subsegment("bedrock-runtime", namespace="aws") as subsegment:
        assert daemon.trace_header() == f"Root={ROOT};Parent={subsegment.id};Sampled=1;Lineage=1:a87bd80c:1"
    assert receiver.document()["namespace"] == "aws"
    environ["_X_AMZN_TRACE_ID"] = unsampled = f"Root={ROOT};Parent={FUNCTION};Sampled=0"
    assert daemon.trace_header() == unsampled
    del environ["_X_AMZN_TRACE_ID"]
    assert daemon.trace_header() is None


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("169.254.79.129:2000", ("169.254.79.129", 2000)),
        ("tcp:127.0.0.1:2000 udp:127.0.0.2:2001", ("127.0.0.2", 2001)),
        ("", None),
        (":2000", None),
        ("host:port", None),
    ],
)
def test_the_daemons_address_is_read_in_both_its_forms(text, address):
    assert udp_address(text) == address


def test_a_daemon_that_is_gone_does_not_disturb_the_request(environ, receiver):
    receiver.socket.close()
    daemon = Daemon(environ)
    for _ in range(3):  # the first datagram's refusal is reported to a later one
        with daemon.in_subsegment("one"):
            pass
    daemon.close()
    daemon = Daemon(environ | {"AWS_XRAY_DAEMON_ADDRESS": "no such host.invalid:2000"})
    with daemon.in_subsegment("one"):
        pass
    daemon.close()


def test_powertools_decorators_work_over_the_daemon_and_keep_no_prompt(daemon, receiver, monkeypatch):
    import pennyworth.tracing  # noqa: F401 -- it turns Powertools' capturing off

    tracer = Tracer(provider=daemon, auto_patch=False, disabled=False, service="openai")

    @tracer.capture_method
    def complete(prompt):
        tracer.put_annotation("model", "nova")
        if prompt == "the prompt":
            raise ValueError(prompt)
        return prompt

    @tracer.capture_method
    async def later(prompt):
        return prompt

    @tracer.capture_method
    def stream(prompt):
        yield prompt

    assert complete("hi") == "hi"
    with pytest.raises(ValueError, match="the prompt"):
        complete("the prompt")
    assert asyncio.run(later("the prompt")) == "the prompt"
    assert list(stream("the prompt")) == ["the prompt"]
    documents = [receiver.document() for _ in range(4)]
    assert all("the prompt" not in json.dumps(document) for document in documents)
    assert documents[0]["annotations"] == {"model": "nova"}
    assert documents[1]["fault"] is True
    assert documents[0]["name"].endswith("complete")


def test_importing_the_tracer_loads_nothing_of_the_xray_sdk():
    script = """
import sys
from pennyworth.tracing import subsegment, trace_header, tracer
with subsegment("one"): tracer.put_annotation("a", 1)
trace_header()
print(*(name for name in sys.modules if name.startswith(("aws_xray_sdk", "wrapt", "botocore."))))
"""
    shared = Path(__file__).parents[2] / "shared"
    loaded = subprocess.check_output(
        [sys.executable, "-c", script], env=os.environ | {"PYTHONPATH": str(shared)}, text=True, timeout=20
    )
    assert loaded == "\n"
