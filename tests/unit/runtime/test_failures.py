"""What the runtime makes of failures: before the first byte, after it, at init, at the deadline, on the connection."""

import base64
import json
import signal
import socket

import pytest

SECRET = "the prompt"


def logged(function) -> list[dict]:
    return [json.loads(line) for line in function.output().splitlines()]


FAILING = """
    class Prompted(Exception):
        pass
    def chunks(event):
        raise Prompted(event)
        yield
    def handler(event, context):
        if event == "fine":
            return {"statusCode": 200, "body": "fine"}
        if event == "exits":
            raise SystemExit(event)
        if event == "in the body":
            return {"statusCode": 200, "body": chunks(event)}
        raise Prompted(event)
"""


@pytest.mark.parametrize(
    ("event", "kind"), [(SECRET, "Prompted"), ("in the body", "Prompted"), ("exits", "Runtime.ExitError")]
)
def test_an_error_before_the_first_byte_is_reported_as_one_and_the_loop_goes_on(platform, start, event, kind):
    function = start(FAILING)
    request_id = platform.invoke(event)
    post = platform.post()
    assert post.path == f"/2018-06-01/runtime/invocation/{request_id}/error"
    assert post.headers["lambda-runtime-function-error-type"] == kind
    assert post.headers["content-type"] == "application/json"
    assert post.error["errorType"] == kind
    assert post.error["requestId"] == request_id
    (place,) = post.error["stackTrace"]
    assert "/task/app.py:" in place
    assert place.endswith((" handler", " chunks"))
    assert platform.call("fine").body == b"fine"
    log = logged(function)
    assert [(line["message"], line["error"], line["request_id"]) for line in log] == [
        ("function error", kind, request_id)
    ]
    for text in (json.dumps(post.error), json.dumps(log)):
        assert event not in text


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        ("None", "returned NoneType, not a dict"),
        ("[]", "returned list, not a dict"),
        ("{}", "statusCode"),
        ("{'statusCode': '200'}", "statusCode"),
        ("{'statusCode': True}", "statusCode"),
        ("{'statusCode': 42}", "statusCode"),
        ("{'statusCode': 200, 'headers': {'a': 'b' * 16384}}", "16384"),
        ("{'statusCode': 200, 'cookies': ['b' * 17000], 'body': iter('abc')}", "16384"),
        ("{'statusCode': 200, 'headers': {'a': b''}}", "not JSON"),
        ("{'statusCode': 200, 'body': {'a': 1}}", "mapping"),
        ("{'statusCode': 200, 'body': 5}", "int"),
        ("{'statusCode': 200, 'body': [5]}", "yielded int"),
        ("{'statusCode': 200, 'body': '%%', 'isBase64Encoded': True}", "not base64"),
        ("{'statusCode': 200, 'body': ['aa'], 'isBase64Encoded': True}", "isBase64Encoded"),
    ],
)
def test_a_reply_that_is_none_is_refused_with_the_reason(platform, start, reply, says):
    start(f"def handler(event, context): return {reply}")
    post = platform.call()
    assert post.path.endswith("/error")
    assert post.error["errorType"] == "Runtime.InvalidReply"
    assert says in post.error["errorMessage"]


def test_a_prelude_of_just_16_kb_is_sent(platform, start):
    start("def handler(event, context): return {'statusCode': 200, 'headers': {'a': 'b' * event}}")
    fitting = 16384 - 8 - len('{"statusCode":200,"headers":{"a":""}}')
    assert len(platform.call(fitting).payload) == 16384
    assert platform.call(fitting + 1).path.endswith("/error")


def test_an_event_that_is_not_json_is_an_error(platform, start):
    start(FAILING)
    assert platform.call(raw=b"{").error["errorType"] == "Runtime.UnmarshalError"
    assert platform.call("fine").body == b"fine"


def test_an_error_after_the_first_byte_travels_in_the_trailers(platform, start):
    function = start("""
        class Größenfehler(Exception):
            pass
        def chunks(event):
            yield "first"
            yield "second"
            raise Größenfehler(event)
        def handler(event, context):
            return {"statusCode": 200, "body": "fine" if event == "fine" else chunks(event)}
    """)
    request_id = platform.invoke(SECRET)
    post = platform.post()
    assert post.path == f"/2018-06-01/runtime/invocation/{request_id}/response"
    assert post.body == b"firstsecond"
    assert set(post.trailers) == {"lambda-runtime-function-error-type", "lambda-runtime-function-error-body"}
    assert post.trailers["lambda-runtime-function-error-type"] == "Gr??enfehler"  # headers are ASCII
    report = json.loads(base64.b64decode(post.trailers["lambda-runtime-function-error-body"], validate=True))
    assert report["errorType"] == "Größenfehler"
    assert report["requestId"] == request_id
    assert report["stackTrace"][-1].endswith(" chunks")
    assert platform.call("fine").body == b"fine"
    log = logged(function)
    assert [line["error"] for line in log] == ["Größenfehler"]
    assert SECRET not in json.dumps([report, log])


@pytest.mark.parametrize("chunk", ["5", "{'a': 1}"])
def test_a_chunk_that_is_no_text_ends_the_stream_with_an_error_and_closes_the_body(platform, start, chunk):
    function = start(f"""
        def chunks():
            try:
                yield "first"
                yield {chunk}
            finally:
                print('"closed"')
        def handler(event, context):
            return {{"statusCode": 200, "body": chunks()}}
    """)
    post = platform.call()
    assert post.body == b"first"
    assert post.trailers["lambda-runtime-function-error-type"] == "Runtime.InvalidReply"
    assert "closed" in logged(function)


BROKEN = [
    ("def handler(:", "app.handler", "Runtime.UserCodeSyntaxError", "app.py, line 1"),
    ("import no_such_module", "app.handler", "Runtime.ImportModuleError", "No module named 'no_such_module'"),
    ("", "absent.handler", "Runtime.ImportModuleError", "No module named 'absent'"),
    ("", "app.handler", "Runtime.HandlerNotFound", "Module 'app' has no 'handler'"),
    ("handler = 5", "app.handler", "Runtime.HandlerNotCallable", "int"),
    ("", "handler", "Runtime.MalformedHandlerName", "'handler'"),
    ("import os; os.environ['VERSION']", "app.handler", "KeyError", "VERSION"),
    ("raise SystemExit('no')", "app.handler", "Runtime.ExitError", "SystemExit: no"),
]


@pytest.mark.parametrize(("source", "handler", "kind", "says"), BROKEN)
def test_a_function_that_cannot_start_says_why_and_exits(platform, start, source, handler, kind, says):
    function = start(source, handler=handler)
    post = platform.post()
    assert post.path == "/2018-06-01/runtime/init/error"
    assert post.headers["lambda-runtime-function-error-type"] == kind
    assert post.error["errorType"] == kind
    assert says in post.error["errorMessage"]
    assert function.ended() == 1
    (line,) = logged(function)
    assert (line["message"], line["error"]) == ("init error", kind)
    assert says in line["reason"]


def test_a_handler_in_a_folder_may_be_written_with_a_slash(platform, start, tmp_path):
    (tmp_path / "task" / "folder").mkdir()
    (tmp_path / "task" / "folder" / "inner.py").write_text("def handler(event, context): return {'statusCode': 204}")
    start("", handler="folder/inner.handler")
    assert platform.call().prelude == {"statusCode": 204}


STUCK = """
    import json, socket, time
    def wait():
        silent = socket.create_server(("127.0.0.1", 0))
        silent.accept()  # for ever
    def chunks(event):
        try:
            yield "first"
            if event == "busy":
                while True:
                    yield "more"
            wait()
        finally:
            print('"closed"')
    def handler(event, context):
        if event == "handler":
            try:
                wait()
            except Exception:  # as web frameworks do; the deadline is no failure that they can answer
                return {"statusCode": 500}
        return {"statusCode": 200, "body": "fine" if event == "fine" else chunks(event)}
"""


@pytest.mark.parametrize("event", ["stuck", "busy"])
def test_a_stream_is_closed_shortly_before_the_deadline_so_that_the_client_gets_what_there_is(platform, start, event):
    function = start(STUCK)
    platform.call("fine")  # started: the deadline below is not spent on that
    post = platform.call(event, time_s=0.7)
    assert post.body.removeprefix(b"first").replace(b"more", b"") == b""
    assert post.trailers["lambda-runtime-function-error-type"] == "Runtime.DeadlineExceeded"
    assert platform.call("fine").body == b"fine"
    log = logged(function)
    assert "closed" in log
    assert [line["error"] for line in log if line != "closed"] == ["Runtime.DeadlineExceeded"]


def test_a_handler_that_is_stuck_at_the_deadline_is_an_error_and_not_a_lost_process(platform, start):
    start(STUCK)
    platform.call("fine")
    assert platform.call("handler", time_s=0.7).error["errorType"] == "Runtime.DeadlineExceeded"
    assert platform.call("fine").body == b"fine"


def test_each_invocation_has_its_own_alarm(platform, start):
    start("""
        import signal
        def handler(event, context):
            return {"statusCode": 200, "body": str(signal.getitimer(signal.ITIMER_REAL)[0])}
    """)
    assert 290 < float(platform.call(time_s=300).body) < 300
    assert 50 < float(platform.call(time_s=60).body) < 60


ENDLESS = """
    def chunks():
        try:
            for number in range(10_000_000):
                yield "x" * 1000
        finally:
            print('"closed"', flush=True)
    def handler(event, context):
        return {"statusCode": 200, "body": "fine" if event == "fine" else chunks()}
"""


def test_a_connection_lost_while_streaming_closes_the_body_and_the_loop_goes_on(platform, start):
    function = start(ENDLESS)
    platform.hang_up_on = lambda chunk: chunk.endswith(b"x")
    request_id = platform.invoke()
    platform.chunk()
    platform.hang_up_on = lambda chunk: False
    assert platform.call("fine").body == b"fine"
    log = logged(function)
    assert log[0] == "closed"
    assert (log[1]["message"], log[1]["request_id"]) == ("connection lost while answering", request_id)
    assert len(log) == 2


def test_a_body_that_fails_to_close_is_logged_and_the_loop_goes_on(platform, start):
    function = start("""
        def chunks(event):
            try:
                while True:
                    yield "x" * 1000
            except GeneratorExit:
                raise ValueError(event) from None
        def handler(event, context):
            return {"statusCode": 200, "body": "fine" if event == "fine" else chunks(event)}
    """)
    platform.hang_up_on = lambda chunk: chunk.endswith(b"x")
    platform.invoke(SECRET)
    platform.chunk()
    assert platform.call("fine").body == b"fine"
    log = logged(function)
    assert [line["message"] for line in log] == ["the body failed to close", "connection lost while answering"]
    assert log[0]["error"] == "ValueError"
    assert SECRET not in json.dumps(log)


def test_a_connection_closed_while_idle_or_while_the_handler_worked_costs_nothing(platform, start):
    start("""
        import socket
        def handler(event, context):
            if event:
                gate = socket.create_connection(tuple(event))
                gate.recv(1)
            return {"statusCode": 200, "body": "fine"}
    """)
    platform.close_after_answer = True
    assert platform.call().body == b"fine"
    assert platform.call().body == b"fine"
    platform.close_after_answer = False
    assert platform.call().body == b"fine"
    with socket.create_server(("127.0.0.1", 0)) as gate:
        platform.invoke(gate.getsockname())
        gate.settimeout(10)
        door, _ = gate.accept()
        platform.connections[-1].shutdown(2)
        door.sendall(b".")
        assert platform.post().body == b"fine"
        door.close()


def test_a_runtime_api_that_is_gone_ends_the_process(platform, start):
    function = start(ENDLESS)
    platform.call("fine")
    platform.close()
    assert function.ended() == 1
    assert logged(function)[-1]["message"] == "runtime ends"


@pytest.mark.parametrize(
    "reply",
    [
        b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.0 503 Unavailable\r\n\r\n",
    ],
)
def test_a_broken_container_ends_the_process(platform, start, reply):
    function = start(ENDLESS)
    platform.accepted = reply
    platform.call("fine")
    assert function.ended() == 1
    assert logged(function)[-1]["message"] == "runtime ends"


def test_a_refused_answer_is_logged_and_the_loop_goes_on(platform, start):
    function = start(ENDLESS)
    platform.accepted = (
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 413 Too Large\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
    )
    request_id = platform.invoke("fine")
    platform.post()
    assert platform.call("fine").body == b"fine"
    first = logged(function)[0]
    assert (first["message"], first["status"], first["request_id"]) == ("answer refused", 413, request_id)


@pytest.mark.parametrize("reply", [b"SSH-2.0-OpenSSH_9.6\r\n\r\n", b"HTTP/1.1 two\r\n\r\n", b"\0" * 70_000])
def test_what_is_not_http_is_a_lost_connection(platform, start, reply):
    function = start(ENDLESS)
    platform.accepted = reply
    platform.call("fine")
    platform.accepted = b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"
    assert platform.call("fine").body == b"fine"
    assert logged(function)[0]["message"] == "connection lost while answering"


def test_ctrl_c_ends_the_process_without_a_word(platform, start):
    function = start(ENDLESS)
    platform.call("fine")
    function.process.send_signal(signal.SIGINT)
    assert function.ended() == 130
    assert function.output() == ""
