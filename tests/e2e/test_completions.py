"""The older completions API by the unmodified OpenAI SDK."""

import asyncio

import openai
import pytest

PROMPT = 'Say exactly: "one two three"'


def test_a_prompt_is_continued_with_its_usage(gateway):
    made = gateway.openai().completions.create(model=gateway.model, prompt=PROMPT, max_tokens=100, temperature=0)
    (choice,) = made.choices
    assert "one two three" in choice.text
    assert (choice.index, choice.finish_reason, made.object, made.model) == (
        0,
        "stop",
        "text_completion",
        gateway.model,
    )
    assert made.id.startswith("cmpl-")
    assert made.usage.total_tokens == made.usage.prompt_tokens + made.usage.completion_tokens > 0


def test_without_max_tokens_it_ends_where_openais_would(gateway):
    made = gateway.openai().completions.create(model="nova-lite", prompt="Count to 50.")
    assert made.choices[0].finish_reason == "length"
    assert made.usage.completion_tokens <= 16


@pytest.mark.parametrize("echo", [False, True])
def test_a_streamed_completion_says_what_the_whole_one_says(gateway, echo):
    asked = {"model": "nova-lite", "prompt": "Tell me about rivers.", "max_tokens": 200, "temperature": 0, "echo": echo}
    client = gateway.openai()
    whole = client.completions.create(**asked)
    chunks = list(client.completions.create(**asked, stream=True, stream_options={"include_usage": True}))
    text = "".join(chunk.choices[0].text for chunk in chunks if chunk.choices)
    assert text == whole.choices[0].text
    assert text.startswith("Tell me about rivers.") is echo
    assert len(chunks) > 4
    assert chunks[-1].usage.total_tokens == whole.usage.total_tokens


def test_several_prompts_are_answered_in_their_order(gateway):
    prompts = [f'Say exactly: "number {number}"' for number in range(12)]
    made = gateway.openai().completions.create(model="nova-lite", prompt=prompts, max_tokens=100)
    assert all(f"number {number}" in choice.text for number, choice in enumerate(made.choices))
    assert [choice.index for choice in made.choices] == list(range(12))


def test_the_async_sdk_streams(gateway):
    async def read():
        async with openai.AsyncOpenAI(base_url=gateway.base_url, api_key=gateway.api_key) as client:
            stream = await client.completions.create(model="nova-lite", prompt=PROMPT, max_tokens=99, stream=True)
            return "".join([chunk.choices[0].text async for chunk in stream if chunk.choices])

    assert "one two three" in asyncio.run(read())


@pytest.mark.parametrize(
    ("more", "param"),
    [
        ({"prompt": [1, 2, 100300]}, "prompt"),
        ({"suffix": "end"}, "suffix"),
        ({"logprobs": 1}, "logprobs"),
        ({"best_of": 3}, "best_of"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"temperature": 3}, "temperature"),
        ({"model": "titan-embed-text-v2"}, "model"),
    ],
)
def test_what_cannot_be_done_is_refused_by_name(gateway, more, param):
    with pytest.raises(openai.BadRequestError) as refused:
        gateway.openai().completions.create(**{"model": "nova-lite", "prompt": PROMPT, **more})
    assert refused.value.param == param
