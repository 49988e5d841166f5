"""The inference service against openapi.yaml: the same routes, the same fields of an embedding's request."""

import re
from pathlib import Path

import yaml

from services.openai.app import app
from services.openai.embeddings import MOST_INPUTS, EmbeddingRequest

CONTRACT = yaml.safe_load((Path(__file__).parents[2] / "openapi.yaml").read_text())
EMBEDDING = CONTRACT["components"]["schemas"]["EmbeddingRequest"]


def test_the_routes_served_are_those_promised():
    promised = {
        (method.upper(), path)
        for path, operations in CONTRACT["paths"].items()
        for method, operation in operations.items()
        if method != "parameters" and operation["x-pennyworth"]["service"] == "openai"
    }
    routes = app._static_routes + app._dynamic_routes
    assert {(route.method, re.sub("<([a-z_]+)>", r"{\1}", route.path)) for route in routes} == promised


def test_an_embeddings_request_has_the_fields_promised():
    made = EmbeddingRequest.model_json_schema()
    assert set(made["properties"]) == set(EMBEDDING["properties"])
    assert sorted(made["required"]) == sorted(EMBEDDING["required"])
    for field in ("encoding_format", "input_type"):
        (ours,) = (kind["enum"] for kind in made["properties"][field]["anyOf"] if "enum" in kind)
        assert ours == EMBEDDING["properties"][field]["enum"]


def test_the_most_inputs_are_as_promised():
    forms = EMBEDDING["properties"]["input"]["oneOf"]
    assert {form["maxItems"] for form in forms if form["type"] == "array"} == {MOST_INPUTS}
