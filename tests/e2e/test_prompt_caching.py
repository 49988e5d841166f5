"""Prompt caching, asked for by the unmodified OpenAI SDK."""

import uuid

import pytest

EPHEMERAL = {"cache_control": {"type": "ephemeral"}}
EXPLICIT = {"prompt_cache_breakpoint": {"mode": "explicit"}}


def prompt(text, mark):
    return [
        {"role": "system", "content": [{"type": "text", "text": text, **mark}]},
        {"role": "user", "content": "What does it say?"},
    ]


@pytest.mark.parametrize(
    ("model", "mark"), [("claude-sonnet-4.5", EPHEMERAL), ("claude-sonnet-4.5", EXPLICIT), ("nova-lite", EPHEMERAL)]
)
def test_a_marked_prompt_is_written_once_and_then_read(gateway, model, mark):
    client, messages = gateway.openai(), prompt(f"{uuid.uuid4()} " + "word " * 2000, mark)
    written = client.chat.completions.create(model=model, messages=messages).usage
    assert written.prompt_tokens_details.cache_write_tokens > 1000
    assert written.prompt_tokens_details.cached_tokens == 0
    *_, last = client.chat.completions.create(
        model=model, messages=messages, stream=True, stream_options={"include_usage": True}
    )
    assert last.usage.prompt_tokens_details.cached_tokens == written.prompt_tokens_details.cache_write_tokens
    assert last.usage.prompt_tokens == written.prompt_tokens


def test_a_marked_tool_is_cached(gateway):
    function = {"name": "f", "description": f"{uuid.uuid4()} " + "word " * 2000, "parameters": {"type": "object"}}
    tools = [{"type": "function", "function": function, **EPHEMERAL}]
    request = {"model": "claude-sonnet-4.5", "messages": [{"role": "user", "content": "Hi"}], "tools": tools}
    first, second = (gateway.openai().chat.completions.create(**request).usage for _ in range(2))
    assert second.prompt_tokens_details.cached_tokens == first.prompt_tokens_details.cache_write_tokens > 1000
