"""How every schema of a request is read: types as they are, no field unknown, nothing dropped silently."""

import binascii
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, ConfigDict
from pydantic_core import PydanticCustomError

# Built when first used: one within another is built with it, and a route may never be called in a process's life.
STRICT = ConfigDict(strict=True, extra="forbid", frozen=True, defer_build=True)


def nothing_but(*defaults: object, remedy: str = "Models on Bedrock do not take it. Leave it out.") -> BeforeValidator:
    """Of a parameter that nothing here can serve: taken as far as it asks for nothing."""

    def check(value: object) -> object:
        if value is None or value in defaults:
            return value
        raise PydanticCustomError("unsupported_parameter", "{remedy}", {"remedy": remedy})

    return BeforeValidator(check)


def _base64(data: str) -> str:
    try:
        binascii.a2b_base64(data, strict_mode=True)
    except ValueError:
        raise ValueError("is not base64") from None
    return data


Base64 = Annotated[str, AfterValidator(_base64)]
