"""OpenAI's chat completions as the stand-in serves them, and what an account has made itself, by unmodified boto3."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from openai.types.chat import ChatCompletion, ChatCompletionChunk

PATH, GPT = "/openai/v1/chat/completions", "openai.gpt-oss-20b-1:0"
HI = {"model": GPT, "messages": [{"role": "user", "content": "Hi"}]}
HELLO = [{"role": "user", "content": [{"text": "Say hello"}]}]


def test_the_shapes_are_openais(bedrock: Any) -> None:
    whole = bedrock.post(PATH, HI)
    assert whole.status_code == 200
    completion = ChatCompletion.model_validate(whole.json(), strict=True)
    asked = {**HI, "stream": True, "stream_options": {"include_usage": True}}
    streamed = bedrock.post(PATH, asked)
    assert streamed.headers["content-type"].startswith("text/event-stream")
    *events, done = [line.removeprefix("data: ") for line in streamed.text.split("\n\n") if line]
    assert done == "[DONE]"
    chunks = [ChatCompletionChunk.model_validate(json.loads(event), strict=True) for event in events]
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == completion.choices[0].message.content
    assert chunks[-1].usage == completion.usage


def test_it_takes_a_signature_for_bedrock_and_no_other(bedrock: Any) -> None:
    assert bedrock.post(PATH, HI, bedrock.signed(PATH, HI, service="openai")).status_code == 403
    assert bedrock.post(PATH, HI, {"content-type": "application/json"}).status_code == 403


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"model": "openai.gpt-unknown-1:0"}, "model identifier is invalid"),
        ({"stream": True, "stream_options": [{}]}, "stream_options"),
        ({"model": "amazon.nova-lite-v1:0"}, "does not support the '/v1/chat/completions' API"),
        ({"top_k": 3}, "unknown field `top_k`"),
        ({"frequency_penalty": 1}, "'frequency_penalty' parameter is not supported"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "expected `text`"),
        ({"messages": None}, "missing field `messages`"),
        ({"stream_options": {}}, "only allowed when 'stream' is enabled"),
        ({"reasoning_effort": "extreme"}, "reasoning_effort"),
    ],
)
def test_what_it_cannot_do_is_refused_in_openais_shape(bedrock: Any, change: dict[str, Any], words: str) -> None:
    answer = bedrock.post(PATH, {**HI, **change})
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert words in error["message"]
    assert error["type"] == "invalid_request_error"
    assert bedrock.calls()[-1]["outcome"] == "refused"


def profile(bedrock: Any, name: str, source: str) -> str:
    made = bedrock.control.create_inference_profile(inferenceProfileName=name, modelSource={"copyFrom": source})
    assert made["status"] == "ACTIVE"
    return str(made["inferenceProfileArn"])


@pytest.mark.parametrize(
    ("source", "model"),
    [
        ("arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0", "amazon.nova-lite-v1:0"),
        (
            "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova-2-lite-v1:0",
            "amazon.nova-2-lite-v1:0",
        ),
    ],
)
def test_an_application_inference_profile_answers_by_its_arn(bedrock: Any, source: str, model: str) -> None:
    arn = profile(bedrock, f"costs of {model.replace(':', ' ').replace('.', ' ')}", source)
    assert ":application-inference-profile/" in arn
    bedrock.runtime.converse(modelId=arn, messages=HELLO)
    list(bedrock.runtime.converse_stream(modelId=arn, messages=HELLO)["stream"])
    assert [(call["model_id"], call["model"]) for call in bedrock.calls()[-2:]] == [(arn, model)] * 2


def test_an_imported_model_answers_by_its_arn(bedrock: Any) -> None:
    wish = {"model": "meta.llama3-3-70b-instruct-v1:0", "region": "us-east-1"}
    arn = bedrock.http.post("/_stand_in/imported-models", json=wish).raise_for_status().json()["arn"]
    assert ":imported-model/" in arn
    assert bedrock.runtime.converse(modelId=arn, messages=HELLO)["stopReason"] == "end_turn"
    assert bedrock.http.post("/_stand_in/imported-models", json={"model": "none"}).status_code == 400


@pytest.mark.parametrize("kind", ["application-inference-profile", "imported-model", "provisioned-model"])
def test_what_the_account_has_not_made_is_no_model(bedrock: Any, kind: str) -> None:
    with pytest.raises(ClientError, match="model identifier is invalid"):
        bedrock.runtime.converse(modelId=f"arn:aws:bedrock:us-east-1:123456789012:{kind}/abcdefabcdef", messages=HELLO)


def test_a_profile_of_nothing_is_not_made(bedrock: Any) -> None:
    with pytest.raises(bedrock.control.exceptions.ResourceNotFoundException):
        profile(bedrock, "nothing", "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-ultra-v1:0")
