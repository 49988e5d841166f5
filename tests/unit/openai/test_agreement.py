"""Whatever a client combines, a request is refused here by name, or it is one that Bedrock (its stand-in) takes."""

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
from services.openai.chat import ChatRequest
from services.openai.converse import to_converse

CHATS = [name for name, model in models().items() if model.kind == "chat"]
PNG = "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\n0123").decode()
PDF = base64.b64encode(b"%PDF-1.4").decode()
MARK = st.one_of(
    st.just({}),
    st.sampled_from(
        [
            {"cache_control": {"type": "ephemeral"}},
            {"cache_control": {"type": "ephemeral", "ttl": "1h"}},
            {"prompt_cache_breakpoint": {"mode": "explicit"}},
        ]
    ),
)
PART = st.builds(
    lambda part, mark: {**part, **mark},
    st.sampled_from(
        [
            {"type": "text", "text": "Hi"},
            {"type": "text", "text": " "},
            {"type": "image_url", "image_url": {"url": PNG}},
            {"type": "file", "file": {"file_data": PDF, "filename": "a/b..pdf"}},
        ]
    ),
    MARK,
)
THOUGHT = {"type": "thinking", "thinking": "Hm.", "signature": signature("Hm.")}
CALL = {"id": "call 1", "type": "function", "function": {"name": "f", "arguments": ""}}


@st.composite
def conversations(draw):
    messages = draw(st.lists(st.sampled_from(["system", "user", "assistant", "tools"]), min_size=1, max_size=5))
    made = []
    for kind in messages:
        said = draw(st.one_of(st.sampled_from(["Hi", "", "Yes. "]), st.lists(PART, min_size=1, max_size=3)))
        thoughts = draw(st.sampled_from([{}, {"thinking_blocks": [THOUGHT]}]))
        if kind == "tools":
            made.append({"role": "assistant", "content": None, "tool_calls": [CALL], **thoughts, **draw(MARK)})
            made.append({"role": "tool", "tool_call_id": CALL["id"], "content": "1", **draw(MARK)})
        else:
            made.append({"role": kind, "content": said, **(thoughts if kind == "assistant" else {}), **draw(MARK)})
    return made


SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
BOUND = {**SCHEMA, "properties": {"n": {"type": "integer", "minimum": 1}}}
FUNCTION = {"name": "f", "parameters": SCHEMA}
OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "tools": st.builds(
            lambda strict, mark: [{"type": "function", "function": {**FUNCTION, "strict": strict}, **mark}],
            st.booleans(),
            MARK,
        ),
        "tool_choice": st.sampled_from(["auto", "none", "required", {"type": "function", "function": {"name": "f"}}]),
        "parallel_tool_calls": st.booleans(),
        "response_format": st.sampled_from(
            [{"type": "text"}, {"type": "json_object"}]
            + [{"type": "json_schema", "json_schema": {"name": "x", "schema": schema}} for schema in (SCHEMA, BOUND)]
        ),
        "reasoning_effort": st.sampled_from(["none", "low", "high"]),
        "service_tier": st.sampled_from(["auto", "flex", "fast"]),
        "temperature": st.sampled_from([0, 1]),
        "top_p": st.sampled_from([0.5, 1]),
        "max_tokens": st.sampled_from([100, 5000]),
        "stop": st.sampled_from(["", "x", ["x", ""], ["a", "b", "c", "d"]]),
        "metadata": st.just({"k": ""}),
        "user": st.sampled_from(["ada@example.com", "auth0|1", ""]),
        "stream": st.booleans(),
    },
)


def sent(body, model):
    """The Converse body, or the Problem instead of it."""
    try:
        return to_converse(check(ChatRequest, body), model)
    except Problem as problem:
        return problem


@given(st.sampled_from(CHATS), conversations(), OPTIONS)
def test_what_we_send_is_what_bedrock_takes(name, messages, options):
    model = find(name)
    converse = sent({"model": name, "messages": messages, **options}, model)
    if isinstance(converse, Problem):
        assert (converse.status, bool(converse.param)) == (400, True)
        return
    body = parsed({**converse, "modelId": model.id}, operation("Converse").input_shape)
    del body["modelId"]
    judged(resolve(model.id, "us-east-1")[0], body, streamed=bool(options.get("stream")))
