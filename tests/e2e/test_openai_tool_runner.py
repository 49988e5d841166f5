"""The OpenAI SDK's own loop over tools, on the Responses API: whole and streamed, waiting and asynchronous."""

import asyncio

import openai
import pytest
from openai.lib.responses_tool_runner import (
    AsyncRegisteredFunction,
    AsyncResponsesToolRunner,
    RegisteredFunction,
    ResponsesToolRunner,
)

WEATHER = {
    "type": "function",
    "name": "get_weather",
    "description": "The weather of a city",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    },
    "strict": True,
}
MODELS = ["claude-sonnet-4.5", "nova-lite", "gpt-oss-120b"]


def asked(model):
    return {"model": model, "input": "What is the weather in Paris? Use get_weather."}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("model", MODELS)
def test_the_tool_is_run_and_its_result_told(gateway, model, stream):
    cities = []

    def execute(arguments):
        cities.append(arguments["city"])
        return "mild, 19 degrees"

    runner = ResponsesToolRunner(functions=[RegisteredFunction(WEATHER, execute)])
    events = []
    answer = runner.run(gateway.openai(), asked(model), max_steps=4, stream=stream, on_event=events.append)
    assert cities == ["Paris"]
    assert "19 degrees" in answer.output_text
    assert bool(events) == stream


@pytest.mark.parametrize("stream", [False, True])
def test_so_it_is_asynchronously(gateway, stream):
    async def execute(arguments):
        return f"mild in {arguments['city']}"

    async def run():
        runner = AsyncResponsesToolRunner(functions=[AsyncRegisteredFunction(WEATHER, execute)])
        key = {"base_url": gateway.base_url, "api_key": gateway.api_key, "max_retries": 0, "timeout": 30}
        async with openai.AsyncOpenAI(**key) as client:
            return await runner.run(client, asked("claude-sonnet-4.5"), max_steps=4, stream=stream)

    assert "mild in Paris" in asyncio.run(run()).output_text
