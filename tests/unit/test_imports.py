"""Who may import whom, and what a Lambda loads before its first request."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OURS = {"pennyworth", "dataclass_methods", "services", "local", "tools", "benchmarks", "pennyworth_cli", "tests"}

# What a file below the folder may import of ours; the longest folder that fits decides.
MAY_IMPORT = {
    "shared/pennyworth": {"pennyworth", "dataclass_methods"},  # the second is made by the build
    "services/openai": {"pennyworth", "services.openai"},
    "services/mcp": {"pennyworth", "services.mcp"},
    "services/admin": {"pennyworth", "services.admin"},
    "local": {"local"},
    "cli": {"pennyworth_cli"},
    "tools": {"tools"},
    "tools/rehearsal": {"tools", "local"},
    "tools/compatibility": {"tools", "pennyworth", "services"},
    "tools/cli_reference": {"tools", "pennyworth_cli"},
    "benchmarks": {"benchmarks", "local", "tools"},
}
# The layer's libraries; whatever else a service imports is missing in Lambda.
LIBRARIES = {"aws_lambda_powertools", "boto3", "botocore", "pydantic", "pydantic_core", "requests", "jwt"}
# The edge modules off the hot path that may use boto3.
BOTO3 = {"services/admin/directory.py", "services/admin/lock.py", "services/admin/aws.py"}
# Pure translation: no clock, no randomness, no network, no log.
TRANSLATION = [
    "converse.py",
    "turns.py",
    "chunks.py",
    "choices.py",
    "support.py",
    "toolconfig.py",
    "media.py",
    "pixels.py",
    "cachepoints.py",
    "reasoning.py",
    "formats.py",
    "schemas.py",
    "completions.py",
    "ending.py",
    "embeddings.py",
    "eventdata.py",
    "makers.py",
    "metrics.py",
    "files/form.py",
    "files/file.py",
    *(f"responses/{name}.py" for name in ("chats", "events", "history", "items", "output", "request", "response")),
    *(f"responses/{name}.py" for name in ("passing", "thoughts", "toolbox")),
    "messages/chat.py",
    "messages/errors.py",
    "messages/events.py",
    "messages/history.py",
    "messages/marks.py",
    "messages/owntools.py",
    "messages/params.py",
    "messages/reply.py",
    "messages/request.py",
    "messages/thinking.py",
    "names.py",
    "refusal.py",
    "tokens.py",
    "unseen.py",
]
PURE = {
    "array",
    "base64",
    "binascii",
    "collections.abc",
    "contextlib",
    "dataclasses",
    "copy",
    "fnmatch",
    "functools",
    "hashlib",
    "itertools",
    "json",
    "math",
    "pennyworth.body",
    "pennyworth.errors",
    "pydantic",
    "pydantic_core",
    "re",
    "struct",
    "typing",
    "urllib.parse",
}
PURE |= {
    f"services.openai.{name}"
    for name in (
        "cachepoints",
        "caching",
        "catalogue",
        "chat",
        "conversation",
        "converse",
        "embeddings",
        "ending",
        "eventdata",
        "formats",
        "media",
        "pixels",
        "messages.events",
        "messages.history",
        "messages.marks",
        "messages.owntools",
        "messages.params",
        "messages.reply",
        "messages.request",
        "messages.thinking",
        "names",
        "reasoning",
        "refusal",
        *(f"responses.{name}" for name in ("history", "items", "output", "request", "response", "thoughts", "toolbox")),
        "schemas",
        "strict",
        "support",
        "toolconfig",
        "tools",
        "turns",
        "vocabulary",
    )
}

SOURCES = [path for folder in MAY_IMPORT for path in (ROOT / folder).rglob("*.py")]


def imports(path):
    """Every module the file names in an import, wherever it stands."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide who imports whom"
            yield node.module


def allowed(path):
    folder = max((folder for folder in MAY_IMPORT if path.is_relative_to(ROOT / folder)), key=len)
    return MAY_IMPORT[folder]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_one_way(path):
    for module in imports(path):
        if module.split(".")[0] in OURS:
            assert any(
                f"{module}.".startswith(f"{prefix}.") or module == prefix.split(".")[0] == "services"
                for prefix in allowed(path)
            ), module


@pytest.mark.parametrize(
    "path",
    [path for path in SOURCES if path.is_relative_to(ROOT / "services") or path.is_relative_to(ROOT / "shared")],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_what_runs_in_lambda_imports_what_the_layer_holds(path):
    for module in imports(path):
        top = module.split(".")[0]
        assert top in OURS or top in LIBRARIES or top in sys.stdlib_module_names, module
        if top in ("boto3", "botocore"):
            assert str(path.relative_to(ROOT)) in BOTO3, f"{module} outside the named edge modules"


@pytest.mark.parametrize("name", TRANSLATION)
def test_translation_is_pure(name):
    assert set(imports(ROOT / "services" / "openai" / name)) <= PURE


# Modules that cost tens of milliseconds, or have no business before the first request. (Powertools names itself to
# botocore, whose bare package costs half of one.)
HEAVY = {
    "boto3",
    "botocore.session",
    "botocore.client",
    "requests",
    "urllib3",
    "jwt",
    "cryptography",
    "aws_xray_sdk",
    "yaml",
    "http.server",
}


@pytest.mark.parametrize(
    ("module", "also_kept_out"),
    [
        (
            "services.openai.app",
            {
                "concurrent.futures.thread",
                "pennyworth.aws.s3",
                "services.openai.files.file",
                "services.openai.completions",
                "services.openai.makers",
                "services.openai.providers.upstream",
                "services.openai.messages.params",
                "services.openai.responses.request",
            },
        ),
        ("services.mcp.app", {"services.mcp.upstream", "services.mcp.upstream.servers"}),
        ("pennyworth.authorizer", {"pydantic"}),
        ("services.admin.app", set()),
        ("services.admin.ledger.app", {"pydantic"}),
    ],
)
def test_importing_a_lambda_loads_nothing_heavy(module, also_kept_out):
    code = f"import sys; import {module}; print(*sys.modules)"
    environment = {"PYTHONPATH": f"{ROOT}:{ROOT / 'shared'}", "POWERTOOLS_SERVICE_NAME": "test"}
    shown = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert sorted((HEAVY | also_kept_out) & set(shown.stdout.split())) == []
