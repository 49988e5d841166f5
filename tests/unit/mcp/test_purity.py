import ast
from pathlib import Path

import pytest

SERVICE = Path(__file__).resolve().parents[3] / "services" / "mcp"
CORE = [
    "endpoint",
    "methods",
    "eras",
    "shapes",
    "headers",
    "protocol",
    "schema",
    "tools",
    "toolbox",
    "completion",
    "reply",
]
CORE += ["source", "builtin", "aggregate", "pages", "rounds", "notices", "levels"]
PURE = {
    "base64",
    "binascii",
    "collections",
    "collections.abc",
    "dataclasses",
    "functools",
    "hmac",
    "json",
    "re",
    "typing",
    "urllib.parse",
}
PURE |= {"pennyworth.errors", "services.mcp", *(f"services.mcp.{name}" for name in CORE)}


@pytest.mark.parametrize("name", CORE)
def test_the_core_knows_no_clock_no_network_and_no_aws(name: str) -> None:
    for node in ast.walk(ast.parse((SERVICE / f"{name}.py").read_text())):
        if isinstance(node, ast.Import):
            assert {alias.name for alias in node.names} <= PURE
        elif isinstance(node, ast.ImportFrom):
            assert node.module in PURE


def test_everything_else_is_the_edge() -> None:
    assert {path.stem for path in SERVICE.glob("*.py")} - set(CORE) - {"__init__"} == {"app", "inference", "secret"}
