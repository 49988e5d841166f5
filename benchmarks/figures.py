"""The figures: what each says, its budget, and how they are shown and kept."""

import json
import platform
import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """What is measured. A figure holds while its median is within its budget; without one it is for reading only."""

    name: str
    meaning: str
    budget: float | None = None


FIGURES = (
    Figure("chat_cpu_ratio", "CPU of a chat / of boto3's converse", 0.9),
    Figure("stream_cpu_ratio", "CPU of a chat streamed in 64 deltas / of boto3's converse_stream", 0.8),
    Figure("cold_start_ratio", "process start to first answer / a bare boto3 script's converse", 0.9),
    Figure("authorizer_cold_ratio", "the authorizer, likewise / a bare boto3 script's same reads", 0.8),
    Figure("mcp_cold_ratio", "process start to a first tools/list / to Powertools imported", 1.8),
    Figure("rss_mb", "resident memory of the warm openai function, MiB", 65),
    Figure("layer_mb", "layer.zip, MiB"),
    Figure("openai_zip_mb", "openai.zip, MiB"),
    Figure("cold_start_as_user_ratio", "as cold_start_ratio / a boto3 script that takes the user's role first"),
    Figure("chat_cpu_ms", "CPU of a chat, ms"),
    Figure("boto3_chat_cpu_ms", "CPU of boto3's converse, ms"),
    Figure("stream_cpu_ms", "CPU of a streamed chat, ms"),
    Figure("boto3_stream_cpu_ms", "CPU of boto3's converse_stream, ms"),
    Figure("cold_start_ms", "process start to first answer, ms"),
    Figure("boto3_cold_start_ms", "the same of the boto3 script, ms"),
    Figure("authorizer_cold_ms", "process start to first decision, ms"),
    Figure("boto3_authorizer_cold_ms", "the same of the boto3 script, ms"),
    Figure("mcp_cold_ms", "process start to a first tools/list answered, ms"),
    Figure("powertools_cold_ms", "process start to Powertools imported, ms"),
    Figure("boto3_rss_mb", "resident memory of the warm boto3 script, MiB"),
)


@dataclass(frozen=True, slots=True)
class Result:
    figure: Figure
    samples: tuple[float, ...]  # one a round

    @property
    def value(self) -> float:
        return statistics.median(self.samples)

    @property
    def holds(self) -> bool | None:
        """None without a budget."""
        return None if self.figure.budget is None else self.value <= self.figure.budget


def results(samples: Mapping[str, Iterable[float]]) -> list[Result]:
    """In the order of FIGURES. Raises KeyError for a figure that was not measured."""
    return [Result(figure, tuple(samples[figure.name])) for figure in FIGURES]


def table(found: Iterable[Result]) -> str:
    lines = [f"{'figure':25} {'median':>8} {'min':>8} {'max':>8} {'budget':>7}  holds"]
    for each in found:
        budget = "" if each.figure.budget is None else f"{each.figure.budget:g}"
        verdict = {None: "", True: "yes", False: "NO"}[each.holds]
        numbers = f"{each.value:8.3f} {min(each.samples):8.3f} {max(each.samples):8.3f}"
        lines.append(f"{each.figure.name:25} {numbers} {budget:>7}  {verdict:5}  {each.figure.meaning}".rstrip())
    return "\n".join(lines)


def document(found: Iterable[Result], date: str) -> dict[str, Any]:
    """What latest.json holds: every figure's median by its name, and beside them what it takes to judge them."""
    found = list(found)
    return {
        **{each.figure.name: _rounded(each.value) for each in found},
        "date": date,
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        "holds": all(each.holds is not False for each in found),
        "budgets": {each.figure.name: each.figure.budget for each in found if each.figure.budget is not None},
        "range": {each.figure.name: [_rounded(min(each.samples)), _rounded(max(each.samples))] for each in found},
        "rounds": {each.figure.name: len(each.samples) for each in found},
    }


def write(found: Iterable[Result], date: str, file: Path) -> None:
    file.write_text(json.dumps(document(found, date), indent=2) + "\n", encoding="utf-8")


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")
