"""An OpenAI-compatible upstream, over real HTTP: what it says passes unchanged, what it says of our key does not."""

import json
import threading
import time
from contextlib import contextmanager

import pytest
from requests import ReadTimeout

from pennyworth.errors import Problem
from pennyworth.secret import Secret
from pennyworth.settings import Endpoint
from services.openai.catalogue import Model
from services.openai.converse import Envelope
from services.openai.meter import Meter
from services.openai.providers.server import Server
from services.openai.providers.upstream import Upstream
from tests.openai_provider import COMPLETION, EVENTS, provider

ENVELOPE = Envelope("chatcmpl-ours", 1, "gpt-x")
MODEL = Model(name="mine", provider="acme", id="gpt-x", owned_by="acme")
BODY = {"model": "gpt-x", "stream": True}
USAGE = {"prompt_tokens": 7, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 4}}


def meter():
    return Meter("gpt-x")


def said(document):
    return b"data: " + json.dumps(document).encode() + b"\n\n"


@contextmanager
def reached(url, keys=("sk-upstream",), clock=time.monotonic, **more):
    """A model of the provider there; each time its key is read, it is the next one, and the last for good."""
    given = [*keys]
    key = Secret(lambda: given.pop(0) if len(given) > 1 else given[0], clock) if keys else None
    server = Server("acme", Endpoint(url, **more), key)
    yield Upstream(server, MODEL)
    server.close()


@pytest.fixture
def server():
    with provider() as server:
        yield server


@pytest.fixture
def upstream(server):
    with reached(f"http://127.0.0.1:{server.server_port}/v1") as made:
        yield made


@pytest.mark.parametrize("field", ["models", "fallbacks", "preset"])
@pytest.mark.parametrize("way", ["complete", "stream", "complete_prompt", "stream_prompt", "embed"])
def test_no_field_names_a_model_beside_the_one_that_is_allowed(server, upstream, field, way):
    """OpenRouter and others would ask that one, with our key, and no policy would have seen its name."""
    more = {"embed": (), "stream": (ENVELOPE, meter()), "stream_prompt": (ENVELOPE, meter())}.get(way, (ENVELOPE,))
    with pytest.raises(Problem) as raised:
        getattr(upstream, way)({"model": "mine", "messages": [], field: ["dear/model"]}, *more)
    assert (raised.value.status, raised.value.param) == (400, field)
    assert server.requests == []


def test_an_answer_that_nests_too_deep_is_the_providers_fault(server, upstream):
    for status in (200, 400):
        server.answer = (status, {}, b'{"error": ' + b"[" * 100_000 + b"]" * 100_000 + b"}")
        with pytest.raises(Problem) as raised:
            upstream.complete({"model": "mine", "messages": []}, ENVELOPE)
        assert raised.value.status in (400, 502)


def test_a_request_and_its_answer_pass_unchanged(server, upstream):
    body = {"model": "gpt-x", "messages": [], "a_parameter_of_tomorrow": {"x": "é"}}
    assert upstream.complete(body, ENVELOPE) == COMPLETION
    assert server.requests == [("/v1/chat/completions", "Bearer sk-upstream", body)]


def test_embeddings_pass_unchanged_token_ids_included(server, upstream):
    answer = {"object": "list", "data": [{"embedding": "AAAA", "new_field": 1}], "usage": {"prompt_tokens": 2}}
    server.answer = (200, {}, json.dumps(answer).encode())
    body = {"model": "gpt-x", "input": [[1, 2], [3]], "encoding_format": "base64", "dimensions": 7}
    assert upstream.embed(body) == answer
    assert server.requests == [("/v1/embeddings", "Bearer sk-upstream", body)]


def test_the_older_api_passes_unchanged(server, upstream):
    body = {"model": "gpt-x", "prompt": [[1, 2]], "suffix": "x", "logprobs": 2}
    assert upstream.complete_prompt(body, ENVELOPE) == COMPLETION
    server.pieces = EVENTS
    assert b"".join(upstream.stream_prompt({**body, "stream": True}, ENVELOPE, meter())) == b"".join(EVENTS)
    assert [path for path, *_ in server.requests] == ["/v1/completions"] * 2
    assert server.requests[0][2] == body


def test_a_stream_passes_in_whole_events(server, upstream):
    whole = b"".join(EVENTS)
    server.pieces = [whole[:10], whole[10:50], whole[50:]]
    pieces = list(upstream.stream(BODY, ENVELOPE, meter()))
    assert b"".join(pieces) == whole
    assert all(piece.endswith(b"\n\n") for piece in pieces)


def test_a_stream_with_https_line_ends_passes_unchanged(server, upstream):
    events = [made.replace(b"\n", b"\r\n") for made in EVENTS]
    server.pieces = [events[0], events[1][:-1], events[1][-1:], events[2]]
    pieces = list(upstream.stream(BODY, ENVELOPE, meter()))
    assert b"".join(pieces) == b"".join(events)
    assert all(piece.endswith(b"\r\n\r\n") for piece in pieces)


def test_an_event_is_not_held_back_for_the_next(server, upstream):
    server.pieces = [EVENTS[0].replace(b"\n", b"\r\n"), b'data: {"id":', None]
    pieces = upstream.stream(BODY, ENVELOPE, meter())
    assert next(pieces) == EVENTS[0].replace(b"\n", b"\r\n")


def test_the_last_event_needs_no_blank_line(server, upstream):
    server.pieces = [EVENTS[0], b"data: [DONE]\n"]
    pieces = list(upstream.stream(BODY, ENVELOPE, meter()))
    assert b"".join(pieces) == EVENTS[0] + b"data: [DONE]\n\n"


def test_a_stream_that_breaks_off_ends_in_an_error_event(server, upstream):
    server.pieces = [EVENTS[0], b'data: {"id":', None]
    pieces = b"".join(upstream.stream(BODY, ENVELOPE, meter()))
    assert pieces.startswith(EVENTS[0])
    assert b'"code":"upstream_error"' in pieces
    assert b"[DONE]" not in pieces


def test_the_usage_an_upstream_streams_is_read_and_passes_unchanged(server, upstream):
    server.pieces = [said({"choices": [{"delta": {"content": "x"}}], "usage": None}), said({"usage": USAGE})]
    heard = meter()
    assert b"".join(upstream.stream(BODY, ENVELOPE, heard)) == b"".join(server.pieces)
    counts = {"prompt_tokens": 7, "cached_tokens": 4, "completion_tokens": 2}
    line = heard.fields()
    assert line.pop("first_token_ms") > 0
    assert line == {"model": "gpt-x", **counts}


@pytest.mark.parametrize("way", ["stream", "stream_prompt"])
@pytest.mark.parametrize(
    "options",
    [{}, {"stream_options": None}, {"stream_options": {"include_usage": False, "include_obfuscation": False}}],
)
def test_usage_is_metered_for_who_did_not_ask_who_reads_the_same_but_that(server, upstream, way, options):
    server.pieces = [said({"choices": [{"delta": {"content": word}}]}) for word in "abc"] + EVENTS[-1:]
    server.usage = USAGE
    heard = meter()
    text = b"".join(getattr(upstream, way)({**BODY, **options}, ENVELOPE, heard))
    ((_, _, asked),) = server.requests
    assert asked == {**BODY, "stream_options": {**(options.get("stream_options") or {}), "include_usage": True}}
    *chunks, told, done = server.sent
    assert text == b"".join([*chunks, done])
    assert json.loads(told.removeprefix(b"data: "))["usage"] == USAGE
    assert text.count(b'"usage": null') == 3
    counts = {"prompt_tokens": 7, "cached_tokens": 4, "completion_tokens": 2}
    line = heard.fields()
    assert line.pop("first_token_ms") > 0
    assert line == {"model": "gpt-x", **counts}


def test_usage_is_told_to_who_asked(server, upstream):
    server.pieces, server.usage = EVENTS, USAGE
    body = {**BODY, "stream_options": {"include_usage": True}}
    assert b"".join(upstream.stream(body, ENVELOPE, meter())) == b"".join(server.sent)
    assert b'"prompt_tokens": 7' in b"".join(server.sent)
    assert server.requests[0][2] == body


def test_what_is_wrong_with_other_options_is_the_providers_to_say(server, upstream):
    server.pieces = EVENTS
    with pytest.raises(Problem) as raised:
        upstream.stream({**BODY, "stream_options": {"of": "tomorrow"}}, ENVELOPE, meter())
    assert (raised.value.status, raised.value.param) == (400, "stream_options")
    assert len(server.requests) == 1


@pytest.mark.parametrize("way", ["stream", "stream_prompt"])
@pytest.mark.parametrize("options", [["include_usage"], {"include_usage": "no"}, {"include_usage": 0}])
def test_what_a_provider_might_take_for_a_no_never_gets_there(server, upstream, way, options):
    server.pieces = EVENTS
    with pytest.raises(Problem) as raised:
        getattr(upstream, way)({**BODY, "stream_options": options}, ENVELOPE, meter())
    assert (raised.value.status, raised.value.param.split(".")[0]) == (400, "stream_options")
    assert server.requests == []


@pytest.mark.parametrize("options", [{}, {"stream_options": {"include_usage": True}}])
def test_a_provider_that_refuses_to_be_asked_for_usage_is_not_where_the_settings_say_so(server, upstream, options):
    server.pieces, server.takes_usage = [said({"choices": [], "usage": USAGE}), EVENTS[-1]], False
    with pytest.raises(Problem) as raised:
        upstream.stream(BODY, ENVELOPE, meter())
    assert raised.value.status == 422
    heard = meter()
    with reached(f"http://127.0.0.1:{server.server_port}/v1", stream_usage=False) as unasked:
        assert b"".join(unasked.stream({**BODY, **options}, ENVELOPE, heard)) == b"".join(server.pieces)
    assert server.requests[-1][2] == BODY
    assert heard.fields()["prompt_tokens"] == 7


def test_a_client_that_leaves_closes_the_connection_at_once_and_what_arrived_is_counted(server, upstream):
    told = said({"choices": [{"delta": {"content": "x"}}]})
    server.pieces = [told, told, threading.Event()]
    heard = meter()
    events = upstream.stream(BODY, ENVELOPE, heard)
    while heard.pieces < 2:
        next(events)
    events.close()
    assert server.left.wait(10)
    assert (heard.fields()["completion_tokens"], heard.fields()["usage_partial"]) == (2, True)
    server.pieces = EVENTS
    assert b"".join(upstream.stream(BODY, ENVELOPE, meter())) == b"".join(EVENTS)


@pytest.mark.parametrize(
    "event",
    [
        said({"choices": [{"delta": {"content": '"usage": {"completion_tokens": 9}'}}]}),
        b'data: {"usage": {not json}\n\n',
        b'data: ["usage", {"usage": {}}]\n\n',
        said({"usage": {"prompt_tokens": "7", "completion_tokens": -1, "prompt_tokens_details": [4]}}),
    ],
)
def test_what_is_no_usage_is_not_read_as_one_and_passes_unchanged(server, upstream, event):
    server.pieces = [event]
    heard = meter()
    assert b"".join(upstream.stream(BODY, ENVELOPE, heard)) == event
    pieces = event.count(b"content")
    assert heard.fields().get("completion_tokens", 0) == pieces
    assert heard.fields().get("usage_partial", False) == (pieces > 0)
    assert heard.fields().get("prompt_tokens", 0) == 0


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("status", [400, 404, 413, 422, 429])
def test_what_is_said_of_the_request_is_the_clients_to_read(server, upstream, status, stream):
    error = {"message": "No such thing.", "type": "invalid_request_error", "param": "x", "code": "nope"}
    server.answer = (status, {"retry-after": "7"}, json.dumps({"error": error}).encode())
    with pytest.raises(Problem) as raised:
        upstream.stream(BODY, ENVELOPE, meter()) if stream else upstream.complete(BODY, ENVELOPE)
    assert (raised.value.status, raised.value.body) == (status, {"error": error})
    assert raised.value.headers["retry-after"] == "7"


@pytest.mark.parametrize(
    ("status", "code"),
    [(401, "internal_error"), (403, "internal_error"), (500, "upstream_error"), (302, "upstream_error")],
)
def test_what_is_said_of_our_key_or_their_trouble_is_not(server, upstream, status, code):
    server.answer = (status, {"location": "/elsewhere"}, b'{"error": {"message": "Incorrect API key: sk-upstream"}}')
    with pytest.raises(Problem) as raised:
        upstream.complete({"model": "gpt-x"}, ENVELOPE)
    assert raised.value.code == code
    assert "sk-upstream" not in raised.value.message
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [400, 404, 429])
def test_an_error_that_quotes_our_key_is_not_the_clients_to_read(server, upstream, status, caplog):
    server.answer = (status, {}, b'{"error": {"message": "The key sk-upstream is not valid.", "code": "sk-upstream"}}')
    with pytest.raises(Problem) as raised:
        upstream.complete(BODY, ENVELOPE)
    assert "sk-upstream" not in str(raised.value.body) + caplog.text


@pytest.mark.parametrize("body", [b"<html>", b"", b'{"error": "text"}', b'{"error": {"message": {"a": 1}, "code": 7}}'])
def test_an_error_in_no_known_shape_is_still_openais_error_object(server, upstream, body):
    server.answer = (400, {}, body)
    with pytest.raises(Problem) as raised:
        upstream.complete({"model": "gpt-x"}, ENVELOPE)
    error = raised.value.body["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert isinstance(error["message"], str)
    assert error["code"] is None or isinstance(error["code"], str)


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"data": 7}', b'{"data": [{}]}', b'{"data": [{"id": 7}]}'])
def test_an_unreadable_answer_is_the_upstreams_error(server, upstream, body):
    server.answer = (200, {}, body)
    with pytest.raises(Problem) as raised:
        upstream._server.models()
    assert raised.value.code == "upstream_error"


def test_a_list_that_does_not_come_is_waited_for_a_few_seconds(upstream):
    asked = []
    upstream._server._session.request = lambda *_, timeout, **__: (
        asked.append(timeout) or (_ for _ in ()).throw(ReadTimeout)
    )
    with pytest.raises(Problem, match="took too long"):
        upstream._server.models()
    with pytest.raises(Problem, match="took too long"):
        upstream.complete({"model": "gpt-x"}, ENVELOPE)
    assert asked[0][1] <= 5 < 60 < asked[1][1]


def test_models_are_listed_once_in_five_minutes(server, upstream):
    server.answer = (200, {}, b'{"data": [{"id": "gpt-x", "created": 5, "owned_by": "them", "extra": 1}]}')
    card = {"id": "gpt-x", "object": "model", "created": 5, "owned_by": "them"}
    assert upstream._server.models() == upstream._server.models() == [card]
    assert len(server.requests) == 1


def test_an_upstream_that_is_not_there_is_a_503():
    with reached("http://127.0.0.1:9/v1", keys=()) as upstream, pytest.raises(Problem) as raised:
        upstream.complete({"model": "gpt-x"}, ENVELOPE)
    assert raised.value.code == "service_unavailable"


def test_the_model_is_asked_for_by_the_providers_own_id_and_all_else_passes(server, upstream):
    body = {"messages": [], "model": "what-the-client-says", "x": 1}
    upstream.complete(body, ENVELOPE)
    assert server.requests[-1][2] == {**body, "model": "gpt-x"}


def test_a_base_urls_query_goes_with_every_call_and_the_key_in_the_header_it_wants(server):
    url = f"http://127.0.0.1:{server.server_port}/openai/?api-version=2024-10-21&x=1"
    with reached(url, key_header="api-key") as upstream:
        upstream.complete(BODY, ENVELOPE)
        server.answer = (200, {}, b'{"data": []}')
        upstream._server.models()
    query = "?api-version=2024-10-21&x=1"
    assert [path for path, *_ in server.requests] == [f"/openai/chat/completions{query}", f"/openai/models{query}"]
    assert [headers["api-key"] for headers in server.headers] == ["sk-upstream"] * 2
    assert not any("authorization" in headers for headers in server.headers)


REFUSED = (401, {}, b'{"error": {"message": "Incorrect API key: sk-old"}}')


def keys_sent(server):
    return [authorization for _, authorization, _ in server.requests]


def test_a_key_that_was_changed_is_read_again_once_the_old_one_is_refused(server):
    now = [0.0]
    with reached(f"http://127.0.0.1:{server.server_port}", keys=("sk-old", "sk-new"), clock=lambda: now[0]) as upstream:
        upstream.complete(BODY, ENVELOPE)
        now[0] += 60
        server.script = [REFUSED]
        assert upstream.complete(BODY, ENVELOPE) == COMPLETION
    assert keys_sent(server) == ["Bearer sk-old", "Bearer sk-old", "Bearer sk-new"]


def test_a_key_that_is_refused_and_was_not_changed_is_sent_no_second_time(server):
    now = [0.0]
    with reached(f"http://127.0.0.1:{server.server_port}", keys=("sk-old",), clock=lambda: now[0]) as upstream:
        upstream.complete(BODY, ENVELOPE)
        now[0] += 60
        server.answer = REFUSED
        with pytest.raises(Problem) as raised:
            upstream.complete(BODY, ENVELOPE)
    assert (raised.value.code, len(server.requests)) == ("internal_error", 2)
    assert "sk-old" not in raised.value.message


def test_a_new_key_that_is_refused_too_is_the_end(server):
    now = [0.0]
    keys = ("sk-old", "sk-new", "sk-newer")
    with reached(f"http://127.0.0.1:{server.server_port}", keys=keys, clock=lambda: now[0]) as upstream:
        upstream._server._key.value()
        now[0] += 60
        server.answer = REFUSED
        with pytest.raises(Problem):
            upstream.complete(BODY, ENVELOPE)
    assert keys_sent(server) == ["Bearer sk-old", "Bearer sk-new"]


def test_a_key_is_kept_for_minutes_and_no_longer(server):
    now = [0.0]
    with reached(f"http://127.0.0.1:{server.server_port}", keys=("sk-old", "sk-new"), clock=lambda: now[0]) as upstream:
        for at in (0, 299, 301):
            now[0] = at
            upstream.complete(BODY, ENVELOPE)
    assert keys_sent(server) == ["Bearer sk-old", "Bearer sk-old", "Bearer sk-new"]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        ({"message": "Slow down.", "code": 429}, 429),
        ({"message": "Slow down.", "code": "rate_limit_exceeded"}, 429),
        ({"message": "Slow down.", "type": "rate_limit_error"}, 429),
        ({"message": "No such thing.", "code": "400"}, 400),
        ({"message": "The key sk-upstream is bad.", "code": 401}, 500),
        ({"message": "Overloaded.", "code": "overloaded"}, 502),
        ({"message": "Overloaded.", "code": 42}, 502),
        ("overloaded", 502),
    ],
)
def test_a_stream_whose_first_event_is_an_error_is_refused_with_its_status(server, upstream, error, status):
    server.pieces = [b": waiting\n\n", b": waiting\n\n" + said({"error": error})]
    with pytest.raises(Problem) as raised:
        list(upstream.stream(BODY, ENVELOPE, meter()))
    assert raised.value.status == status
    assert "sk-upstream" not in raised.value.message


def test_a_stream_that_begins_with_comments_passes_unchanged(server, upstream):
    server.pieces = [b": waiting\n\n", EVENTS[0], said({"error": {"message": "Overloaded."}})]
    assert b"".join(upstream.stream(BODY, ENVELOPE, meter())) == b"".join(server.pieces)


def test_a_stream_that_breaks_off_before_its_first_event_is_refused(server, upstream):
    server.pieces = [b'data: {"id":', None]
    with pytest.raises(Problem) as raised:
        list(upstream.stream(BODY, ENVELOPE, meter()))
    assert raised.value.code == "upstream_error"
