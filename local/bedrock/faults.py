"""Misbehaviour on request."""

from dataclasses import dataclass, field
from typing import Any

from local.bedrock.errors import AwsError
from local.bedrock.service import CHAT, STREAMED, operation, service, statuses, stream_exceptions

OPERATIONS = {
    *("Converse", "ConverseStream", "InvokeModel", "InvokeModelWithResponseStream", "ApplyGuardrail", "CountTokens"),
    CHAT,
    *("ListFoundationModels", "GetFoundationModel", "ListInferenceProfiles", "GetInferenceProfile"),
    "CreateInferenceProfile",
}
BREAKS = {"cut", "corrupt"}  # faults of the connection rather than answers


@dataclass
class Fault:
    """What goes wrong with the next `times` matching requests (null: with all).

    `error` is the name of an exception, `cut` (the connection is dropped) or `corrupt` (one frame's CRC is wrong).
    With `after_events` a stream begins well and breaks after that many events. `delay_s` passes before the answer,
    `token_delay_s` before each event. `redact_reasoning` and `stop_reason` change an otherwise good answer.
    """

    operation: str | None = None
    model: str | None = None
    error: str | None = None
    message: str | None = None
    times: int | None = 1
    after_events: int | None = None
    delay_s: float = 0
    token_delay_s: float = 0
    redact_reasoning: bool = False
    stop_reason: str | None = None

    def __post_init__(self) -> None:
        if self.error == "corrupt" and self.after_events is None:
            self.after_events = 0

    @property
    def breaks_streams(self) -> bool:
        return self.error is not None and self.after_events is not None

    def fits(self, operation_name: str, models: set[str]) -> bool:
        if self.operation not in (None, operation_name) or not (self.model is None or self.model in models):
            return False
        if not self.breaks_streams:
            return True
        return operation_name in STREAMED and (self.error in BREAKS or self.error in stream_exceptions(operation_name))

    def answer(self) -> AwsError:
        assert self.error is not None
        message = self.message or f"Simulated: {self.error} was asked for."
        return AwsError(self.error, message, statuses()[self.error])


NONE = Fault()


def fault(wish: Any) -> Fault:
    """A fault from a JSON object; ValueError says what is wrong with the wish."""
    if not isinstance(wish, dict):
        raise ValueError("a fault is a JSON object")  # noqa: TRY004 (every refused wish is a ValueError)
    if unknown := sorted(wish.keys() - Fault.__dataclass_fields__.keys()):
        raise ValueError(f"unknown fields: {', '.join(unknown)}")
    wished = Fault(**wish)
    check_numbers(wished)
    if wished.operation not in (None, *OPERATIONS):
        raise ValueError(f"unknown operation; known are {', '.join(sorted(OPERATIONS))}")
    reasons = service("bedrock-runtime").shape_for("StopReason").enum
    if wished.stop_reason not in (None, *reasons):
        raise ValueError(f"stop_reason is one of {', '.join(reasons)}")
    check_error(wished)
    return wished


def check_numbers(wished: Fault) -> None:
    for name in ("times", "after_events", "delay_s", "token_delay_s"):
        value = getattr(wished, name)
        whole = name in ("times", "after_events")
        if value is None and whole:
            continue
        if isinstance(value, bool) or not isinstance(value, int if whole else int | float) or value < 0:
            raise ValueError(f"{name} is a number, not negative")


def check_error(wished: Fault) -> None:
    if wished.error is None or wished.error in BREAKS:
        return
    if wished.error not in statuses():
        raise ValueError(f"unknown error; known are cut, corrupt, {', '.join(sorted(statuses()))}")
    if wished.breaks_streams:
        streams = [wished.operation] if wished.operation else sorted(STREAMED)
        if not any(name in STREAMED and wished.error in stream_exceptions(name) for name in streams):
            raise ValueError(f"{wished.error} cannot break a stream of {' or '.join(streams)}")
    elif wished.operation and wished.operation in runtime_operations():
        declared = {shape.name for shape in operation(wished.operation).error_shapes}
        modelled = {shape.name for shape in service("bedrock-runtime").error_shapes}
        if wished.error in modelled - declared:
            raise ValueError(f"{wished.operation} never answers {wished.error}")


def runtime_operations() -> set[str]:
    return OPERATIONS & set(service("bedrock-runtime").operation_names)


@dataclass
class Faults:
    waiting: list[Fault] = field(default_factory=list)

    def take(self, operation_name: str, models: set[str]) -> Fault:
        """The first fault that fits, one time less; NONE when all is well."""
        for one in self.waiting:
            if not one.fits(operation_name, models):
                continue
            if one.times is not None:
                one.times -= 1
                if one.times <= 0:
                    self.waiting.remove(one)
            return one
        return NONE
