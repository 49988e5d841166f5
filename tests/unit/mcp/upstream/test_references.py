"""A small document must not come to large tools."""

import json

from services.mcp.upstream.openapi.operations import operations


def document(count, parameters, schema, **more):
    path = {"get": {"parameters": [{"name": f"p{n}", "in": "query", **parameters} for n in range(20)]}}
    paths = {f"/{n}": path for n in range(count)}
    return {"openapi": "3.1.0", "paths": paths, "components": {"schemas": {"Big": schema}, **more}}


def test_schemas_that_are_referred_to_again_and_again_are_bounded_as_a_whole():
    big = {"type": "object", "properties": {f"n{n}": {"type": "string"} for n in range(4800)}}
    found, left_out = operations(document(50, {"schema": {"$ref": "#/components/schemas/Big"}}, big))
    assert (len(found) + left_out, left_out > 0) == (50, True)
    assert len(json.dumps([each.tool for each in found.values()])) < 4_000_000


def test_texts_behind_references_are_bounded_as_a_whole():
    for schema in ({"type": "string", "description": "x" * 1_000_000}, {"enum": ["x" * 1_000_000]}):
        found, left_out = operations(document(50, {"schema": {"$ref": "#/components/schemas/Big"}}, schema))
        assert left_out
        assert len(json.dumps([each.tool for each in found.values()])) < 5_000_000


def test_a_parameters_own_text_counts_as_well():
    shared = {"name": "p", "in": "query", "description": "x" * 100_000, "schema": {"type": "string"}}
    paths = {f"/{n}": {"get": {"parameters": [{"$ref": "#/components/parameters/P"}]}} for n in range(100)}
    found, left_out = operations({"openapi": "3.1.0", "paths": paths, "components": {"parameters": {"P": shared}}})
    assert 15 <= len(found) <= 25
    assert left_out == 100 - len(found)
