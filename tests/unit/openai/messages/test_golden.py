"""Each folder of tests/golden/messages is a case: the request and its Converse body, the reply and its message."""

import base64
import json
from pathlib import Path

import pytest
from anthropic.types import Message
from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

from pennyworth.body import check
from services.openai.catalogue import find
from services.openai.converse import Envelope
from services.openai.messages.params import MessagesRequest
from services.openai.messages.reply import from_converse
from services.openai.messages.request import to_converse

CASES = sorted((Path(__file__).parents[3] / "golden" / "messages").iterdir())
SERVICE = ServiceModel(Loader().load_service_model("bedrock-runtime", "service-2"), "bedrock-runtime")


def read(case, name):
    return json.loads((case / f"{name}.json").read_text())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_request_becomes_this_converse_body(case):
    request = check(MessagesRequest, read(case, "request"))
    assert to_converse(request, find(request.model)) == read(case, "converse")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_reply_becomes_this_message(case):
    request = check(MessagesRequest, read(case, "request"))
    made = from_converse(read(case, "reply"), Envelope("msg_1", 1, request.model), one_call=request.one_call)
    assert made == read(case, "message")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_message_is_what_the_sdk_expects(case):
    Message.model_validate(read(case, "message"), strict=True)


def blobs(value):
    """The body with bytes where the wire has base64, as botocore's own callers write it."""
    if isinstance(value, dict):
        return {
            name: base64.b64decode(inner) if name in ("bytes", "redactedContent") else blobs(inner)
            for name, inner in value.items()
        }
    return [blobs(inner) for inner in value] if isinstance(value, list) else value


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_botocore_finds_nothing_wrong_with_the_body(case):
    shape = SERVICE.operation_model("Converse").input_shape
    report = ParamValidator().validate(blobs({**read(case, "converse"), "modelId": "m"}), shape)
    assert not report.has_errors(), report.generate_report()
