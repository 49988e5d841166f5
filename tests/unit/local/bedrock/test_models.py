"""The data of models, and rules that no model here needs yet."""

import re
from dataclasses import replace

import pytest
from botocore.loaders import Loader

from local.bedrock.catalogue import MODELS, profile_id, resolve
from local.bedrock.errors import AwsError
from local.bedrock.inference import check

SHAPES = Loader().load_service_model("bedrock", "service-2")["shapes"]


def test_a_model_that_cannot_stream_refuses_to() -> None:
    model = MODELS["amazon.nova-micro-v1:0"]
    body = {"messages": [{"role": "user", "content": [{"text": "Hi"}]}]}
    silent = replace(model, abilities=model.abilities - {"stream"})
    check(silent, body, streamed=False)
    with pytest.raises(AwsError, match="unsupported for streaming"):
        check(silent, body, streamed=True)


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_identifiers_are_ones_that_aws_would_give(model) -> None:  # type: ignore[no-untyped-def]
    assert re.fullmatch(SHAPES["BedrockModelId"]["pattern"], model.id)
    assert model.on_demand or model.profiles, "somehow it must be invoked"
    for geography in model.profiles:
        assert re.fullmatch(SHAPES["InferenceProfileId"]["pattern"], profile_id(model, geography))


def test_resolving_tells_a_profile_from_a_model() -> None:
    model = MODELS["amazon.nova-micro-v1:0"]
    assert resolve("amazon.nova-micro-v1:0", "us-east-1") == (model, False)
    assert resolve("us.amazon.nova-micro-v1:0", "us-west-2") == (model, True)
    for wrong in (
        "",
        "nova",
        "us.nova",
        "us.us.amazon.nova-micro-v1:0",
        "arn:aws:bedrock:us-east-1::x/amazon.nova-micro-v1:0",
    ):
        with pytest.raises(AwsError):
            resolve(wrong, "us-east-1")
