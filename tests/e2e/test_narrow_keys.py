"""A key that is narrower than its group opens no other model, at no endpoint and by no name."""

import pytest

from tests.e2e.test_mcp_client import talk

NAMES = (
    *("nova-lite", "amazon.nova-lite-v1:0", "bedrock/amazon.nova-lite-v1:0", "us.amazon.nova-lite-v1:0"),
    "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0",
    *("claude-sonnet-4-5", "Nova-Micro", "nova-micro ", "nova-micro\x00", "nova-micro/../nova-lite", "nova-*", "*"),
    *("nova\u2011micro", "nova-micro\u200b", "gpt-oss-20b", "titan-embed-text-v2"),
)
ASK = [{"role": "user", "content": "hi"}]
BODIES = {
    "/chat/completions": {"messages": ASK},
    "/completions": {"prompt": "hi"},
    "/embeddings": {"input": "hi"},
    "/responses": {"input": "hi"},
    "/responses/compact": {"input": "hi"},
    "/messages": {"messages": ASK, "max_tokens": 5},
    "/messages/count_tokens": {"messages": ASK},
}


@pytest.fixture(scope="module")
def keys(gateway):
    """(narrow, wide), both of one person."""
    user = gateway.user("narrow.key@example.com")
    return gateway.key(user, models=["nova-micro"])["value"], gateway.key(user)["value"]


@pytest.mark.parametrize("path", BODIES)
def test_no_endpoint_answers_for_another_model(gateway, calls, keys, path):
    with gateway.http(keys[0]) as client:
        for name in NAMES:
            for stream in (False, True):
                answer = client.post(path, json={**BODIES[path], "model": name, "stream": stream})
                assert answer.status_code == 403, (name, answer.text)
    assert calls() == []


def test_what_a_wider_key_stored_goes_on_with_no_other_model(gateway, calls, keys):
    narrow, wide = map(gateway.openai, keys)
    stored = wide.responses.create(model="nova-lite", input="hi").id
    before = len(calls())
    with gateway.http(keys[0]) as client:
        for path in ("/responses", "/responses/compact"):
            body = {"model": "nova-lite", "previous_response_id": stored, "input": "go on"}
            assert client.post(path, json=body).status_code == 403
    assert len(calls()) == before
    assert narrow.responses.create(model="nova-micro", previous_response_id=stored, input="go on").output_text


def test_only_its_models_are_listed_and_looked_up(gateway, keys):
    assert [model.id for model in gateway.openai(keys[0]).models.list()] == ["nova-micro"]
    with gateway.http(keys[0]) as client:
        for name in ("nova-lite", "amazon.nova-lite-v1:0", "claude-sonnet-4-5", "bedrock%2Famazon.nova-lite-v1:0"):
            assert client.get(f"/models/{name}").status_code == 403


def test_no_tool_of_mcp_asks_another_model(gateway, calls, keys):
    asked = {"model": "nova-lite", "prompt": "hi"}
    answer = talk(gateway, "auto", lambda client: client.call_tool("chat", asked), keys[0])
    assert answer.is_error
    assert calls() == []
    listed = talk(gateway, "auto", lambda client: client.call_tool("list_models"), keys[0])
    assert [model["id"] for model in listed.structured_content["models"]] == ["nova-micro"]
