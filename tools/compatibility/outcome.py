"""What a parameter does with a model: found by a request with it and one without."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tools.compatibility.recorder import Recorder
from tools.compatibility.trial import PREVIOUS, Request, Seen

WORKS, IDLE, REFUSED = "yes", "idle", "no"


@dataclass(frozen=True)
class Sample:
    """A parameter given a telling value, beside what it needs to stand beside."""

    parameter: str
    value: Any
    label: str = ""  # where a parameter has several
    beside: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"{self.parameter}: {self.label}" if self.label else self.parameter


class Unclear(Exception):  # noqa: N818 -- what the page says when it cannot say
    """A sample that shows nothing: refused for another reason than itself, or failed."""


def outcome(path: str, model: str, base: dict[str, Any], sample: Sample, reads: tuple[str, ...] = ()) -> str:
    """`reads`: the parts of an answer that count. Raises Unclear."""
    recorder = Recorder()
    beside = {"model": model, **base, **sample.beside}
    without = Request(path, beside, reads).seen(recorder)
    value = without.id if sample.value == PREVIOUS else sample.value
    given = Request(path, {**beside, sample.parameter: value}, reads).seen(recorder)
    if given.status == 400:
        return _refused(given, without, sample, model)
    if given.status != 200:
        raise Unclear(f"{path}, {model}, {sample.name}: {given.status} {given.error}")
    return WORKS if (given.calls, given.answer) != (without.calls, without.answer) else IDLE


def _refused(given: Seen, without: Seen, sample: Sample, model: str) -> str:
    named = str(given.error.get("param") or given.error.get("message"))
    if without.status == 400 and without.error == given.error:
        return REFUSED  # what it stands beside is refused already
    if not named.startswith((sample.parameter, *sample.beside)) and sample.parameter not in named:
        raise Unclear(f"{sample.name}, {model}: refused for {named}: {given.error}")
    return REFUSED


def samples(rows: list[dict[str, Any]]) -> Iterator[Sample]:
    return (Sample(**row) for row in rows)
