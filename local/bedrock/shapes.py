"""A request's shape against botocore's service model: types, required members, lengths, ranges, enums and patterns.

botocore's own ParamValidator knows types, required and unknown members, unions and minima. Maxima, enums and patterns
are checked here, in the words AWS uses.
"""

import base64
import binascii
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape
from botocore.validate import ParamValidator

from local.bedrock.errors import AwsError, invalid

VALIDATOR = ParamValidator()
TYPES: dict[str, tuple[type, ...]] = {
    "structure": (dict,),
    "map": (dict,),
    "list": (list,),
    "string": (str,),
    "blob": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
}


def parsed(value: Any, shape: StructureShape) -> dict[str, Any]:
    """The members of a JSON body, nulls left out and blobs as bytes; AwsError for what does not fit `shape`."""
    members = read(value, shape)
    broken = list(constraints(members, shape, ""))
    if broken:
        noun = "error" if len(broken) == 1 else "errors"
        raise invalid(f"{len(broken)} validation {noun} detected: {'; '.join(broken)}")
    report = VALIDATOR.validate(members, shape)
    if report.has_errors():
        raise invalid(report.generate_report())
    return members


def read(value: Any, shape: Shape) -> Any:
    if is_document(shape):
        return value
    allowed = TYPES[shape.type_name]
    if not isinstance(value, allowed) or (isinstance(value, bool) and bool not in allowed):
        raise AwsError("SerializationException", f"Unexpected value for a {shape.type_name} ({shape.name})", 400)
    if isinstance(shape, StructureShape):
        # A member that the model lacks is kept: ParamValidator refuses it by name.
        return {
            name: read(member, shape.members[name]) if name in shape.members else member
            for name, member in value.items()
            if member is not None
        }
    if isinstance(shape, ListShape):
        return [read(item, shape.member) for item in value]
    if isinstance(shape, MapShape):
        return {key: read(item, shape.value) for key, item in value.items()}
    return decoded(value) if shape.type_name == "blob" else value


def decoded(blob: str) -> bytes:
    try:
        return base64.b64decode(blob, validate=True)
    except binascii.Error as error:
        raise AwsError("SerializationException", "A blob is not base64", 400) from error


def is_document(shape: Shape) -> bool:
    return isinstance(shape, StructureShape) and shape.is_document_type


def constraints(value: Any, shape: Shape, path: str) -> Iterator[str]:
    """Every constraint that does not hold, as AWS words it."""
    if is_document(shape):
        return
    yield from own_constraints(value, shape, path)
    if isinstance(shape, StructureShape):
        yield from required(value, shape, path)
        for name, member in value.items():
            if name in shape.members:
                yield from constraints(member, shape.members[name], joined(path, name))
    elif isinstance(shape, ListShape):
        for number, item in enumerate(value, 1):
            yield from constraints(item, shape.member, joined(path, f"{number}.member"))
    elif isinstance(shape, MapShape):
        for key, item in value.items():
            yield from constraints(key, shape.key, joined(path, f"{key}.key"))
            yield from constraints(item, shape.value, joined(path, f"{key}.value"))


def joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def required(value: dict[str, Any], shape: StructureShape, path: str) -> Iterator[str]:
    for name in shape.required_members:
        if name not in value:
            yield broken("null", joined(path, name), "Member must not be null")


def own_constraints(value: Any, shape: Shape, path: str) -> Iterator[str]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if isinstance(value, int | float) and not isinstance(value, bool):
        if low is not None and value < low:
            yield broken(value, path, f"Member must have value greater than or equal to {low}")
        if high is not None and value > high:
            yield broken(value, path, f"Member must have value less than or equal to {high}")
    elif isinstance(value, str | bytes | list | dict):
        if low is not None and len(value) < low:
            yield broken(value, path, f"Member must have length greater than or equal to {low}")
        if high is not None and len(value) > high:
            yield broken(value, path, f"Member must have length less than or equal to {high}")
    if isinstance(shape, StringShape):
        if shape.enum and value not in shape.enum:
            yield broken(value, path, f"Member must satisfy enum value set: [{', '.join(shape.enum)}]")
        pattern = shape.metadata.get("pattern")
        if pattern and not compiled(pattern).fullmatch(value):
            yield broken(value, path, f"Member must satisfy regular expression pattern: {pattern}")


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.ASCII)  # AWS's patterns are Java's, whose \s and \w know ASCII alone


def broken(value: Any, path: str, constraint: str) -> str:
    shown = "" if isinstance(value, bytes | list | dict) else " null" if value == "null" else f" '{value}'"
    return f"Value{shown} at '{path}' failed to satisfy constraint: {constraint}"
