"""The page: a table for each endpoint, a column for all models alike, a row for each sample."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

from services.openai.catalogue import catalogue
from tools.compatibility.outcome import IDLE, REFUSED, WORKS, Sample, outcome, samples
from tools.compatibility.trial import PROVIDER

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "compatibility.md"
SAMPLES: dict[str, dict[str, Any]] = json.loads(Path(__file__).with_name("samples.json").read_text())
_CELLS = {WORKS: "yes", IDLE: "taken", REFUSED: "400"}
_HEAD = """# Compatibility

What each endpoint and each parameter does, model by model. This page is generated (`make docs`) by sending every one of
them through the function and looking at what reaches the provider; the tests hold it to that.

- **yes**: it changes what the model is asked, or how the answer is given.
- **taken**: it changes nothing: a hint, a promise that is kept anyway, or one that this model cannot keep and
  its answers are to be checked for (`strict`).
- **400**: refused, with an error that names it and says what to do.

Of the models of OpenAI-compatible providers, and those that Bedrock itself serves in OpenAI's format ({native}),
**yes** means that it goes on to them as it came, or in a chat what it means there: what becomes of it is the
provider's to say.
"""
_NATIVE = "native"  # the catalogue's word for the latter


def page() -> str:
    """The whole page, as Markdown."""
    native = ", ".join(name for name, model in catalogue().models.items() if model.api == _NATIVE)
    parts = [
        _HEAD.format(native=native),
        "## Endpoints\n",
        _table(("Endpoint", "What it does", "Answered by"), _endpoints()),
    ]
    for path, endpoint in SAMPLES.items():
        parts += [f"## POST {path}\n", *_measured(path, endpoint)]
    return "\n".join(parts)


def _endpoints() -> Iterator[tuple[str, ...]]:
    contract = yaml.safe_load((ROOT / "openapi.yaml").read_text())
    for path, operations in contract["paths"].items():
        for method, operation in operations.items():
            if method in ("get", "post", "put", "patch", "delete"):
                yield f"`{method.upper()} {path}`", operation["summary"], operation["x-pennyworth"]["service"]


def _measured(path: str, endpoint: dict[str, Any]) -> Iterator[str]:
    rows = list(samples(endpoint["samples"]))
    reads = tuple(endpoint.get("answer", ()))
    alike: dict[tuple[str, ...], list[str]] = {}
    here = (m.name for m in catalogue().models.values() if m.kind == endpoint["kind"] and m.api != _NATIVE)
    for name, shown in ((f"{PROVIDER}/m", "models in OpenAI's format"), *((name, name) for name in here)):
        found = tuple(_CELLS[outcome(path, name, endpoint["base"], sample, reads)] for sample in rows)
        alike.setdefault(found, []).append(shown)
    names = ["ABCDEFGHIJKLMNOPQRSTUVWXYZ"[number] for number in range(len(alike))]
    for name, together in zip(names, alike.values(), strict=True):
        yield f"- **{name}**: {', '.join(together)}"
    yield ""
    yield _table(("Parameter", *names), _rows(rows, list(alike)))


def _rows(rows: list[Sample], columns: list[tuple[str, ...]]) -> Iterator[tuple[str, ...]]:
    for number, sample in enumerate(rows):
        label = f"`{sample.parameter}`" + (f": {sample.label}" if sample.label else "")
        yield (label, *(column[number] for column in columns))


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"
