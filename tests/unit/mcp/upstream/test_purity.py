import ast
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[4] / "services" / "mcp" / "upstream"
PURE = ["approval", "declared", "faults", "frames", "outputs", "pages", "shapes"]
PURE += ["openapi/exchange", "openapi/operations", "openapi/references"]
MAY_IMPORT = {
    *("base64", "collections.abc", "dataclasses", "hashlib", "json", "re", "typing", "urllib.parse"),
    *("services.mcp", "services.mcp.eras", "services.mcp.protocol", "services.mcp.schema", "services.mcp.upstream"),
    *(f"services.mcp.upstream.{name.replace('/', '.')}" for name in PURE),
}


@pytest.mark.parametrize("name", [*PURE, "../protocol"])
def test_what_reads_and_writes_messages_knows_no_clock_and_no_network(name):
    for node in ast.walk(ast.parse((FOLDER / f"{name}.py").read_text())):
        if isinstance(node, ast.Import):
            assert {alias.name for alias in node.names} <= MAY_IMPORT
        elif isinstance(node, ast.ImportFrom):
            assert node.module in MAY_IMPORT
