"""`output`: what a deployed environment is reached by."""

from tools.ops.environment import Environment
from tools.ops.errors import OpsError
from tools.ops.workspace import opened


def output(environment: Environment, *, as_json: bool, name: str) -> int:
    """All values, or the one named as plain text. Raises OpsError when nothing is deployed."""
    workspace = opened(environment)
    there = workspace.deployed()
    if name and name not in there:
        raise OpsError(f"There is no output '{name}': {', '.join(sorted(there))}.")
    format_ = ["-json"] if as_json else ["-raw"] if name and isinstance(there[name], str) else []
    return workspace.terraform.show("output", *format_, *([name] if name else []))
