"""The inference service against openapi.yaml: the same routes, the same fields of a request."""

import re
from pathlib import Path

import pytest
import yaml
from openapi_spec_validator import validate

from services.openai.app import app
from services.openai.completions import MOST_PROMPTS, CompletionRequest
from services.openai.embeddings import MOST_INPUTS, EmbeddingRequest
from services.openai.messages.params import CountRequest, MessagesRequest
from services.openai.responses.request import CompactRequest, InputTokensRequest, ResponseRequest
from services.openai.vocabulary import MOST_IDS

CONTRACT = yaml.safe_load((Path(__file__).parents[2] / "openapi.yaml").read_text())
SCHEMAS = CONTRACT["components"]["schemas"]
EMBEDDING = SCHEMAS["EmbeddingRequest"]


def test_the_contract_is_valid_openapi():
    validate(CONTRACT)


def test_the_routes_served_are_those_promised():
    promised = {
        (method.upper(), path)
        for path, operations in CONTRACT["paths"].items()
        for method, operation in operations.items()
        if method != "parameters" and operation["x-pennyworth"]["service"] == "openai"
    }
    routes = app._static_routes + app._dynamic_routes
    assert {(route.method, re.sub("<([a-z_]+)>", r"{\1}", route.path)) for route in routes} == promised


@pytest.mark.parametrize(
    "model",
    [
        CompletionRequest,
        EmbeddingRequest,
        ResponseRequest,
        CompactRequest,
        InputTokensRequest,
        MessagesRequest,
        CountRequest,
    ],
)
def test_a_request_has_the_fields_promised(model):
    promised, made = SCHEMAS[model.__name__], model.model_json_schema()
    assert set(made["properties"]) == set(promised["properties"])
    assert sorted(made["required"]) == sorted(promised["required"])


def test_the_choices_of_an_embedding_are_as_promised():
    made = EmbeddingRequest.model_json_schema()
    for field in ("encoding_format", "input_type"):
        (ours,) = (kind["enum"] for kind in made["properties"][field]["anyOf"] if "enum" in kind)
        assert ours == EMBEDDING["properties"][field]["enum"]


def test_the_most_inputs_are_as_promised():
    forms = EMBEDDING["properties"]["input"]["oneOf"]
    text, texts, ids, several = forms
    assert "maxItems" not in text
    assert (texts["maxItems"], several["maxItems"]) == (MOST_INPUTS, MOST_INPUTS)
    assert (ids["maxItems"], several["items"]["maxItems"]) == (MOST_IDS, MOST_IDS)
    (texts,) = (form for form in SCHEMAS["CompletionRequest"]["properties"]["prompt"]["oneOf"] if "maxItems" in form)
    assert texts["maxItems"] == MOST_PROMPTS
