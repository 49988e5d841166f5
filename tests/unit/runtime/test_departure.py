"""Where Lambda does tell that nobody reads on: the connection to the Runtime API is lost in the middle of a stream."""

import itertools
import json
import sys
from pathlib import Path

import pytest

from tests.openai_provider import provider

ROOT = Path(__file__).parents[3]
PATIENCE_S = 10
SERVICE = """
    import sys
    sys.path += {paths!r}
    from aws_lambda_powertools.event_handler import Response
    from pennyworth.http import log_also, router, serve
    from pennyworth.settings import Endpoint
    from services.openai.catalogue import Model
    from services.openai.converse import Envelope
    from services.openai.meter import Meter
    from services.openai.providers.server import Server
    from services.openai.providers.upstream import Upstream
    server = Server("acme", Endpoint.of({{"url": "http://127.0.0.1:{port}/v1"}}), None)
    app, upstream = router(), Upstream(server, Model(name="gpt-x", provider="acme", id="gpt-x"))
    @app.post("/chat")
    def chat():
        meter = Meter("gpt-x")
        log_also(app.current_event.raw_event, meter.fields)
        events = upstream.stream({{"model": "gpt-x", "stream": True}}, Envelope("c", 1, "gpt-x"), meter)
        return Response(200, "text/event-stream", events)
    handler = serve(app)
"""
EVENT = {
    **{"resource": "/chat", "path": "/chat", "httpMethod": "POST", "headers": {}, "multiValueHeaders": {}},
    **{"requestContext": {"requestId": "r1", "authorizer": {}}, "body": "{}", "isBase64Encoded": False},
}


def said(text):
    return b"data: " + json.dumps({"choices": [{"index": 0, "delta": {"content": text}}]}).encode() + b"\n\n"


@pytest.mark.parametrize("heard", [b"second", b"first"], ids=["in the middle", "with the first byte"])
def test_the_model_is_left_at_once_what_arrived_is_counted_and_the_next_request_is_served(platform, start, heard):
    with provider() as upstream:
        site = [path for path in sys.path if path.endswith("site-packages")]
        function = start(
            SERVICE.format(paths=[str(ROOT), *site], port=upstream.server_port),
            POWERTOOLS_SERVICE_NAME="openai",
            AWS_XRAY_SDK_ENABLED="false",
        )
        upstream.pieces = itertools.chain([said("first")], [said("second")], itertools.repeat(said("more")))
        platform.hang_up_on = lambda chunk: heard in chunk
        platform.invoke(EVENT)
        assert upstream.left.wait(PATIENCE_S)
        platform.hang_up_on = lambda chunk: False
        upstream.pieces = [said("again"), b"data: [DONE]\n\n"]
        assert platform.call(EVENT).body == said("again") + b"data: [DONE]\n\n"
        lines = [json.loads(line) for line in function.output().splitlines()]
    requests = [line for line in lines if line["message"] == "request"]
    assert [line["status"] for line in requests] == [499, 200]
    assert requests[0]["usage_partial"]
    assert requests[0]["completion_tokens"] >= (2 if heard == b"second" else 1)
    assert [line["message"] for line in lines if line["level"] == "ERROR"] == ["connection lost while answering"]
