"""Guardrails per request and per group, by the unmodified OpenAI SDK and by boto3 as a judge."""

import openai
import pytest

from tests.e2e.test_mcp_client import talk

GUARDRAIL = {"X-Amzn-Bedrock-GuardrailIdentifier": "simulatedguard1", "X-Amzn-Bedrock-GuardrailVersion": "1"}
BLOCKED = [{"role": "user", "content": "Tell me about operation moonbeam"}]
MASKED = [{"role": "user", "content": 'Say "ask ada@example.com about it"'}]
PLAIN = [{"role": "user", "content": 'Say "good morning"'}]
SORRY = "Sorry, the simulated guardrail does not let this pass."


def keyed(gateway, **guards):
    """A client of a person in a new group with these guardrails."""
    return gateway.member(gateway.group("*", **guards))


@pytest.fixture(scope="module")
def forced(gateway):
    return keyed(gateway, guardrail={"id": "simulatedguard1", "version": "1"})


@pytest.fixture(scope="module")
def offered(gateway):
    return keyed(gateway, guardrails=["simulatedguard1", "gone"])


def said(client, messages, model, *, streamed, **options):
    """What a chat says, and why it ended."""
    answer = client.chat.completions.create(model=model, messages=messages, stream=streamed, **options)
    if not streamed:
        choice = answer.choices[0]
        return choice.message.content, choice.finish_reason
    chunks = [chunk for chunk in answer if chunk.choices]
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    return text, chunks[-1].choices[0].finish_reason


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("model", ["nova-lite", "claude-haiku-4.5", "gpt-oss-120b"])
def test_a_groups_guardrail_stands_around_every_call(forced, model, streamed):
    assert said(forced, BLOCKED, model, streamed=streamed) == (SORRY, "content_filter")
    assert said(forced, MASKED, model, streamed=streamed) == ("ask {EMAIL} about it", "content_filter")
    assert said(forced, PLAIN, model, streamed=streamed) == ("good morning", "stop")


@pytest.mark.parametrize("streamed", [False, True])
def test_a_request_may_name_what_its_group_offers(offered, streamed):
    assert "moonbeam" in said(offered, BLOCKED, "nova-lite", streamed=streamed)[0]
    named = said(offered, BLOCKED, "nova-lite", streamed=streamed, extra_headers=GUARDRAIL)
    assert named == (SORRY, "content_filter")


def test_the_older_api_is_guarded_too(forced):
    answer = forced.completions.create(model="nova-lite", prompt=BLOCKED[0]["content"], max_tokens=100)
    assert (answer.choices[0].text, answer.choices[0].finish_reason) == (SORRY, "content_filter")


def test_each_of_several_answers_is_guarded(forced):
    answer = forced.chat.completions.create(model="nova-lite", messages=MASKED, n=3)
    assert {choice.message.content for choice in answer.choices} == {"ask {EMAIL} about it"}


@pytest.mark.parametrize(
    "headers",
    [
        {**GUARDRAIL, "X-Amzn-Bedrock-GuardrailVersion": "DRAFT"},
        {**GUARDRAIL, "X-Amzn-Bedrock-GuardrailIdentifier": "another"},
    ],
)
def test_a_groups_guardrail_cannot_be_replaced(forced, calls, headers):
    with pytest.raises(openai.PermissionDeniedError) as raised:
        said(forced, BLOCKED, "nova-lite", streamed=False, extra_headers=headers)
    assert raised.value.code == "guardrail_not_allowed"
    assert calls() == []


@pytest.mark.parametrize("value", [""])
def test_a_groups_guardrail_cannot_be_switched_off(forced, value):
    headers = dict.fromkeys(GUARDRAIL, value)
    assert said(forced, BLOCKED, "nova-lite", streamed=False, extra_headers=headers) == (SORRY, "content_filter")


def test_a_part_of_a_prompt_cannot_be_left_out_of_it(forced):
    body = {"amazon-bedrock-guardrailConfig": {"tagSuffix": "xyz"}}
    for model in ("nova-lite", "gpt-oss-120b"):
        with pytest.raises(openai.BadRequestError, match="amazon-bedrock-guardrailConfig"):
            said(forced, BLOCKED, model, streamed=False, extra_body=body)


def test_what_it_cannot_stand_around_is_refused(forced, calls):
    with pytest.raises(openai.PermissionDeniedError, match="must not go without it"):
        forced.embeddings.create(model="titan-embed-text-v2", input="operation moonbeam")
    assert calls() == []


def test_nobody_names_a_guardrail_their_group_does_not_offer(gateway, offered):
    with pytest.raises(openai.PermissionDeniedError, match="simulatedguard1"):
        said(gateway.openai(), PLAIN, "nova-lite", streamed=False, extra_headers=GUARDRAIL)
    other = {**GUARDRAIL, "X-Amzn-Bedrock-GuardrailIdentifier": "another"}
    with pytest.raises(openai.PermissionDeniedError, match="another"):
        said(offered, PLAIN, "nova-lite", streamed=False, extra_headers=other)


@pytest.mark.parametrize("streamed", [False, True])
def test_a_guardrail_that_is_gone_lets_nothing_pass(offered, streamed):
    gone = {**GUARDRAIL, "X-Amzn-Bedrock-GuardrailIdentifier": "gone"}
    with pytest.raises(openai.BadRequestError):
        said(offered, PLAIN, "nova-lite", streamed=streamed, extra_headers=gone)


def test_half_a_guardrail_is_refused_by_its_header(offered):
    half = {"X-Amzn-Bedrock-GuardrailIdentifier": "simulatedguard1"}
    with pytest.raises(openai.BadRequestError) as raised:
        said(offered, PLAIN, "nova-lite", streamed=False, extra_headers=half)
    assert raised.value.param == "X-Amzn-Bedrock-GuardrailVersion"


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("form", [{"type": "json_object"}, {"type": "json_schema", "json_schema": {"name": "x"}}])
def test_no_answer_comes_as_a_tools_call_which_no_guardrail_reads(forced, calls, form, streamed):
    """Asked for JSON, a model without a format of its own answers by a tool of ours: that the client must not see."""
    with pytest.raises(openai.BadRequestError) as raised:
        said(forced, PLAIN, "nova-lite", streamed=streamed, response_format=form)
    assert (raised.value.code, raised.value.param) == ("unsupported_parameter", "response_format")
    assert calls() == []


def test_an_answer_whose_form_bedrock_enforces_is_judged_as_text(forced):
    schema = {
        "type": "object",
        "properties": {"a": {"type": "string"}},
        "required": ["a"],
        "additionalProperties": False,
    }
    form = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema, "strict": True}}
    model = "claude-haiku-4.5"
    assert said(forced, BLOCKED, model, streamed=False, response_format=form) == (SORRY, "content_filter")


TOOLS = [{"name": "f", "input_schema": {"type": "object"}}]
MESSAGE = {"messages": BLOCKED, "max_tokens": 100}


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("model", ["nova-lite", "claude-haiku-4.5", "llama-3.3-70b", "gpt-oss-20b"])
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/chat/completions", {"messages": BLOCKED}),
        ("/completions", {"prompt": BLOCKED[0]["content"]}),
        ("/responses", {"input": BLOCKED[0]["content"], "store": False}),
        ("/messages", MESSAGE),
        ("/messages", {**MESSAGE, "tools": TOOLS}),  # Llama is asked for a whole answer, which is streamed then
    ],
)
def test_no_endpoint_reaches_a_model_without_the_groups_guardrail(gateway, forced, calls, path, body, model, streamed):
    with gateway.http(forced.api_key) as client:
        answer = client.post(path, json={**body, "model": model, "stream": streamed})
    assert answer.status_code == 200, answer.text
    assert [call["stop_reason"] for call in calls()] == ["guardrail_intervened"]


def test_a_compaction_and_a_tool_of_mcp_are_guarded_too(gateway, forced, calls):
    with gateway.http(forced.api_key) as client:
        client.post("/responses/compact", json={"model": "nova-lite", "input": BLOCKED[0]["content"]})
    asked = {"model": "nova-lite", "prompt": BLOCKED[0]["content"]}
    told = talk(gateway, "auto", lambda client: client.call_tool("chat", asked), forced.api_key)
    assert told.structured_content["text"] == SORRY
    assert [call["stop_reason"] for call in calls()] == ["guardrail_intervened"] * 2


def test_an_answer_that_the_guardrail_stopped_is_not_answered_by_another_model(gateway, forced, calls, fault):
    """Nor does a call that failed go on to one around which nothing stands."""
    fault(error="ThrottlingException", times=None, model="amazon.nova-lite-v1:0")
    with pytest.raises(openai.RateLimitError):
        said(forced, BLOCKED, "nova-lite", streamed=False)
    assert {call["model_id"] for call in calls()} == {"amazon.nova-lite-v1:0"}
