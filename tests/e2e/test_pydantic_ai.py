"""Pydantic AI, unmodified, through its models of OpenAI's chat completions and responses."""

import base64

import openai
import pytest
from pydantic import BaseModel
from pydantic_ai import Agent, BinaryContent, ModelRetry, NativeOutput, PromptedOutput, ToolOutput
from pydantic_ai.messages import ModelResponse, TextPart, ThinkingPart, ToolCallPart, ToolReturnPart
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
from pydantic_ai.providers.openai import OpenAIProvider
from pydantic_ai.usage import UsageLimits

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)
PDF = b"%PDF-1.4 nothing"
MODELS = [
    (OpenAIChatModel, "claude-haiku-4.5"),
    (OpenAIChatModel, "nova-lite"),
    (OpenAIResponsesModel, "claude-haiku-4.5"),
    (OpenAIResponsesModel, "nova-lite"),
]

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend():
    return "asyncio"


class City(BaseModel):
    name: str
    inhabitants: int


ROME = City(name="Rome", inhabitants=2800000)
ASK = 'The name: "Rome", its inhabitants: 2800000.'


@pytest.fixture(params=MODELS, ids=lambda param: f"{param[0].__name__}-{param[1]}")
async def model(request, gateway):
    """Their provider's own client would outlive the test's event loop."""
    kind, name = request.param
    async with openai.AsyncOpenAI(base_url=gateway.base_url, api_key=gateway.api_key, max_retries=0) as client:
        yield kind(name, provider=OpenAIProvider(openai_client=client))


async def test_an_agent_is_answered_and_counts_what_it_used(model):
    result = await Agent(model, instructions="Be brief.").run("What is the capital of France?")
    assert "capital of France" in result.output
    usage = result.usage
    assert usage.requests == 1
    assert usage.input_tokens > 0
    assert usage.output_tokens > 0


async def test_an_agent_calls_its_tools_and_reads_their_results(model):
    agent = Agent(model)
    asked = []

    @agent.tool_plain
    def get_weather(city: str) -> str:
        """The weather in a city."""
        asked.append(city)
        return "18 degrees and sunny"

    @agent.tool_plain
    def get_time() -> str:
        """The time now."""
        return "noon"

    result = await agent.run('Call get_weather for "Oslo" and get_time.')
    assert asked == ["Oslo"]
    assert "18 degrees and sunny" in result.output
    assert "noon" in result.output
    assert result.usage.tool_calls == 2


async def test_a_tool_that_asks_for_a_retry_is_called_again(model):
    agent = Agent(model, output_type=ToolOutput(City, max_retries=2))
    seen = []

    @agent.output_validator
    def doubted(city: City) -> City:
        seen.append(city)
        if len(seen) == 1:
            raise ModelRetry("Look again.")
        return city

    assert (await agent.run(ASK)).output == ROME
    assert len(seen) == 2


@pytest.mark.parametrize("mode", [ToolOutput, NativeOutput, PromptedOutput], ids=lambda mode: mode.__name__)
async def test_the_output_has_the_type_that_was_asked_for(model, mode):
    assert (await Agent(model, output_type=mode(City)).run(ASK)).output == ROME


@pytest.mark.parametrize("mode", [ToolOutput, NativeOutput, PromptedOutput], ids=lambda mode: mode.__name__)
async def test_a_streamed_output_has_it_too(model, mode):
    async with Agent(model, output_type=mode(City)).run_stream(ASK) as stream:
        seen = [city async for city in stream.stream_output(debounce_by=None)]
    assert seen[-1] == ROME


async def test_a_streamed_text_grows_and_is_counted(model):
    async with Agent(model).run_stream("Tell me about rivers.") as stream:
        pieces = [piece async for piece in stream.stream_text(delta=True, debounce_by=None)]
    assert len(pieces) > 3
    assert "rivers" in "".join(pieces)
    assert stream.usage.output_tokens > 0


async def test_tools_are_called_while_streaming(model):
    agent = Agent(model)

    @agent.tool_plain
    def get_weather(city: str) -> str:
        """The weather in a city."""
        return f"rain in {city}"

    async with agent.run_stream('Call get_weather for "Oslo".') as stream:
        assert "rain in Oslo" in await stream.get_output()


async def test_a_conversation_goes_on_from_its_history(model):
    agent = Agent(model)

    @agent.tool_plain
    def get_weather(city: str) -> str:
        """The weather in a city."""
        return f"rain in {city}"

    first = await agent.run('Call get_weather for "Oslo".')
    second = await agent.run("And what now?", message_history=first.all_messages())
    kinds = [type(part) for message in second.all_messages() for part in message.parts]
    assert {ToolCallPart, ToolReturnPart, TextPart} <= set(kinds)
    assert "And what now?" in second.output


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (BinaryContent(PNG, media_type="image/png"), f"image (png, {len(PNG)} bytes)"),
        (BinaryContent(PDF, media_type="application/pdf"), f"(pdf, {len(PDF)} bytes)"),
    ],
    ids=["image", "document"],
)
async def test_media_reach_the_model(model, content, said):
    assert said in (await Agent(model).run(["Look at this.", content])).output


async def test_reasoning_is_shown_and_may_be_replayed(gateway, model):
    if model.model_name != gateway.model:
        pytest.skip("the model does not reason")
    settings = {"openai_reasoning_effort": "low", "openai_reasoning_summary": "detailed", "max_tokens": 4000}
    agent = Agent(model, model_settings=settings)

    @agent.tool_plain
    def get_weather(city: str) -> str:
        """The weather in a city."""
        return f"rain in {city}"

    result = await agent.run('Call get_weather for "Oslo".')
    replies = [message for message in result.all_messages() if isinstance(message, ModelResponse)]
    assert any(isinstance(part, ThinkingPart) and part.content for part in replies[0].parts)
    assert "rain in Oslo" in result.output
    assert (await agent.run("Go on.", message_history=result.all_messages())).output


async def test_a_limit_of_requests_is_kept(model):
    agent = Agent(model)

    @agent.tool_plain
    def get_time() -> str:
        """The time now."""
        return "noon"

    result = await agent.run("Call get_time.", usage_limits=UsageLimits(request_limit=2))
    assert result.usage.requests == 2
