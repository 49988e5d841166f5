"""Several sources seen as one server: what there is for a caller, under which name, and whose it is.

Everything a client lists and everything it calls is found here and passes the same question, so what is hidden from a
list cannot be called either: it is unknown.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.mcp.source import Changing, Object, Source

KEY = {"tools": "name", "prompts": "name", "resources": "uri", "templates": "uriTemplate"}  # what names an object
_PREFIXED = frozenset({"tools", "prompts"})  # a URI stays what it is: clients build it from templates

Report = Callable[[str, Exception], None]  # told of a source that could not be listed, by its name

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")  # of a URI, RFC 3986 section 3.1
_EXPRESSION = re.compile(r"\{[^{}]*\}")  # of a URI template, RFC 6570


@dataclass(frozen=True, slots=True)
class Entry:
    source: Source
    own: str  # its name or URI at its source
    name: str  # the same as clients of this address know it
    object: Object  # as its source describes it

    @property
    def place(self) -> tuple[str, str]:
        """Where it stands in a list: ours first, then source by source."""
        return (self.source.name, self.own)


class Silent(Exception):  # noqa: N818 -- a state of the other side's, not a mistake
    """A source could not say what it has, so nobody knows whether it has what was asked for."""

    def __init__(self, source: str) -> None:
        super().__init__(f"The server '{source}' does not answer at the moment. Try again later.")


def _nothing(_kind: str) -> None:
    """What there is to do before sources at hand are listed."""


@dataclass(frozen=True, slots=True)
class Aggregate:
    sources: Sequence[Source]  # of different names
    report: Report
    prefixed: bool = True  # False at /mcp/{server}, where one source has its own names
    ahead: Callable[[str], None] = _nothing  # told of the kind before all are listed: far ones can be asked at once

    def entries(self, kind: str) -> list[Entry]:
        """All that the caller may see of a kind, in order. Of two under one name, the first is the one there is."""
        found: dict[str, Entry] = {}
        for entry in sorted(self._all(kind), key=lambda entry: entry.place):
            found.setdefault(entry.name, entry)
        return list(found.values())

    def ttl_ms(self, kind: str) -> int | None:
        """How long the list may be kept, as far as a source limits that."""
        return min((source.ttl_ms(kind) for source in self.sources if isinstance(source, Changing)), default=None)

    def entry(self, kind: str, name: str) -> Entry | None:
        """What the caller may see under a name. Raises Silent where only a source that does not answer may have it."""
        silent: Silent | None = None
        if kind not in _PREFIXED:  # any source may have it
            self.ahead(kind)
        for source in sorted(self.sources, key=lambda source: source.name):
            own = self._own(kind, source, name)
            if own is None or not source.allows(own):
                continue
            try:
                for item in _listed(source, kind):
                    if item[KEY[kind]] == own:
                        return Entry(source, own, name, item)
            except Exception as error:
                self.report(source.name, error)
                if kind in _PREFIXED:  # a name leads to one source; a URI, to any
                    silent = Silent(source.name)
        if silent:
            raise silent
        return None

    def reader(self, uri: str) -> Entry | None:
        """Who has a resource: whoever lists it, else whoever's template says most of it; the first of equals.

        A template that names no scheme would take the reads of everybody else's resources, and leads nowhere.
        Tools may link to resources that no list has. A server that is asked alone is therefore asked in any case.
        """
        if found := self.entry("resources", uri):
            return found
        fitting = [entry for entry in self.entries("templates") if fits(uri, entry.own)]
        if own := [entry for entry in fitting if _SCHEME.match(entry.own)]:
            closest = max(own, key=lambda entry: _fixed(entry.own))
            return Entry(closest.source, uri, uri, closest.object)
        if not self.prefixed and self.sources and self.sources[0].allows(uri):
            return Entry(self.sources[0], uri, uri, {"uri": uri})
        return None

    def _all(self, kind: str) -> Iterator[Entry]:
        self.ahead(kind)
        for source in self.sources:
            try:
                items = list(_listed(source, kind))
            except Exception as error:  # one that fails must not take the others with it, whatever its failure is
                self.report(source.name, error)
                continue
            for item in items:
                own = item[KEY[kind]]
                if source.allows(own):
                    yield Entry(source, own, self._name(kind, source, own), item)

    def _name(self, kind: str, source: Source, own: str) -> str:
        """The name as clients of this address know it."""
        return f"{source.name}_{own}" if self.prefixed and kind in _PREFIXED and source.name else own

    def _own(self, kind: str, source: Source, name: str) -> str | None:
        """A name as the source itself knows it; None if no name of the source's can read so."""
        if not self.prefixed or kind not in _PREFIXED or not source.name:
            return name
        prefix = f"{source.name}_"
        return name[len(prefix) :] if name.startswith(prefix) else None


def _listed(source: Source, kind: str) -> Iterator[Mapping[str, Any]]:
    """Raises what listing raises. An object without its name is no object."""
    for item in getattr(source, kind)():
        if isinstance(item.get(KEY[kind]), str):
            yield item


def fits(uri: str, template: str) -> bool:
    """Whether a URI can come from a template: the template's fixed parts stand in it in their order.

    That is enough to find whom to ask, and takes the time of a search however a template of someone else's is written.
    """
    first, *parts = _EXPRESSION.split(template)
    if not parts:
        return uri == template
    last = parts.pop()
    if not uri.startswith(first) or not uri.endswith(last) or len(uri) < len(first) + len(last):
        return False
    at, end = len(first), len(uri) - len(last)
    for part in parts:
        found = uri.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True


def _fixed(template: str) -> tuple[int, int]:
    """How many characters of it stand fast: before its first expression, and in all."""
    first, *others = _EXPRESSION.split(template)
    return len(first), sum(map(len, others))
