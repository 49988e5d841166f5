"""The MCP service against openapi.yaml: the same routes."""

import re
from pathlib import Path

import yaml

from services.mcp.app import app

CONTRACT = yaml.safe_load((Path(__file__).parents[2] / "openapi.yaml").read_text())


def test_the_routes_served_are_those_promised() -> None:
    promised = {
        (method.upper(), path)
        for path, operations in CONTRACT["paths"].items()
        for method, operation in operations.items()
        if method != "parameters" and operation["x-pennyworth"]["service"] == "mcp"
    }
    routes = app._static_routes + app._dynamic_routes

    assert {(route.method, re.sub("<([a-z_]+)>", r"{\1}", str(route.path))) for route in routes} == promised
