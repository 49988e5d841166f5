"""What Bedrock refuses for want of a right, operation by operation, to unmodified boto3."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

ARN = "arn:aws:sts::123456789012:assumed-role/group/ada"
HERE = "arn:aws:bedrock:us-east-1"
OWN = f"{HERE}:123456789012"
NOVA, CLAUDE = "amazon.nova-lite-v1:0", "anthropic.claude-haiku-4-5-20251001-v1:0"
PROFILE, GUARD = f"{OWN}:inference-profile/us.{CLAUDE}", f"{OWN}:guardrail/simulatedguard1"
MODELS = [f"arn:aws:bedrock:{region}::foundation-model/{CLAUDE}" for region in ("us-east-1", "us-east-2", "us-west-2")]
BODY = {"messages": [{"role": "user", "content": [{"text": "Hello"}]}]}
GUARDED = {"guardrailConfig": {"guardrailIdentifier": "simulatedguard1", "guardrailVersion": "1"}}


def allow(*actions: str, on: Any = "*", where: dict[str, Any] | None = None) -> dict[str, Any]:
    condition = {"Condition": where} if where else {}
    return {"Effect": "Allow", "Action": [f"bedrock:{each}" for each in actions], "Resource": on, **condition}


class KeyServer(BaseHTTPRequestHandler):
    """Every key is Ada's, who may do what its secret says."""

    rights: dict[str, dict[str, Any]]

    def do_GET(self) -> None:
        key = self.path.rpartition("/")[2]
        found = {"arn": ARN, "secret_access_key": "secret", "session_token": "token", "expires_at": None}
        content = json.dumps({**found, "tags": {"user": "ada"}, **self.rights[key]}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def rights() -> dict[str, dict[str, Any]]:
    return {}


@pytest.fixture(scope="module")
def url(start: Any, rights: dict[str, dict[str, Any]]) -> Iterator[str]:
    keys = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (KeyServer,), {"rights": rights}))
    thread = threading.Thread(target=keys.serve_forever, args=(0.05,))
    thread.start()
    try:
        with start("--aws-url", f"http://127.0.0.1:{keys.server_port}") as address:
            yield address
    finally:
        keys.shutdown()
        thread.join(5)
        keys.server_close()


@pytest.fixture
def ada(url: str, rights: dict[str, dict[str, Any]], stand_in: Any) -> Iterator[Callable[..., Any]]:
    """Clients of Ada, who may do this much."""
    made: list[Any] = []

    def client(*statements: dict[str, Any], boundary: dict[str, Any] | None = None) -> Any:
        key = f"ASIA{len(rights)}"
        document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
        within = json.dumps({"Version": "2012-10-17", "Statement": [boundary]}) if boundary else None
        rights[key] = {"policies": [document], "boundary": within}
        made.append(stand_in(url, Credentials(key, "secret", "token")))
        return made[-1]

    yield client
    for each in made:
        each.close()


def refused(client: Any, call: Any, action: str, resource: str, why: str = "") -> None:
    why = why or f"because no identity-based policy allows the bedrock:{action} action"
    with pytest.raises(ClientError, match="AccessDeniedException") as raised:
        call()
    said = f"User: {ARN} is not authorized to perform: bedrock:{action} on resource: {resource} {why}"
    assert raised.value.response["Error"]["Message"] == said
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    call_seen = client.calls()[-1]
    assert (call_seen["error"], call_seen["principal_arn"]) == ("AccessDeniedException", ARN)
    assert call_seen["principal_tags"] == {"user": "ada"}


def converse(client: Any, model: str = NOVA, **more: Any) -> Callable[[], Any]:
    return lambda: client.runtime.converse(modelId=model, **BODY, **more)


def test_each_way_to_invoke_needs_its_action(ada: Any) -> None:
    nova = f"{HERE}::foundation-model/{NOVA}"
    whole, streamed = ada(allow("InvokeModel", on=nova)), ada(allow("InvokeModelWithResponseStream", on=nova))
    body = json.dumps({"messages": BODY["messages"]})
    converse(whole)()
    assert whole.runtime.invoke_model(modelId=NOVA, body=body)["body"].read()
    assert list(streamed.runtime.converse_stream(modelId=NOVA, **BODY)["stream"])
    assert list(streamed.runtime.invoke_model_with_response_stream(modelId=NOVA, body=body)["body"])
    refused(streamed, converse(streamed), "InvokeModel", nova)
    refused(streamed, lambda: streamed.runtime.invoke_model(modelId=NOVA, body=body), "InvokeModel", nova)
    stream = "InvokeModelWithResponseStream"
    refused(whole, lambda: whole.runtime.converse_stream(modelId=NOVA, **BODY), stream, nova)
    refused(whole, lambda: whole.runtime.invoke_model_with_response_stream(modelId=NOVA, body=body), stream, nova)


@pytest.mark.parametrize("stream", [True, False])
def test_so_does_openais_format(ada: Any, stream: bool) -> None:
    needed = "InvokeModelWithResponseStream" if stream else "InvokeModel"
    asked = {"model": "openai.gpt-oss-120b-1:0", "messages": [{"role": "user", "content": "Hi"}], "stream": stream}
    on = f"{HERE}::foundation-model/openai.gpt-oss-120b-1:0"
    other = {"InvokeModel", "InvokeModelWithResponseStream"} - {needed}
    assert ada(allow(needed, on=on)).post("/openai/v1/chat/completions", asked).status_code == 200
    answer = ada(allow(*other, on=on)).post("/openai/v1/chat/completions", asked)
    assert (answer.status_code, answer.headers["x-amzn-errortype"]) == (403, "AccessDeniedException")
    assert f"bedrock:{needed} on resource: {on}" in answer.json()["message"]


def test_a_profile_needs_itself_and_its_model_wherever_it_leads(ada: Any) -> None:
    through = {"StringLike": {"bedrock:InferenceProfileArn": PROFILE}}
    everything = ada(allow("InvokeModel", on=PROFILE), allow("InvokeModel", on=MODELS, where=through))
    for name in (f"us.{CLAUDE}", PROFILE):
        converse(everything, name)()
    refused(everything, converse(everything, CLAUDE), "InvokeModel", MODELS[0])  # not by itself
    elsewhere = f"{OWN}:inference-profile/global.{CLAUDE}"
    refused(everything, converse(everything, f"global.{CLAUDE}"), "InvokeModel", elsewhere)
    alone = ada(allow("InvokeModel", on=PROFILE))
    refused(alone, converse(alone, PROFILE), "InvokeModel", MODELS[0])
    part = ada(allow("InvokeModel", on=[PROFILE, *MODELS[:2]]))
    refused(part, converse(part, PROFILE), "InvokeModel", MODELS[2])
    models = ada(allow("InvokeModel", on=MODELS))
    refused(models, converse(models, PROFILE), "InvokeModel", PROFILE)


def test_what_the_account_made_of_a_profile_leads_to_the_same(ada: Any) -> None:
    maker = ada(allow("CreateInferenceProfile"))
    named = {"inferenceProfileName": "team", "modelSource": {"copyFrom": PROFILE}}
    arn = maker.control.create_inference_profile(**named)["inferenceProfileArn"]
    through = {"StringLike": {"bedrock:InferenceProfileArn": arn}}
    converse(ada(allow("InvokeModel", on=arn), allow("InvokeModel", on=MODELS, where=through)), arn)()
    refused(maker, converse(maker, arn), "InvokeModel", arn)
    other = ada(allow("InvokeModel", on=arn), allow("InvokeModel", on=MODELS, where={"StringLike": {
        "bedrock:InferenceProfileArn": PROFILE}}))  # fmt: skip
    refused(other, converse(other, arn), "InvokeModel", MODELS[0])


def test_a_guardrail_is_a_right_and_a_condition(ada: Any) -> None:
    nova = f"{HERE}::foundation-model/{NOVA}"
    must = {"StringEquals": {"bedrock:GuardrailIdentifier": f"{GUARD}:1"}}
    guarded = ada(allow("InvokeModel", on=nova, where=must), allow("ApplyGuardrail", on=GUARD))
    converse(guarded, **GUARDED)()
    refused(guarded, converse(guarded), "InvokeModel", nova)
    draft = {"guardrailConfig": {**GUARDED["guardrailConfig"], "guardrailVersion": "DRAFT"}}
    refused(guarded, converse(guarded, **draft), "InvokeModel", nova)
    body = {"modelId": NOVA, "body": json.dumps({"messages": BODY["messages"]})}
    assert guarded.runtime.invoke_model(**body, guardrailIdentifier=GUARD, guardrailVersion="1")["body"].read()
    refused(guarded, lambda: guarded.runtime.invoke_model(**body), "InvokeModel", nova)
    invoker = ada(allow("InvokeModel", on=nova))
    refused(invoker, converse(invoker, **GUARDED), "ApplyGuardrail", GUARD)
    text = {"content": [{"text": {"text": "a"}}], "source": "INPUT"}
    apply = {"guardrailIdentifier": "simulatedguard1", "guardrailVersion": "1", **text}
    guarded.runtime.apply_guardrail(**apply)
    refused(invoker, lambda: invoker.runtime.apply_guardrail(**apply), "ApplyGuardrail", GUARD)


def test_counting_and_listing_are_rights_of_their_own(ada: Any) -> None:
    invoker = ada(allow("InvokeModel*"))
    count = {"modelId": CLAUDE, "input": {"converse": BODY}}
    assert ada(allow("CountTokens", on=MODELS[0])).runtime.count_tokens(**count)["inputTokens"] > 0
    refused(invoker, lambda: invoker.runtime.count_tokens(**count), "CountTokens", MODELS[0])
    refused(invoker, invoker.control.list_foundation_models, "ListFoundationModels", "*")
    refused(invoker, invoker.control.list_inference_profiles, "ListInferenceProfiles", "*")


def test_a_boundary_is_a_limit(ada: Any) -> None:
    nova = f"{HERE}::foundation-model/{NOVA}"
    bound = ada(allow("*"), boundary=allow("InvokeModel", on=f"{HERE}::foundation-model/amazon.*"))
    converse(bound)()
    why = "because no permissions boundary allows the bedrock:InvokeModel action"
    refused(bound, converse(bound, CLAUDE), "InvokeModel", MODELS[0], why)
    denied = ada(allow("*"), allow("*", on=nova) | {"Effect": "Deny"})
    refused(denied, converse(denied), "InvokeModel", nova, "with an explicit deny in an identity-based policy")


def test_who_may_do_nothing_does_not_learn_what_there_is(ada: Any) -> None:
    nobody = ada(allow("ListInferenceProfiles"))
    refused(nobody, converse(nobody, "no.such-model"), "InvokeModel", f"{HERE}::foundation-model/no.such-model")
