"""Our tables against botocore's service model: they fail on the day AWS adds what they lack."""

import json
from pathlib import Path

import botocore.session
import pytest
from botocore.validate import ParamValidator

from services.openai.converse import FINISH_REASONS, MALFORMED
from services.openai.faults import PROBLEMS

MODEL = botocore.session.get_session().get_service_model("bedrock-runtime")
OPERATIONS = (
    "Converse",
    "ConverseStream",
    "InvokeModel",
    "InvokeModelWithResponseStream",
    "CountTokens",
    "ApplyGuardrail",
)
GOLDEN = sorted((Path(__file__).parents[1] / "golden" / "chat").iterdir())
# Content blocks by what becomes of them in an answer. Those only a client sends never stand in one.
ANSWERED = {"text", "toolUse", "reasoningContent", "citationsContent"}
SENT_ONLY = {"document", "toolResult", "guardContent", "cachePoint", "searchResult", "toolAddition", "toolRemoval"}
NOT_ASKED_FOR = {"image", "video", "audio"}  # no chat model of the catalogue answers with media


def test_every_stop_reason_has_a_finish_reason_or_is_an_error():
    assert set(MODEL.shape_for("StopReason").enum) == set(FINISH_REASONS) | MALFORMED


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_declared_error_has_a_problem(operation):
    declared = {shape.name for shape in MODEL.operation_model(operation).error_shapes}
    assert declared <= set(PROBLEMS)


def test_every_error_inside_a_stream_has_a_problem():
    members = MODEL.shape_for("ConverseStreamOutput").members
    errors = {name[0].upper() + name[1:] for name in members if name.endswith("Exception")}
    assert errors <= set(PROBLEMS)


def test_every_content_block_has_a_row():
    assert set(MODEL.shape_for("ContentBlock").members) == ANSWERED | SENT_ONLY | NOT_ASKED_FOR


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: case.name)
def test_every_request_we_make_is_valid_to_botocore(case):
    body = json.loads((case / "converse.json").read_text())
    report = ParamValidator().validate({"modelId": "m", **body}, MODEL.operation_model("Converse").input_shape)
    assert not report.has_errors(), report.generate_report()


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: case.name)
def test_every_reply_we_read_is_one_botocore_knows(case):
    reply = json.loads((case / "reply.json").read_text())
    report = ParamValidator().validate(reply, MODEL.operation_model("Converse").output_shape)
    assert not report.has_errors(), report.generate_report()
