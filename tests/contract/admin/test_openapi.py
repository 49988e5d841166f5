"""The service against openapi.yaml: the same routes, the same bodies, the same limits."""

import re
from pathlib import Path

import pytest
import yaml

from services.admin import bodies, query
from services.admin.app import app

CONTRACT = yaml.safe_load((Path(__file__).parents[3] / "openapi.yaml").read_text())
SCHEMAS = CONTRACT["components"]["schemas"]
BODIES = [
    model
    for name, model in vars(bodies).items()
    if isinstance(model, type) and issubclass(model, bodies._Body) and not name.startswith("_")
]
CONSTRAINTS = ("type", "minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "enum")


def test_the_routes_served_are_those_promised():
    promised = {
        (method.upper(), path)
        for path, operations in CONTRACT["paths"].items()
        for method, operation in operations.items()
        if method != "parameters" and operation["x-pennyworth"]["service"] == "admin"
    }
    routes = app._static_routes + app._dynamic_routes
    served = {(route.method, re.sub("<([a-z_]+)>", r"{\1}", route.path)) for route in routes}
    assert served == promised


def test_every_route_but_one_is_for_administrators_or_for_oneself():
    for path, operations in CONTRACT["paths"].items():
        for method, operation in operations.items():
            if path == "/.well-known/pennyworth-configuration":
                assert (method, operation["x-pennyworth"]) == ("get", {"service": "admin", "auth": "none"})
            elif method != "parameters" and operation["x-pennyworth"]["service"] == "admin":
                assert operation["x-pennyworth"]["auth"] == "cognito", path
                wanted = "self" if path.split("/")[1] == "me" else "admin"
                assert operation["x-pennyworth"]["action"] == wanted, path


@pytest.mark.parametrize("model", BODIES)
def test_a_body_is_as_promised(model):
    promised, made = SCHEMAS[model.__name__], model.model_json_schema()
    assert set(promised["properties"]) == set(made["properties"])
    assert sorted(promised.get("required", [])) == sorted(made.get("required", []))
    assert promised["additionalProperties"] is made["additionalProperties"] is False
    for field, schema in promised["properties"].items():
        ours = made["properties"][field]
        if schema.get("nullable"):
            ours = {name: value for kind in ours["anyOf"] for name, value in kind.items() if value != "null"}
        if "const" in ours:
            ours = ours | {"enum": [ours["const"]]}
        if "$ref" in ours.get("items", {}):  # a body of its own, held to the contract by itself
            schema, ours = {"type": schema["type"]}, {"type": ours["type"]}
        _as_promised(schema, ours, field)


def _as_promised(promised, made, field):
    for constraint in CONSTRAINTS:
        assert promised.get(constraint) == made.get(constraint), (field, constraint)
    if "items" in promised:
        _as_promised(promised["items"], made["items"], f"{field}[]")


def test_every_body_that_a_route_takes_is_held_to_the_contract():
    named = {
        operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        for operations in CONTRACT["paths"].values()
        for method, operation in operations.items()
        if method != "parameters" and operation["x-pennyworth"]["service"] == "admin" and "requestBody" in operation
    }
    assert named | {"InviteProject"} == {model.__name__ for model in BODIES}


def test_the_limit_of_a_page_is_as_promised():
    limit = CONTRACT["components"]["parameters"]["Limit"]["schema"]
    assert (limit["minimum"], limit["maximum"], limit["default"]) == (1, query.MOST, query.LIMIT)
