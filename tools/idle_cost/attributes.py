"""A planned resource's attributes, with what is not known yet, and the values at a path in them. Pure."""

from typing import Any

UNKNOWN = "(known after apply)"  # Terraform's own words


def planned(change: dict[str, Any]) -> dict[str, Any]:
    """The attributes a change leads to; UNKNOWN where AWS decides."""
    return dict(_with_unknown(change["after"], change.get("after_unknown", {})))


def values(attributes: Any, path: str) -> list[Any]:
    """All values at a path such as `rule.action`: through every block of that name; none where nothing is set."""
    found = [attributes]
    for name in path.split("."):
        found = [value for block in found if isinstance(block, dict) for value in _flat(block.get(name))]
    return found


def _flat(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _with_unknown(after: Any, unknown: Any) -> Any:
    if unknown is True:
        return UNKNOWN
    if isinstance(unknown, dict):
        known = after or {}
        return {name: _with_unknown(known.get(name), unknown.get(name)) for name in {**known, **unknown}}
    if isinstance(unknown, list) and isinstance(after, list):
        padded = unknown + [None] * (len(after) - len(unknown))
        return [_with_unknown(*pair) for pair in zip(after, padded, strict=False)]
    return after
