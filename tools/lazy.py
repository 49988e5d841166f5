"""Packages whose `__init__` imports all they offer, made to import what is asked for (PEP 562).

Importing Powertools' REST resolver imports its GraphQL, agent and load-balancer resolvers and the classes of every
event source too: a fifth of the openai function's cold start, for nothing.
"""

import ast
from pathlib import Path

# Below the layer's `python`. Each must only re-export: what else its `__init__` does stays as it is.
LAZY = (
    "aws_lambda_powertools",
    "aws_lambda_powertools/event_handler",
    "aws_lambda_powertools/event_handler/openapi",
    "aws_lambda_powertools/utilities/data_classes",
)

_GETATTR = '''
_LAZY = {lazy!r}


def __getattr__(name):
    """Import a name when it is first asked for."""
    from importlib import import_module

    if name not in _LAZY:
        raise AttributeError(f"module {{__name__!r}} has no attribute {{name!r}}")
    module, original = _LAZY[name]
    globals()[name] = value = getattr(import_module(module, __name__), original)
    return value
'''


def make_lazy(python: Path) -> None:
    """Rewrite the packages of LAZY in a folder of installed packages."""
    for package in LAZY:
        init = python / package / "__init__.py"
        if init.exists():
            init.write_text(lazy(init.read_text(encoding="utf-8")), encoding="utf-8")


def lazy(source: str) -> str:
    """The source of an `__init__` with its re-exports deferred. Imports whose names it uses itself stay."""
    tree = ast.parse(source)
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    deferred: dict[str, tuple[str, str]] = {}
    kept: list[ast.stmt] = []
    for statement in tree.body:
        if not isinstance(statement, ast.ImportFrom) or statement.module == "__future__":
            kept.append(statement)
            continue
        module = "." * statement.level + (statement.module or "")
        names = {alias.asname or alias.name: alias.name for alias in statement.names}
        if used & names.keys() or "*" in names:
            kept.append(statement)
        else:
            deferred |= {name: (module, original) for name, original in names.items()}
    return ast.unparse(ast.Module(kept, [])) + "\n" + _GETATTR.format(lazy=deferred)
