"""Whatever a client combines, a request is refused by name, or it is one that Bedrock (its stand-in) takes."""

import base64

from hypothesis import given
from hypothesis import strategies as st

from local.bedrock.answers import signature
from local.bedrock.catalogue import resolve
from local.bedrock.inference import check as judged
from local.bedrock.service import operation
from local.bedrock.shapes import parsed
from pennyworth.body import check
from pennyworth.errors import Problem
from services.openai.catalogue import find, models
from services.openai.messages.params import MessagesRequest
from services.openai.messages.request import to_converse

CHATS = [name for name, model in models().items() if model.kind == "chat"]
PNG = {"type": "base64", "media_type": "image/png", "data": base64.b64encode(b"\x89PNG\r\n\x1a\n0123").decode()}
PDF = {"type": "base64", "media_type": "application/pdf", "data": base64.b64encode(b"%PDF-1.4").decode()}
MARK = st.sampled_from(
    [{}, {}, {"cache_control": {"type": "ephemeral"}}, {"cache_control": {"type": "ephemeral", "ttl": "1h"}}]
)
HEARD = st.sampled_from(
    [
        {"type": "text", "text": "Hi"},
        {"type": "text", "text": " "},
        {"type": "image", "source": PNG},
        {"type": "document", "source": PDF},
        {"type": "document", "title": "a/b", "source": {"type": "text", "media_type": "text/plain", "data": "Hi"}},
    ]
)
PART = st.builds(lambda part, mark: {**part, **mark}, HEARD, MARK)
THOUGHT = st.sampled_from(
    [
        [],
        [{"type": "thinking", "thinking": "Hm.", "signature": signature("Hm.")}],
        [{"type": "thinking", "thinking": "Hm.", "signature": ""}],
    ]
)
CALL = {"type": "tool_use", "id": "call 1", "name": "f", "input": {}}


@st.composite
def conversations(draw):
    made = []
    for kind in draw(st.lists(st.sampled_from(["system", "user", "assistant", "tools"]), min_size=1, max_size=5)):
        thoughts = draw(THOUGHT)
        if kind == "tools":
            said = draw(st.sampled_from([[], [{"type": "text", "text": "I call."}]]))
            made.append({"role": "assistant", "content": [*thoughts, *said, {**CALL, **draw(MARK)}]})
            inner = draw(st.one_of(st.just("1"), st.just(""), st.lists(PART, max_size=2)))
            failed = draw(st.booleans())
            result = {
                "type": "tool_result",
                "tool_use_id": "call 1",
                "content": inner,
                "is_error": failed,
                **draw(MARK),
            }
            more = draw(st.lists(PART, max_size=1))
            made.append({"role": "user", "content": [*more, result] if draw(st.booleans()) else [result, *more]})
        elif kind == "assistant":
            text = draw(st.sampled_from(["Hi", " ", "Yes. "]))
            made.append({"role": "assistant", "content": [*thoughts, {"type": "text", "text": text, **draw(MARK)}]})
        elif kind == "system":
            made.append({"role": "system", "content": "Be brief."})
        else:
            made.append({"role": "user", "content": draw(st.one_of(st.just("Hi"), st.lists(PART, max_size=3)))})
    return made


SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
BOUND = {**SCHEMA, "properties": {"n": {"type": "integer", "minimum": 1}}}
OWN = st.builds(
    lambda tool, mark: {**tool, **mark},
    st.sampled_from(
        [
            {"type": "bash_20250124", "name": "bash"},
            {"type": "text_editor_20250728", "name": "str_replace_based_edit_tool", "max_characters": 100},
            {"type": "computer_20250124", "name": "computer", "display_width_px": 8, "display_height_px": 6},
            {"type": "computer_20251124", "name": "computer", "display_width_px": 8, "display_height_px": 6},
            {"type": "memory_20250818", "name": "memory"},
        ]
    ),
    MARK,
)
OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "system": st.one_of(
            st.sampled_from(["Be brief.", " "]),
            st.lists(st.builds(lambda mark: {"type": "text", "text": "x", **mark}, MARK), max_size=2),
        ),
        "tools": st.builds(
            lambda strict, mark, own: [{"name": "f", "input_schema": SCHEMA, "strict": strict, **mark}, *own][-2:],
            st.booleans(),
            MARK,
            st.lists(OWN, max_size=2, unique_by=lambda tool: tool["name"]),
        ),
        "tool_choice": st.sampled_from(
            [
                {"type": "auto"},
                {"type": "none"},
                {"type": "any", "disable_parallel_tool_use": True},
                {"type": "auto", "disable_parallel_tool_use": True},
                {"type": "tool", "name": "f"},
                {"type": "tool", "name": "bash", "disable_parallel_tool_use": True},
            ]
        ),
        "thinking": st.sampled_from(
            [{"type": "adaptive"}, {"type": "disabled"}, {"type": "enabled", "budget_tokens": 1024}]
        ),
        "output_config": st.sampled_from(
            [{"effort": "max"}, {"effort": "low"}]
            + [{"format": {"type": "json_schema", "schema": schema}} for schema in (SCHEMA, BOUND)]
        ),
        "context_management": st.sampled_from(
            [
                {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
                {"edits": [{"type": "clear_tool_uses_20250919"}]},
            ]
        ),
        "betas": st.just(["claude-code-20250219", "interleaved-thinking-2025-05-14"]),
        "cache_control": st.just({"type": "ephemeral"}),
        "temperature": st.sampled_from([0, 1]),
        "top_p": st.sampled_from([0.5, 1]),
        "top_k": st.just(5),
        "stop_sequences": st.sampled_from([["x"], ["a", "b", "c", "d", "e"]]),
        "metadata": st.sampled_from([{"user_id": "ada"}, {"user_id": '{"a":1}'}]),
        "stream": st.booleans(),
    },
)


def sent(body, model):
    """The Converse body, or the Problem instead of it."""
    try:
        return to_converse(check(MessagesRequest, body), model)
    except Problem as problem:
        return problem


@given(st.sampled_from(CHATS), conversations(), OPTIONS, st.sampled_from([100, 5000, 16_000]))
def test_what_we_send_is_what_bedrock_takes(name, messages, options, max_tokens):
    model = find(name)
    converse = sent({"model": name, "max_tokens": max_tokens, "messages": messages, **options}, model)
    if isinstance(converse, Problem):
        assert (converse.status, bool(converse.param)) == (400, True)
        return
    body = parsed({**converse, "modelId": model.id}, operation("Converse").input_shape)
    del body["modelId"]
    # A model that calls tools in whole answers alone is asked for one.
    whole = "toolConfig" in converse and not model.accepts("stream_tools")
    judged(resolve(model.id, "us-east-1")[0], body, streamed=bool(options.get("stream")) and not whole)
