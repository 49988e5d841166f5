"""The tools of POST /chat/completions, and how they may be chosen."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, StringConstraints, model_validator

from services.openai.caching import Marked
from services.openai.strict import STRICT

FunctionName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class Function(BaseModel):
    model_config = STRICT
    name: FunctionName
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class Tool(Marked):
    model_config = STRICT
    type: Literal["function"]
    function: Function


class NamedFunction(BaseModel):
    model_config = STRICT
    name: FunctionName


class _Choice(BaseModel):
    model_config = STRICT
    type: Literal["none", "auto", "required", "function"]
    function: NamedFunction | None = None

    @model_validator(mode="after")
    def named(self) -> "_Choice":
        if (self.type == "function") != (self.function is not None):
            raise ValueError("a function is named with type 'function' and only with it")
        return self


def _object(choice: object) -> object:
    return {"type": choice} if isinstance(choice, str) else choice


ToolChoice = Annotated[_Choice, BeforeValidator(_object)]
