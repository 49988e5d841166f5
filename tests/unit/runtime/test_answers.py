"""What the runtime makes of a handler's reply, on the wire."""

import base64
import json
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ECHO = """
    import base64
    KINDS = {
        "str": "grüße", "bytes": b"\\x00\\xff", "none": None, "empty": "",
        "base64": base64.b64encode(b"\\x01\\x02").decode(),
        "list": ["a", b"b", "", bytearray(b"c"), memoryview(b"d")], "no chunks": [], "empty chunks": ["", b""],
        "surrogate": "a\\ud800b",
    }
    def handler(event, context):
        return {"statusCode": 200, "body": KINDS[event], "isBase64Encoded": event == "base64"}
"""


def test_an_answer_is_the_protocol_to_the_byte(platform, start):
    start("""
        def handler(event, context):
            return {"statusCode": 201, "headers": {"a": "1"}, "multiValueHeaders": {"B": ["2", "3"]},
                    "cookies": ["c=4; Secure", "d=5"], "body": "hello", "isBase64Encoded": False, "other": 1}
    """)
    request_id = platform.invoke({})
    post = platform.post()
    assert post.path == f"/2018-06-01/runtime/invocation/{request_id}/response"
    assert post.headers["lambda-runtime-function-response-mode"] == "streaming"
    assert post.headers["content-type"] == "application/vnd.awslambda.http-integration-response"
    assert post.headers["transfer-encoding"] == "chunked"
    assert post.headers["trailer"] == "Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body"
    assert post.headers["host"] == platform.address
    assert post.payload == (
        b'{"statusCode":201,"headers":{"a":"1"},"multiValueHeaders":{"B":["2","3"]},"cookies":["c=4; Secure","d=5"]}'
        b"\0\0\0\0\0\0\0\0hello"
    )
    assert post.trailers == {}


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("str", "grüße".encode()),
        ("bytes", b"\x00\xff"),
        ("none", b""),
        ("empty", b""),
        ("base64", b"\x01\x02"),
        ("list", b"abcd"),
        ("no chunks", b""),
        ("empty chunks", b""),
        ("surrogate", b"a?b"),
    ],
)
def test_every_kind_of_body_is_sent_as_its_bytes(platform, start, kind, body):
    start(ECHO)
    post = platform.call(kind)
    assert (post.prelude, post.body) == ({"statusCode": 200}, body)


def test_an_answer_that_is_whole_is_one_write_and_a_stream_is_one_write_a_chunk(platform, start):
    start("""
        import socket
        sizes, sendall = [], socket.socket.sendall
        def counted(self, data):
            sizes.append(len(data))
            return sendall(self, data)
        socket.socket.sendall = counted
        def handler(event, context):
            seen = list(sizes)
            sizes.clear()
            return {"statusCode": 200, "body": str(seen) if event == "whole" else iter([str(seen), "x" * 10, "", "y"])}
    """)
    assert len(json.loads(platform.call("whole").body)) == 1  # the call for the first invocation
    assert len(json.loads(platform.call("streamed").body.partition(b"x")[0])) == 2  # the answer, the next call
    writes = json.loads(platform.call("whole").body)
    assert writes[1:-1] == [len(b"a\r\nxxxxxxxxxx\r\n"), len(b"1\r\ny\r\n"), len(b"0\r\n\r\n")]
    assert len(writes) == 5


def test_chunks_leave_as_they_come_and_the_status_with_the_first(platform, start, tmp_path):
    start("""
        import socket
        def handler(event, context):
            gate = socket.create_connection(tuple(event))
            def chunks():
                while word := gate.recv(100):
                    yield word
            return {"statusCode": 200, "body": chunks()}
    """)
    with socket.create_server(("127.0.0.1", 0)) as gate:
        platform.invoke(gate.getsockname())
        gate.settimeout(10)
        door, _ = gate.accept()
        assert platform.chunks.empty()
        door.sendall(b"one")
        assert platform.chunk() == b'{"statusCode":200}' + bytes(8) + b"one"
        door.sendall(b"two")
        assert platform.chunk() == b"two"
        assert platform.posts.empty()
        door.close()
    assert platform.post().body == b"onetwo"


def test_a_large_answer_and_a_large_event_arrive_whole(platform, start):
    start("""
        def handler(event, context):
            return {"statusCode": 200, "body": event * 2}
    """)
    text = "0123456789" * 300_000
    assert platform.call(text).body == (text * 2).encode()


@pytest.mark.parametrize("size", [1, 7, 4096])
def test_an_event_sent_in_chunks_is_put_together(platform, start, size):
    start("""
        def handler(event, context):
            return {"statusCode": 200, "body": event["text"]}
    """)
    text = "abc\r\n" * 1000
    assert platform.call({"text": text}, chunked=size).body == text.encode()
    assert platform.call({"text": "again"}).body == b"again"


def test_invocations_share_one_connection(platform, start):
    start("""
        def handler(event, context):
            return {"statusCode": 200, "body": iter("abc")}
    """)
    for _ in range(5):
        assert platform.call().body == b"abc"
    assert len(platform.connections) == 1


def test_an_attempt_at_a_request_is_named_back_to_lambda(platform, start):
    start("""
        def handler(event, context):
            return {"statusCode": event, "body": iter("ab")}
    """)
    header = "lambda-runtime-invocation-id"
    for event in (200, "no status"):
        assert platform.call(event, headers=("Lambda-Runtime-Invocation-Id: attempt-2",)).headers[header] == "attempt-2"
        assert header not in platform.call(event).headers


def test_the_handler_gets_lambdas_event_context_and_trace(platform, start):
    start("""
        import json, os
        def handler(event, context):
            names = ("aws_request_id", "invoked_function_arn", "function_name", "function_version",
                     "memory_limit_in_mb", "log_group_name", "log_stream_name", "identity", "client_context", "streams")
            seen = {name: getattr(context, name) for name in names}
            seen |= {"event": event, "left": context.get_remaining_time_in_millis(),
                     "trace": os.environ.get("_X_AMZN_TRACE_ID")}
            return {"statusCode": 200, "body": json.dumps(seen)}
    """)
    trace = "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1"
    seen = json.loads(platform.call({"ä": [1]}, headers=(f"Lambda-Runtime-Trace-Id: {trace}",), time_s=30).body)
    assert 25_000 < seen.pop("left") <= 30_000
    assert seen == {
        "event": {"ä": [1]},
        "trace": trace,
        "aws_request_id": "request-1",
        "invoked_function_arn": "arn:aws:lambda:eu-west-1:123456789012:function:f",
        "function_name": "f",
        "function_version": "7",
        "memory_limit_in_mb": "512",
        "log_group_name": "/aws/lambda/f",
        "log_stream_name": "2026/11/22/[7]0",
        "identity": None,
        "client_context": None,
        "streams": True,
    }
    assert json.loads(platform.call({}).body)["trace"] is None


def test_the_process_takes_code_from_the_function_and_the_layer_alone(platform, start, tmp_path):
    (tmp_path / "json.py").write_text("raise SystemExit('the working directory shadows the standard library')")
    start("""
        import http.client, json, sys
        def handler(event, context):
            return {"statusCode": 200, "body": json.dumps([http.__file__, sys.path, sys.executable])}
    """)
    http, path, interpreter = json.loads(platform.call().body)
    assert "pennyworth" not in http
    assert path[:2] == [str(tmp_path / "task"), str(tmp_path / "opt" / "python")]
    assert not [folder for folder in path if "site-packages" in folder or folder == ""]
    assert interpreter == sys.executable


def test_the_wrapper_finds_its_layer_by_a_relative_path_too(tmp_path):
    (tmp_path / "opt").mkdir()
    shutil.copy(Path(__file__).parents[3] / "shared" / "stream", tmp_path / "opt" / "stream")
    (tmp_path / "interpreter").write_text('#!/bin/sh\necho "$PYTHONPATH"\n')
    (tmp_path / "interpreter").chmod(0o755)
    shown = subprocess.check_output(
        ["opt/stream", tmp_path / "interpreter"], cwd=tmp_path, env={"LAMBDA_TASK_ROOT": "/task"}, text=True, timeout=10
    )
    assert shown == f"/task:{tmp_path}/opt/python\n"


def test_prints_of_the_function_reach_the_log_at_once(platform, start):
    function = start("""
        def handler(event, context):
            print("a line")
            return {"statusCode": 200}
    """)
    platform.call()
    assert function.line() == "a line\n"


def test_base64_of_bytes_is_read_too(platform, start):
    start("""
        def handler(event, context):
            return {"statusCode": 200, "body": event.encode(), "isBase64Encoded": True}
    """)
    assert platform.call(base64.b64encode(b"\xfe").decode()).body == b"\xfe"
