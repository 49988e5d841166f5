"""The contract's paths as API Gateway's resource tree: a name goes before {one}, {one} before {all+}."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

# In the order Allow headers name them; terraform/modules/api/body.tf lists the same.
METHODS = ("get", "post", "put", "patch", "delete", "head", "options")


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of a resource."""

    method: str
    resource: str  # as the contract writes it: /models/{model}
    service: str
    auth: str  # none, cognito, gateway, anthropic


@dataclass(frozen=True, slots=True)
class Resource:
    path: str
    operations: Mapping[str, Operation]  # by method

    @property
    def methods(self) -> list[str]:
        """What the resource answers, the preflight included."""
        return [*self.operations, *(() if "OPTIONS" in self.operations else ("OPTIONS",))]


@dataclass(slots=True)
class _Node:
    names: dict[str, "_Node"] = field(default_factory=dict)
    one: tuple[str, "_Node"] | None = None
    all: tuple[str, Resource] | None = None
    resource: Resource | None = None


class Routes:
    """Raises ValueError for an operation that does not say who serves it and who may call it."""

    def __init__(self, contract: Mapping[str, Any]) -> None:
        self.base_path: str = contract.get("servers", [{"url": "/"}])[0]["url"].rstrip("/")
        self._root = _Node()
        self.services: set[str] = set()
        for path, item in contract["paths"].items():
            self._add(Resource(path, dict(_operations(path, item))))

    def find(self, raw_path: str) -> tuple[Resource, dict[str, str]] | None:
        """The resource a path names, still percent-encoded, with its parameters decoded. None for an unknown path."""
        if not raw_path.startswith(self.base_path + "/"):
            return None
        segments = raw_path[len(self.base_path) + 1 :].split("/")
        return _match(self._root, segments, {})

    def _add(self, resource: Resource) -> None:
        self.services.update(operation.service for operation in resource.operations.values())
        node = self._root
        for segment in resource.path.strip("/").split("/"):
            if not segment.startswith("{"):
                node = node.names.setdefault(segment, _Node())
            elif segment.endswith("+}"):
                node.all = (segment[1:-2], resource)
                return
            else:
                node.one = node.one or (segment[1:-1], _Node())
                node = node.one[1]
        node.resource = resource


def _operations(path: str, item: Mapping[str, Any]) -> Iterator[tuple[str, Operation]]:
    for method in METHODS:
        if method not in item:
            continue
        own = item[method].get("x-pennyworth", {})
        if own.get("auth") not in ("none", "cognito", "gateway", "anthropic") or not own.get("service"):
            raise ValueError(f"{method.upper()} {path}: x-pennyworth must name a service and an auth")
        yield method.upper(), Operation(method.upper(), path, own["service"], own["auth"])


def _match(node: _Node, segments: list[str], found: dict[str, str]) -> tuple[Resource, dict[str, str]] | None:
    if not segments:
        return (node.resource, found) if node.resource else None
    head, rest = segments[0], segments[1:]
    if (child := node.names.get(unquote(head))) and (match := _match(child, rest, found)):
        return match
    if head and node.one:
        name, child = node.one
        if match := _match(child, rest, {**found, name: unquote(head)}):
            return match
    if head and node.all:
        name, resource = node.all
        return resource, {**found, name: unquote("/".join(segments))}
    return None
