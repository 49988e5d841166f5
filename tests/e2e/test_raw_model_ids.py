"""Bedrock's own ids and ARNs in place of a name, by the unmodified OpenAI SDK."""

import json

import httpx
import openai
import pytest

ASK = [{"role": "user", "content": 'Say "good morning"'}]
_OWN = "arn:aws:bedrock:us-east-1:123456789012:"
# What a group writes down, and its role opens.
PATTERNS = (
    *("amazon.*", "us.amazon.*", "arn:aws:bedrock:us-east-1::foundation-model/*"),
    *(f"{_OWN}{kind}/*" for kind in ("inference-profile", "application-inference-profile", "imported-model")),
)


@pytest.fixture(scope="module")
def client(gateway):
    return gateway.member(gateway.group(*PATTERNS))


@pytest.fixture(scope="module")
def profile(gateway):
    """The ARN of an application inference profile, made by whoever runs the account."""
    iam = gateway.aws("iam")
    iam.create_user(UserName="operator")
    allowed = {"Effect": "Allow", "Action": "bedrock:CreateInferenceProfile", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    iam.put_user_policy(UserName="operator", PolicyName="profiles", PolicyDocument=document)
    key = iam.create_access_key(UserName="operator")["AccessKey"]
    bedrock = gateway.aws("bedrock", aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"])
    source = f"{_OWN}inference-profile/us.amazon.nova-2-lite-v1:0"
    named = {"inferenceProfileName": "costs of a team", "modelSource": {"copyFrom": source}}
    return bedrock.create_inference_profile(**named)["inferenceProfileArn"]


@pytest.fixture(scope="module")
def imported(gateway):
    wish = {"model": "meta.llama3-3-70b-instruct-v1:0", "region": "us-east-1"}
    url = f"{gateway.bedrock_url}/_stand_in/imported-models"
    return httpx.post(url, json=wish, trust_env=False).raise_for_status().json()["arn"]


def said(client, model, *, streamed):
    answer = client.chat.completions.create(model=model, messages=ASK, stream=streamed)
    if not streamed:
        return answer.choices[0].message.content
    return "".join(chunk.choices[0].delta.content or "" for chunk in answer if chunk.choices)


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize(
    ("model", "asked"),
    [
        ("us.amazon.nova-pro-v1:0", "us.amazon.nova-pro-v1:0"),
        ("amazon.nova-pro-v1:0", "amazon.nova-pro-v1:0"),
        (
            "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-pro-v1:0",
            "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-pro-v1:0",
        ),
        (
            "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova-lite-v1:0",
            "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova-lite-v1:0",
        ),
    ],
)
def test_an_id_or_arn_of_bedrocks_is_asked_as_it_is(client, calls, model, asked, streamed):
    assert said(client, model, streamed=streamed) == "good morning"
    assert [call["model_id"] for call in calls()] == [asked]


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("made", ["profile", "imported"])
def test_what_the_account_has_made_is_asked_by_its_arn(client, calls, request, made, streamed):
    arn = request.getfixturevalue(made)
    assert said(client, arn, streamed=streamed) == "good morning"
    assert calls()[-1]["model_id"] == arn


@pytest.mark.parametrize(
    "model", ["us.amazon.nova-pro-v1:0", "amazon.nova-unheard-of-v9:0", f"{_OWN}imported-model/abcdefabcdef"]
)
def test_what_may_be_asked_can_be_looked_up(client, model):
    assert client.models.retrieve(model).id == model


@pytest.mark.parametrize("model", ["anthropic.claude-9-v1:0", f"{_OWN}provisioned-model/abcdefabcdef"])
def test_what_no_pattern_grants_cannot_be_looked_up(client, model):
    with pytest.raises(openai.PermissionDeniedError):
        client.models.retrieve(model)


def test_an_arn_nobody_made_is_no_model(client):
    arn = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abcdefabcdef"
    with pytest.raises(openai.NotFoundError) as raised:
        said(client, arn, streamed=False)
    assert raised.value.code == "model_not_found"


@pytest.mark.parametrize("model", ["us.amazon.nova-pro-v1:0", "bedrock/anthropic.claude-9-v1:0"])
@pytest.mark.parametrize("path", ["/chat/completions", "/completions", "/responses", "/messages"])
def test_a_group_of_all_models_is_allowed_no_id_that_its_role_lacks(gateway, calls, model, path):
    body = {"model": model, "messages": ASK, "max_tokens": 9}
    body = {"model": model, "input": "hi"} if path == "/responses" else body
    body = {"model": model, "prompt": "hi"} if path == "/completions" else body
    with gateway.http() as client:
        assert client.post(path, json=body).status_code == 403
    assert calls() == []


@pytest.mark.parametrize("model", ["us.amazon.nova-2-lite-v1:0", "anthropic.claude-haiku-4-5-20251001-v1:0"])
def test_a_group_of_named_models_opens_no_id_beside_them(gateway, calls, model):
    user = gateway.user(f"{model[:5].replace('.', '-')}@example.com", "restricted")
    with pytest.raises(openai.PermissionDeniedError):
        said(gateway.openai(gateway.key(user)["value"]), model, streamed=False)
    assert calls() == []
