"""/organization/audit_logs: who changed what, newest first. CloudWatch shows a record some seconds after the change."""

import time
from collections.abc import Iterable, Iterator
from itertools import dropwhile, islice
from typing import Any

from aws_lambda_powertools.event_handler.api_gateway import Router

from pennyworth.settings import settings
from services.admin.auditlog import Wanted, parse, shown
from services.admin.aws import client
from services.admin.call import administrator, parameters
from services.admin.directory import Directory, directory
from services.admin.people import page
from services.admin.trail import Cursor, Record, Trail

router = Router()  # type: ignore[no-untyped-call]


@router.get("/organization/audit_logs")
def list_audit_logs() -> dict[str, Any]:
    administrator()
    wanted = parse(parameters(), time.time())
    return listing(Trail(client("logs"), settings().log_group), directory(), wanted)


def listing(trail: Trail, directory: Directory, wanted: Wanted) -> dict[str, Any]:
    """A page; one call to Cognito for each of the few people who changed something in it."""
    actors = frozenset(who.id for email in wanted.emails if (who := directory.find(email)) is not None)
    if wanted.nothing or (wanted.emails and not actors):
        return page([], has_more=False)
    found = (
        record
        for record in _around(trail, wanted)
        if wanted.matches(record.line) and (not actors or record.line["actor"] in actors)
    )
    records = list(islice(found, wanted.limit + 1))
    has_more = len(records) > wanted.limit
    del records[wanted.limit :]
    if wanted.before:
        records.reverse()  # read from there on, shown newest first
    emails = {actor: _email(directory, actor) for actor in {record.line["actor"] for record in records}}
    return page([shown(record, emails[record.line["actor"]]) for record in records], has_more)


def _around(trail: Trail, wanted: Wanted) -> Iterator[Record]:
    """The records of the time, from the cursor on."""
    if wanted.before:
        since = max(wanted.since_ms, wanted.before.at_ms)
        return _beyond(wanted.before, trail.oldest_first(since, wanted.until_ms))
    if wanted.after:
        until = min(wanted.until_ms, wanted.after.at_ms)
        return _beyond(wanted.after, trail.newest_first(wanted.since_ms, until))
    return trail.newest_first(wanted.since_ms, wanted.until_ms)


def _beyond(cursor: Cursor, records: Iterable[Record]) -> Iterator[Record]:
    """Without those of the cursor's own millisecond up to itself."""
    records = iter(records)
    same: list[Record] = []
    for record in records:
        if record.cursor.at_ms != cursor.at_ms:
            yield from _behind(cursor, same)
            yield record
            yield from records
            return
        same.append(record)
    yield from _behind(cursor, same)


def _behind(cursor: Cursor, same: list[Record]) -> Iterator[Record]:
    """What follows the cursor; all, where it is not among them."""
    if all(record.cursor != cursor for record in same):
        return iter(same)
    return islice(dropwhile(lambda record: record.cursor != cursor, same), 1, None)


def _email(directory: Directory, user_id: str) -> str | None:
    person = directory.find(user_id)
    return person.email if person else None
