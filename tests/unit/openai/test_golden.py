"""Each folder of tests/golden/chat is a case: the request and its Converse body, the reply and its completion."""

import json
from pathlib import Path

import pytest

from pennyworth.body import check
from services.openai.catalogue import find
from services.openai.chat import ChatRequest
from services.openai.converse import Envelope, from_converse, reading, to_converse

CASES = sorted((Path(__file__).parents[2] / "golden" / "chat").iterdir())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_request_becomes_this_converse_body(case):
    request = check(ChatRequest, _read(case, "request"))
    assert to_converse(request, find(request.model)) == _read(case, "converse")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_reply_becomes_this_completion(case):
    envelope = Envelope("chatcmpl-1", 1700000000, _read(case, "request")["model"])
    read = reading(check(ChatRequest, _read(case, "request")), _read(case, "converse"))
    assert from_converse(_read(case, "reply"), envelope, read) == _read(case, "completion")


def _read(case, name):
    return json.loads((case / f"{name}.json").read_text())
