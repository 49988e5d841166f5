"""Releases as Lambda keeps them: published versions of the functions that were deployed together."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tools.ops.errors import OpsError
from tools.ops.sources import short

ALIAS = "live"
_SHA_PREFIX = re.compile(r"[0-9a-f]{4,40}(-dirty)?")


@dataclass(frozen=True, slots=True)
class Published:
    """A published version of one function."""

    number: int
    version: str  # Pennyworth's
    git_sha: str

    @property
    def label(self) -> str:
        return f"{self.version} ({short(self.git_sha)})"


@dataclass(frozen=True, slots=True)
class Function:
    key: str
    name: str
    published: tuple[Published, ...]  # the newest first
    live: str  # the version its alias points to
    weights: Mapping[str, float]  # a canary's: version → share of the requests
    revision: str  # of the alias: a change is refused when somebody else made one meanwhile

    def label(self, number: str) -> str:
        found = (each.label for each in self.published if str(each.number) == number)
        return f"{number:>4}  {next(found, 'not published any more')}"


@dataclass(frozen=True, slots=True)
class Release:
    version: str
    git_sha: str
    numbers: Mapping[str, int]  # function's key → its newest version of this release

    @property
    def label(self) -> str:
        return f"{self.version} ({short(self.git_sha)})"

    def is_live(self, functions: list[Function]) -> bool:
        return all(each.live == str(self.numbers[each.key]) and not each.weights for each in functions)


def read(client: Any, names: Mapping[str, str]) -> list[Function]:
    """The functions of an environment, by key and name. Raises OpsError when one is not deployed."""
    return [_function(client, key, name) for key, name in names.items()]


def complete(functions: list[Function]) -> list[Release]:
    """The releases that every function has a version of, the newest first."""
    of_each = [{(each.version, each.git_sha): each.number for each in reversed(f.published)} for f in functions]
    newest = sorted(of_each[0].items(), key=lambda item: -item[1])
    return [
        Release(*name, {f.key: versions[name] for f, versions in zip(functions, of_each, strict=True)})
        for name, _ in newest
        if all(name in versions for versions in of_each)
    ]


def matching(releases: list[Release], wanted: str) -> Release:
    """The newest whose version, or the beginning of whose commit, is `wanted`. Raises OpsError and names all."""
    wanted_sha = wanted.lower()
    for release in releases:
        is_commit = _SHA_PREFIX.fullmatch(wanted_sha) and release.git_sha.startswith(wanted_sha)
        if wanted.removeprefix("v") == release.version or is_commit or wanted == release.git_sha:
            return release
    there = ", ".join(release.label for release in releases) or "none"
    raise OpsError(f"No release '{wanted}' is there to go back to. Published by all functions: {there}.")


def _function(client: Any, key: str, name: str) -> Function:
    try:
        live = aim(client, name)
        pages = client.get_paginator("list_versions_by_function").paginate(FunctionName=name)
        versions = [version for page in pages for version in page["Versions"] if version["Version"] != "$LATEST"]
    except client.exceptions.ResourceNotFoundException:
        raise OpsError(f"There is no function {name} with an alias '{ALIAS}': is this environment deployed?") from None
    published = sorted((_published(each) for each in versions), key=lambda each: -each.number)
    return Function(key, name, tuple(published), *live)


def aim(client: Any, name: str) -> tuple[str, Mapping[str, float], str]:
    """A function's alias: `live`, `weights` and `revision` of Function."""
    alias = client.get_alias(FunctionName=name, Name=ALIAS)
    weights = (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
    return alias["FunctionVersion"], weights, alias.get("RevisionId", "")


def _published(version: Mapping[str, Any]) -> Published:
    variables = version.get("Environment", {}).get("Variables", {})
    return Published(int(version["Version"]), variables.get("VERSION", "?"), variables.get("GIT_SHA", "unknown"))
