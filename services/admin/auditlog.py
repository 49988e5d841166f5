"""A record of the log as OpenAI's audit log shows it, and which records a query wants. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pennyworth.errors import Problem
from services.admin import query
from services.admin.query import Parameters
from services.admin.trail import Cursor, Record

_LISTS = ("actor_emails[]", "actor_ids[]", "event_types[]", "project_ids[]", "resource_ids[]")
_TIMES = ("effective_at[gt]", "effective_at[gte]", "effective_at[lt]", "effective_at[lte]")
_LONGEST_S = 253402300799  # the year 9999; beyond is a time in milliseconds

# What a line holds beside the details of what was done: ours, and the logger's own.
_FRAME = {
    "action",
    "actor",
    "target",
    "source_ip",
    "request_id",
    "level",
    "location",
    "message",
    "timestamp",
    "service",
}
_TRACED = {"xray_trace_id", "sampling_rate"}
# OpenAI knows no such type.
_TYPES = {"api_key.rotated": "api_key.updated"}
_GIVEN = {"created": "data", "added": "data", "sent": "data", "updated": "changes_requested"}


@dataclass(frozen=True, slots=True)
class Wanted:
    limit: int
    after: Cursor | None
    before: Cursor | None
    since_ms: int  # included
    until_ms: int  # included
    emails: tuple[str, ...]
    actors: frozenset[str]
    types: frozenset[str]
    resources: frozenset[str]
    nothing: bool  # another project's records, or another kind's: there are none

    def matches(self, line: Mapping[str, Any]) -> bool:
        """All but the actors' addresses, which the log does not hold."""
        return (
            (not self.actors or line["actor"] in self.actors)
            and (not self.types or _type(line) in self.types)
            and (not self.resources or not self.resources.isdisjoint(_resources(line)))
        )


def parse(parameters: Parameters, now: float) -> Wanted:
    """Raises Problem naming the parameter."""
    query.only(parameters, ("limit", "after", "before", "tenant_only", *_LISTS, *_TIMES))
    after, before = _cursor(parameters, "after"), _cursor(parameters, "before")
    if after and before:
        raise Problem("invalid_value", param="before", reason="it cannot go with after. Leave one of them out")
    gt, gte, lt, lte = (_seconds(parameters, name) for name in _TIMES)
    since = max((0 if gt is None else gt + 1), gte or 0)
    until = min(each for each in (int(now), None if lt is None else lt - 1, lte) if each is not None)
    projects = parameters.get("project_ids[]", ())
    tenant = query.choice(parameters, "tenant_only", ("false", "true")) == "true"
    return Wanted(
        limit=query.integer(parameters, "limit", query.LIMIT, query.MOST_ENTRIES),
        after=after,
        before=before,
        since_ms=since * 1000,
        until_ms=until * 1000 + 999,
        emails=query.emails(parameters, "actor_emails[]"),
        actors=frozenset(parameters.get("actor_ids[]", ())),
        types=frozenset(parameters.get("event_types[]", ())),
        resources=frozenset(parameters.get("resource_ids[]", ())),
        nothing=tenant or (bool(projects) and "default" not in projects),
    )


def shown(record: Record, email: str | None) -> dict[str, Any]:
    """OpenAI's AuditLog. `email`: the actor's address as it is now; None for one who is gone."""
    line, type_ = record.line, _type(record.line)
    return {
        "id": str(record.cursor),
        "object": "organization.audit_log",
        "type": type_,
        "effective_at": record.cursor.at_ms // 1000,
        "project": {"id": "default", "name": "Default"},
        "actor": {
            "type": "session",
            "session": {"ip_address": line["source_ip"], "user": {"id": line["actor"], "email": email}},
        },
        type_: _details(line, type_),
    }


def _type(line: Mapping[str, Any]) -> str:
    return _TYPES.get(line["action"], str(line["action"]))


def _resources(line: Mapping[str, Any]) -> set[str]:
    return {line[name] for name in ("target", "key_id", "group") if line.get(name)}


def _details(line: Mapping[str, Any], type_: str) -> dict[str, Any]:
    given = {name: value for name, value in line.items() if name not in _FRAME | _TRACED}
    if type_.startswith("role.assignment."):
        group, user_id = given["group"], line["target"]
        return {
            "id": f"{group}/{user_id}",
            "principal_id": user_id,
            "principal_type": "user",
            "resource_id": group,
            "resource_type": "group",
        }
    details: dict[str, Any] = {"id": line["target"]}
    if type_.startswith("api_key."):
        details = {"id": given.pop("key_id"), "user_id": line["target"]}
    where = _GIVEN.get(type_.rpartition(".")[2])
    if line["action"] in _TYPES:
        given[line["action"].rpartition(".")[2]] = True
    return details | ({where: given} if where else {})


def _cursor(parameters: Parameters, name: str) -> Cursor | None:
    text = query.text(parameters, name)
    try:
        return Cursor.parse(text) if text else None
    except ValueError:
        raise Problem("invalid_value", param=name, reason="it must be the id of a record of this log") from None


def _seconds(parameters: Parameters, name: str) -> int | None:
    if name not in parameters:
        return None
    text = parameters[name][-1]
    if not (text.isascii() and text.isdecimal() and int(text[:20]) <= _LONGEST_S and len(text) <= 20):
        raise Problem("invalid_value", param=name, reason="it must be a time in Unix seconds")
    return int(text)
