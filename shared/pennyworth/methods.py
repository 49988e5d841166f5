"""What `dataclass` writes for the classes of a function, compiled when the function is built.

For each class it writes source and compiles that wherever the class is imported: a fifth of the openai function's
imports. The build keeps what it writes, as functions, beside the function's code (tools/methods.py). A class that it
has not met is compiled as ever.
"""

import dataclasses
from types import CodeType, FunctionType
from typing import Any

KNOWN: dict[str, CodeType]  # by source
try:
    from dataclass_methods import KNOWN  # type: ignore[import-not-found,no-redef]  # in what is built alone
except ImportError:
    KNOWN = {}


def run(source: str, scope: dict[str, Any], names: dict[str, Any]) -> None:
    """`exec`, as dataclasses calls it; with nothing to compile of a source that is known."""
    code = KNOWN.get(source)
    if code is None:
        exec(source, scope, names)  # noqa: S102 -- what dataclasses does
    else:
        names[code.co_name] = FunctionType(code, scope)


if KNOWN:
    dataclasses.exec = run  # type: ignore[attr-defined]  # in place of the builtin, which it looks up by name
