"""The events of a response: each is one of OpenAI's own, and folded they are the whole response."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from pennyworth.body import check
from pennyworth.errors import Problem
from services.openai.responses.events import Answer, as_chunks
from services.openai.responses.request import ResponseRequest
from services.openai.responses.response import Envelope, begun
from services.openai.responses.toolbox import Toolbox

EVENT = TypeAdapter(ResponseStreamEvent)
ENVELOPE = Envelope("resp_" + "0" * 48, 1700000000, 1)
TOOLS = [
    {"type": "function", "name": "f", "parameters": {}, "strict": False},
    {"type": "custom", "name": "patch", "format": {"type": "grammar", "syntax": "regex", "definition": "a+"}},
    {"type": "namespace", "name": "ns", "description": "", "tools": [{"type": "function", "name": "f"}]},
]
USAGE = {"prompt_tokens": 5, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 2}}


def answered(chunks, **asked):
    """The events, each held to the SDK's types, and the response they end with."""
    request = check(ResponseRequest, {"model": "m", "input": "a", "tools": TOOLS, **asked})
    toolbox = Toolbox(request.tools, request.tool_choice)
    answer = Answer(
        begun(request, toolbox, ENVELOPE, stored=True),
        ENVELOPE,
        toolbox,
        as_summary=request.summary is not None,
        shows_encrypted=request.shows_encrypted,
    )
    events = [*answer.events(chunks, lambda: 1700000001), answer.end()]
    for event in events:
        EVENT.validate_python(json.loads(json.dumps(event)))
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    response = events[-1]["response"]
    Response.model_validate(response)
    return events, response


def chunk(finish=None, **delta):
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


def folded(events):
    """The output that a client makes of the deltas alone."""
    items = {}
    for event in events:
        kind, at = event["type"].removeprefix("response."), event.get("output_index")
        if kind == "output_item.added":
            items[at] = json.loads(json.dumps(event["item"]))
        elif kind == "content_part.added":
            items[at].setdefault("content", []).append(dict(event["part"]))
        elif kind == "reasoning_summary_part.added":
            items[at]["summary"].append(dict(event["part"]))
        elif kind == "output_text.delta" or kind == "reasoning_text.delta":
            items[at]["content"][event["content_index"]]["text"] += event["delta"]
        elif kind == "refusal.delta":
            items[at]["content"][event["content_index"]]["refusal"] += event["delta"]
        elif kind == "reasoning_summary_text.delta":
            items[at]["summary"][event["summary_index"]]["text"] += event["delta"]
        elif kind == "function_call_arguments.delta":
            items[at]["arguments"] += event["delta"]
        elif kind == "custom_tool_call_input.delta":
            items[at]["input"] += event["delta"]
    return [items[at] for at in sorted(items)]


def bare(items):
    """But for what only the end of an item tells."""
    return [
        {name: value for name, value in item.items() if name not in ("status", "encrypted_content")} for item in items
    ]


TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
CALL = st.builds(
    lambda id_, name, arguments: {"id": id_, "type": "function", "function": {"name": name, "arguments": arguments}},
    st.text("abc123", min_size=1, max_size=6),
    st.sampled_from(["f", "patch", "ns__f", "made_up"]),
    st.one_of(st.just("{}"), TEXT.map(lambda text: json.dumps({"input": text}))),
)
SIGNED = st.builds(lambda text: {"type": "thinking", "thinking": text, "signature": "s"}, TEXT)
MESSAGE = st.fixed_dictionaries(
    {"content": st.one_of(st.none(), TEXT)},
    optional={
        "refusal": TEXT,
        "reasoning_content": TEXT,
        "thinking_blocks": st.lists(SIGNED, min_size=1, max_size=2),
        "tool_calls": st.lists(CALL, min_size=1, max_size=3),
    },
)
FINISH = st.sampled_from(["stop", "tool_calls", "length", "content_filter"])


def pieces(draw, text):
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=3)))
    return [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]


@st.composite
def streams(draw):
    """A completion, and a stream that says the same: in the order in which models speak."""
    message, finish = draw(MESSAGE), draw(FINISH)
    chunks = [chunk(role="assistant", content="", refusal=None)]
    for field in ("reasoning_content", "thinking_blocks", "content", "refusal"):
        if field == "thinking_blocks":
            chunks += [chunk(thinking_blocks=[{"index": i, **one}]) for i, one in enumerate(message.get(field, ()))]
        else:
            chunks += [chunk(**{field: piece}) for piece in pieces(draw, message.get(field) or "")]
    for index, call in enumerate(message.get("tool_calls", ())):
        function = {"name": call["function"]["name"], "arguments": ""}
        chunks.append(chunk(tool_calls=[{"index": index, "id": call["id"], "function": function}]))
        for piece in pieces(draw, call["function"]["arguments"]):
            chunks.append(chunk(tool_calls=[{"index": index, "function": {"arguments": piece}}]))
    chunks += [chunk(finish), {"choices": [], "usage": USAGE}]
    return {"choices": [{"message": message, "finish_reason": finish}], "usage": USAGE}, chunks


@given(streams(), st.sampled_from([None, "auto"]), st.booleans())
@settings(max_examples=150, deadline=None)
def test_folding_the_stream_gives_the_whole_response(told, summary, store):
    completion, chunks = told
    asked = {"reasoning": {"summary": summary}, "store": store}
    _, whole = answered(list(as_chunks(completion)), **asked)
    events, streamed = answered(chunks, **asked)
    assert streamed == whole
    assert bare(folded(events)) == bare(whole["output"])
    done = [event for event in events if event["type"] == "response.output_item.done"]
    assert [event["item"] for event in sorted(done, key=lambda event: event["output_index"])] == whole["output"]


def kinds(events):
    return [event["type"].removeprefix("response.") for event in events]


def test_a_text_has_its_events_in_openais_order():
    events, response = answered(
        [chunk(content="a"), chunk(content="b"), chunk("stop"), {"choices": [], "usage": USAGE}]
    )
    assert kinds(events) == [
        *(
            "created",
            "in_progress",
            "output_item.added",
            "content_part.added",
            "output_text.delta",
            "output_text.delta",
        ),
        *("output_text.done", "content_part.done", "output_item.done", "completed"),
    ]
    assert response["output"] == [
        {
            "id": "msg_" + "0" * 48 + "0001",
            "type": "message",
            "status": "completed",
            "role": "assistant",
            "content": [{"type": "output_text", "text": "ab", "annotations": [], "logprobs": []}],
        }
    ]
    assert response["usage"] == {
        "input_tokens": 5,
        "input_tokens_details": {"cached_tokens": 2, "cache_write_tokens": 0},
        "output_tokens": 3,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 8,
    }


@pytest.mark.parametrize(
    ("summary", "steps"),
    [
        (
            "auto",
            [
                *("reasoning_summary_part.added", "reasoning_summary_text.delta"),
                *("reasoning_summary_text.done", "reasoning_summary_part.done"),
            ],
        ),
        (None, ["content_part.added", "reasoning_text.delta", "reasoning_text.done", "content_part.done"]),
    ],
)
def test_reasoning_is_a_summary_where_one_was_asked_for(summary, steps):
    events, response = answered([chunk(reasoning_content="hm"), chunk("stop")], reasoning={"summary": summary})
    assert kinds(events)[3:7] == steps
    assert response["output"][0]["summary" if summary else "content"][0]["text"] == "hm"


def test_calls_keep_their_names_and_inputs_whatever_order_they_come_in():
    calls = [("f", '{"a":', "1}"), ("patch", '{"input":"*** ', 'x"}'), ("ns__f", "", "{}")]
    opened = [
        chunk(tool_calls=[{"index": at, "id": f"c{at}", "function": {"name": name, "arguments": first}}])
        for at, (name, first, _) in enumerate(calls)
    ]
    more = [chunk(tool_calls=[{"index": at, "function": {"arguments": rest}}]) for at, (_, _, rest) in enumerate(calls)]
    _, response = answered([*opened, *reversed(more), chunk("tool_calls")])
    f, patch, spaced = response["output"]
    assert (f["type"], f["name"], f["arguments"], f["call_id"]) == ("function_call", "f", '{"a":1}', "c0")
    assert (patch["type"], patch["name"], patch["input"]) == ("custom_tool_call", "patch", "*** x")
    assert (spaced["namespace"], spaced["name"], spaced["arguments"]) == ("ns", "f", "{}")


def test_a_custom_tools_input_that_is_no_json_is_given_as_it_is():
    call = {"index": 0, "id": "c", "function": {"name": "patch", "arguments": "*** raw"}}
    _, response = answered([chunk(tool_calls=[call]), chunk("tool_calls")])
    assert response["output"][0]["input"] == "*** raw"


@pytest.mark.parametrize(
    ("finish", "status", "reason"),
    [
        ("stop", "completed", None),
        ("tool_calls", "completed", None),
        ("length", "incomplete", "max_output_tokens"),
        ("content_filter", "incomplete", "content_filter"),
    ],
)
def test_every_finish_reason_has_a_status(finish, status, reason):
    events, response = answered([chunk(content="a"), chunk(finish)])
    assert events[-1]["type"] == f"response.{status}"
    assert (response["status"], (response["incomplete_details"] or {}).get("reason")) == (status, reason)
    assert response["output"][0]["status"] == status


def test_an_error_in_the_stream_is_told_and_the_response_has_failed():
    problem = Problem("rate_limit_exceeded").body
    for broken in ([chunk(content="a"), problem], [chunk(content="a")]):
        events, response = answered(broken)
        assert kinds(events)[-2:] == ["error", "failed"]
        assert response["status"] == "failed"
        assert response["output"][0]["content"][0]["text"] == "a"
        assert response["output"][0]["status"] == "incomplete"
    assert response["error"]["code"] == "server_error"
    assert answered([problem])[1]["error"]["code"] == "rate_limit_exceeded"
    theirs = {"error": {"type": "rate_limit_error", "message": "slow down", "code": None}}
    assert answered([theirs])[1]["error"]["code"] == "rate_limit_exceeded"


def test_reasoning_to_keep_is_shown_to_who_asked_alone():
    said = [chunk(thinking_blocks=[{"index": 0, "type": "redacted_thinking", "data": "AAAA"}]), chunk("stop")]
    for asked, shown in (({}, False), ({"store": False}, True), ({"include": ["reasoning.encrypted_content"]}, True)):
        events, response = answered(said, **asked)
        assert ("encrypted_content" in response["output"][0]) == shown
        assert ("encrypted_content" in json.dumps(events)) == shown


def test_halves_of_a_character_are_put_together():
    _, response = answered([chunk(content="\ud83d"), chunk(content="\ude00"), chunk("stop")])
    assert response["output"][0]["content"][0]["text"] == "\U0001f600"


@pytest.mark.parametrize("completion", [{}, {"choices": []}, {"choices": [{}]}, {"choices": [{"message": None}]}])
def test_what_is_no_completion_is_the_upstreams_fault(completion):
    with pytest.raises(Problem) as raised:
        list(as_chunks(completion))
    assert raised.value.code == "upstream_error"


def test_reasoning_is_read_by_either_name_and_only_as_text():
    for name in ("reasoning_content", "reasoning"):
        _, streamed = answered([chunk(**{name: "hm"}), chunk(content="a"), chunk("stop")])
        completion = {"choices": [{"message": {name: "hm", "content": "a"}, "finish_reason": "stop"}]}
        _, whole = answered(list(as_chunks(completion)))
        assert [item["type"] for item in streamed["output"]] == ["reasoning", "message"]
        assert streamed["output"] == whole["output"]
    _, odd = answered([chunk(reasoning={"effort": "low"}), chunk(content="a"), chunk("stop")])
    assert [item["type"] for item in odd["output"]] == ["message"]
