"""Which models and profiles there are, and ApplyGuardrail."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from botocore.loaders import Loader

DATA = json.loads((Path(__file__).resolve().parents[3] / "local/bedrock/models.json").read_text())
SHAPES = Loader().load_service_model("bedrock", "service-2")["shapes"]


def test_every_model_is_listed_and_found_by_id_and_arn(bedrock: Any) -> None:
    summaries = bedrock.control.list_foundation_models()["modelSummaries"]
    assert [summary["modelId"] for summary in summaries] == [model["id"] for model in DATA["models"]]
    for summary in summaries:
        assert re.fullmatch(SHAPES["FoundationModelArn"]["pattern"], summary["modelArn"])
        assert summary["modelLifecycle"] == {"status": "ACTIVE"}
        for name in (summary["modelId"], summary["modelArn"]):
            assert bedrock.control.get_foundation_model(modelIdentifier=name)["modelDetails"] == summary


TITAN, NOVA = "titan-embed-text-v2:0", "nova-2-multimodal-embeddings-v1:0"
COHERE = {"embed-english-v3", "embed-multilingual-v3", "embed-v4:0"}
PLAIN = {"byProvider": "amazon", "byInferenceType": "ON_DEMAND"}


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        ({"byOutputModality": "EMBEDDING"}, {TITAN, NOVA, *COHERE}),
        ({"byProvider": "meta"}, {"llama3-3-70b-instruct-v1:0"}),
        (PLAIN, {TITAN, NOVA, "nova-micro-v1:0", "nova-lite-v1:0", "nova-pro-v1:0"}),
        ({"byInferenceType": "PROVISIONED"}, set()),
        ({"byCustomizationType": "FINE_TUNING"}, set()),
    ],
)
def test_models_are_filtered(bedrock: Any, wish: dict[str, str], expected: set[str]) -> None:
    found = bedrock.control.list_foundation_models(**wish)["modelSummaries"]
    assert {summary["modelId"].partition(".")[2] for summary in found} == expected


def test_a_model_says_how_it_is_invoked(bedrock: Any) -> None:
    found = {
        one["modelId"]: one["inferenceTypesSupported"]
        for one in bedrock.control.list_foundation_models()["modelSummaries"]
    }
    assert found["anthropic.claude-haiku-4-5-20251001-v1:0"] == ["INFERENCE_PROFILE"]
    assert found["amazon.nova-pro-v1:0"] == ["ON_DEMAND", "INFERENCE_PROFILE"]
    assert found["openai.gpt-oss-120b-1:0"] == ["ON_DEMAND"]


def test_an_unknown_model_is_not_found(bedrock: Any) -> None:
    with pytest.raises(bedrock.control.exceptions.ResourceNotFoundException):
        bedrock.control.get_foundation_model(modelIdentifier="amazon.nova-ultra-v1:0")


def test_a_model_is_unknown_where_it_is_not(bedrock: Any, stand_in: Any) -> None:
    """AWS calls the identifier invalid, though it is the Region that is wrong."""
    european = stand_in(bedrock.url, region="eu-west-1")
    listed = {one["modelId"] for one in european.control.list_foundation_models()["modelSummaries"]}
    assert f"amazon.{TITAN}" in listed
    assert f"amazon.{NOVA}" not in listed
    with pytest.raises(european.runtime.exceptions.ValidationException, match="identifier is invalid"):
        european.runtime.invoke_model(modelId=f"amazon.{NOVA}", body="{}")


def test_a_filter_that_does_not_exist_is_invalid(bedrock: Any) -> None:
    with pytest.raises(bedrock.control.exceptions.ValidationException, match="byOutputModality"):
        bedrock.control.list_foundation_models(byOutputModality="SMELL")


def test_profiles_are_those_of_the_callers_region(bedrock: Any, stand_in: Any) -> None:
    def ids(client: Any) -> set[str]:
        pages = client.control.get_paginator("list_inference_profiles").paginate(PaginationConfig={"PageSize": 4})
        return {one["inferenceProfileId"] for page in pages for one in page["inferenceProfileSummaries"]}

    european = stand_in(bedrock.url, region="eu-west-1")
    here, there = ids(bedrock), ids(european)
    assert "us.amazon.nova-lite-v1:0" in here - there
    assert "eu.amazon.nova-lite-v1:0" in there - here
    assert "global.anthropic.claude-sonnet-4-5-20250929-v1:0" in here & there
    messages = [{"role": "user", "content": [{"text": "Hi"}]}]
    assert european.runtime.converse(modelId="eu.amazon.nova-lite-v1:0", messages=messages)
    european.close()


def test_every_profile_can_be_read_and_invoked(bedrock: Any) -> None:
    profiles = bedrock.control.list_inference_profiles()["inferenceProfileSummaries"]
    for profile in profiles:
        name = profile["inferenceProfileId"]
        assert profile["inferenceProfileArn"].endswith(f":inference-profile/{name}")
        for identifier in (name, profile["inferenceProfileArn"]):
            found = bedrock.control.get_inference_profile(inferenceProfileIdentifier=identifier)
            assert found["inferenceProfileId"] == name
        assert all(model["modelArn"].endswith(name.partition(".")[2]) for model in profile["models"])
    assert bedrock.control.list_inference_profiles(typeEquals="APPLICATION")["inferenceProfileSummaries"] == []
    with pytest.raises(bedrock.control.exceptions.ResourceNotFoundException):
        bedrock.control.get_inference_profile(inferenceProfileIdentifier="us.nothing")
    with pytest.raises(bedrock.control.exceptions.ValidationException):
        bedrock.control.list_inference_profiles(nextToken="x")


def guarded(bedrock: Any, *texts: str, **more: Any) -> dict[str, Any]:
    content = [{"text": {"text": text}} for text in texts]
    wish = {"guardrailIdentifier": "simulatedguard1", "guardrailVersion": "1", "source": "INPUT", **more}
    return bedrock.runtime.apply_guardrail(content=content, **wish)


def test_a_guardrail_blocks_masks_or_lets_pass(bedrock: Any) -> None:
    assert guarded(bedrock, "Fine weather")["action"] == "NONE"
    blocked = guarded(bedrock, "So", "Operation Moonbeam!")
    assert blocked["action"] == "GUARDRAIL_INTERVENED"
    assert blocked["outputs"] == [{"text": "Sorry, the simulated guardrail does not let this pass."}]
    assert blocked["assessments"][0]["wordPolicy"]["customWords"][0]["action"] == "BLOCKED"
    masked = guarded(bedrock, "Mail ada@example.com", "Nothing")
    assert masked["outputs"] == [{"text": "Mail {EMAIL}"}, {"text": "Nothing"}]
    entity = masked["assessments"][0]["sensitiveInformationPolicy"]["piiEntities"][0]
    assert entity == {"match": "ada@example.com", "type": "EMAIL", "action": "ANONYMIZED"}
    assert masked["guardrailCoverage"]["textCharacters"] == {"guarded": 27, "total": 27}


def test_an_unknown_guardrail_is_not_found(bedrock: Any) -> None:
    for wrong in ({"guardrailIdentifier": "other"}, {"guardrailVersion": "7"}):
        with pytest.raises(bedrock.runtime.exceptions.ResourceNotFoundException):
            guarded(bedrock, "a", **wrong)
    with pytest.raises(bedrock.runtime.exceptions.ValidationException):
        guarded(bedrock, "a", source="SIDEWAYS")
