"""`rollback`: every function's alias back to an earlier release, all of them or none.

It asks Lambda alone: in trouble it works without Terraform, its state and its lock.
"""

import json
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from tools.ops import account, releases
from tools.ops.environment import Environment
from tools.ops.errors import OpsError
from tools.ops.releases import ALIAS, Function, Release


def rollback(environment: Environment, wanted: str) -> int:
    """Point the aliases to a release; list them when none is wanted. Raises OpsError with nothing moved."""
    name = environment.name
    client = account.of(environment).client("lambda")
    functions = releases.read(client, _names(environment))
    there = releases.complete(functions)
    if not wanted:
        _list(functions, there, name)
        return 0
    release = releases.matching(there, wanted)
    if release.is_live(functions):
        print(f"{release.label} is what is live in {name}: nothing to move.")
        return 0
    move(client, functions, release)
    _report(functions, release, name)
    return 0


def move(client: Any, functions: list[Function], release: Release) -> None:
    """Raises OpsError when one alias cannot be moved; the others are back where they were then."""
    moved: list[Function] = []
    try:
        for function in functions:
            moved.append(function)  # before the call: one that failed may still have arrived
            _point(client, function, str(release.numbers[function.key]), {}, function.revision)
    except (ClientError, BotoCoreError, KeyboardInterrupt) as error:
        stuck = [each.name for each in moved if not _restored(client, each)]
        what = f"and these aliases could not be put back: {', '.join(stuck)}" if stuck else "nothing has changed"
        raise OpsError(f"{moved[-1].name} cannot be moved ({error or 'interrupted'}); {what}.") from None


def _restored(client: Any, function: Function) -> bool:
    try:
        if releases.aim(client, function.name)[:2] != (function.live, function.weights):
            _point(client, function, function.live, function.weights)
    except (ClientError, BotoCoreError):
        return False
    return True


def _point(client: Any, function: Function, version: str, weights: Any, revision: str = "") -> None:
    wanted = {"FunctionVersion": version, "RoutingConfig": {"AdditionalVersionWeights": dict(weights)}}
    if revision:
        wanted["RevisionId"] = revision
    client.update_alias(FunctionName=function.name, Name=ALIAS, **wanted)


def _names(environment: Environment) -> dict[str, str]:
    keys = json.loads((environment.root / "terraform/functions.json").read_text(encoding="utf-8"))
    return {key: f"{environment.prefix}-{key}" for key in keys}


def _list(functions: list[Function], there: list[Release], name: str) -> None:
    if not there:
        print(f"No release is published by all functions of {name}.")
    for release in there:
        numbers = ", ".join(f"{key} {number}" for key, number in release.numbers.items())
        print(f"{'*' if release.is_live(functions) else ' '} {release.version:12} {release.git_sha:48} {numbers}")
    print(f"* is live. To move: make rollback ENV={name} VERSION=… (a version, or the beginning of a commit)")


def _report(functions: list[Function], release: Release, name: str) -> None:
    print(f"{'function':12} {'before':32} after")
    for function in functions:
        before = function.label(function.live) + "".join(f" + {v}: {w:.0%}" for v, w in function.weights.items())
        print(f"{function.key:12} {before:32} {function.label(str(release.numbers[function.key]))}")
    print(f"{release.label} is live in {name}. The next `make deploy ENV={name}` moves forward again.")
