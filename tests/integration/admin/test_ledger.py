"""The ledger's handler and the authorizer together, over AWS's stand-in, with a clock of their own."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from types import SimpleNamespace
from uuid import uuid4

import httpx
import pytest
from botocore.exceptions import ClientError

from pennyworth.authorizer import Authorizer
from pennyworth.aws import Aws
from pennyworth.decisions import Decisions
from pennyworth.directory import Directory
from pennyworth.errors import Problem
from pennyworth.settings import settings
from pennyworth.tokens import Proof
from services.admin import aws
from services.admin.ledger import app
from services.admin.ledger.batch import batch as read
from services.admin.ledger.book import Page
from services.admin.ledger.ledger import Ledger
from services.admin.ledger.shelf import Shelf
from services.admin.objects import Objects
from tests.log_batches import batch, record

NOVEMBER = datetime(2026, 11, 30, 23, 59, 50, tzinfo=UTC).timestamp()
DECEMBER = NOVEMBER + 20
TTL_S = 5
CONTEXT = SimpleNamespace(get_remaining_time_in_millis=lambda: 30_000)


@pytest.fixture(scope="module")
def bucket(environment):
    app.ledger.cache_clear()
    yield environment["PENNYWORTH_BUCKET"]
    app.ledger.cache_clear()


@pytest.fixture
def ledger(bucket):
    def make(now=NOVEMBER):
        shelf = Shelf(Objects(aws.client("s3"), bucket))
        return Ledger(shelf, aws.client("cognito-idp"), settings().user_pool_id, lambda: now)

    return make


@pytest.fixture
def group(cognito):
    """A group with a budget for each of its people: budget → its name."""

    def make(**budgets):
        name = f"group-{uuid4().hex[:8]}"
        policy = {"actions": ["inference"], "models": ["*"], **budgets}
        cognito.call("create_group", GroupName=name, Description=json.dumps(policy), Precedence=1)
        return name

    return make


@pytest.fixture
def mirror(cognito):
    def read(user_id):
        pairs = cognito.call("admin_get_user", Username=user_id)["UserAttributes"]
        return json.loads(next((pair["Value"] for pair in pairs if pair["Name"] == "custom:spend"), "null"))

    return read


class Clock:
    def __init__(self, now):
        self.now = now

    def __call__(self):
        return self.now


def authorizer(user_id, clock):
    """The real one, for whom a sign-in token proves."""
    directory = Directory(Aws(settings().region), settings().user_pool_id, TTL_S, clock)
    tokens = SimpleNamespace(proof=lambda _: Proof(user_id, int(DECEMBER + 3600)))
    return Authorizer(directory, tokens, lambda: b"", Decisions(TTL_S), "local", clock)


def count(ledger, message):
    ledger.count(read(message), ends_at=float("inf"))


def test_a_spent_budget_stops_until_the_month_is_over(ledger, group, make_user):
    name = group(user_budget_microusd=100)
    user, clock = make_user(name), Clock(NOVEMBER)
    asking = authorizer(user, clock)
    assert asking.identify("a.good.token").spent is None
    count(ledger(), batch(record(user, 99, name), at=NOVEMBER))
    assert asking.identify("a.good.token").spent is None
    count(ledger(), batch(record(user, 1, name), at=NOVEMBER))
    caller = asking.identify("a.good.token")
    assert (caller.spent.whose, caller.spent.resets_at) == ("user", datetime(2026, 12, 1, tzinfo=UTC).timestamp())
    clock.now = DECEMBER
    assert asking.identify("a.good.token").spent is None
    assert caller.at(DECEMBER).spent is None  # nor does a cached decision carry November's refusal into December
    count(ledger(DECEMBER), batch(record(user, 100, name), at=DECEMBER))
    assert asking.identify("a.good.token").spent.resets_at == datetime(2027, 1, 1, tzinfo=UTC).timestamp()


def test_what_is_delivered_late_belongs_to_the_month_it_was_asked_in(ledger, group, make_user, mirror):
    name = group()
    user = make_user(name)
    count(ledger(DECEMBER), batch(record(user, 7, name), at=DECEMBER))
    count(ledger(DECEMBER), batch(record(user, 50, name), at=NOVEMBER))
    assert mirror(user) == {"month": "2026-12", "user": 7, "groups": {name: 7}, "keys": {}}


def test_a_page_that_cannot_be_read_keeps_nobody_else_from_being_counted(ledger, bucket, group, make_user, mirror):
    """As one that a newer release wrote, after it was rolled back."""
    name = group()
    first, second = make_user(name), make_user(name)
    page = f"ledger/users/{first}.json"
    aws.client("s3").put_object(Bucket=bucket, Key=page, Body=b'{"month": "2026-11", "more": 1}')
    message = batch(record(first, 5, name), record(second, 7, name), at=NOVEMBER)
    with pytest.raises(Problem):  # Lambda is to try again
        count(ledger(), message)
    assert mirror(second)["user"] == 7
    assert mirror(first) is None
    aws.client("s3").delete_object(Bucket=bucket, Key=page)
    count(ledger(), message)
    assert (mirror(first)["user"], mirror(second)["user"]) == (5, 7)


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b'{"month": "2026-11", "more": 1}', Page("2026-11").dump().replace(":0", ':"0"', 1).encode()],
    ids=["empty", "another shape", "of a newer release", "no number"],
)
def test_a_groups_page_that_cannot_be_read_keeps_no_user_from_being_counted(
    body, ledger, bucket, group, make_user, mirror, log
):
    """Everybody's requests are in a batch with the group's: its page must not stand in the way of theirs."""
    name, other = group(), group()
    first, second = make_user(name), make_user(other)
    page = f"ledger/groups/{name}.json"
    aws.client("s3").put_object(Bucket=bucket, Key=page, Body=body)
    message = batch(record(first, 5, name), record(second, 7, other), record(first, 1, other), at=NOVEMBER)
    for _ in range(3):  # as often as Lambda tries
        with pytest.raises(Problem):
            count(ledger(), message)
    assert (mirror(first)["user"], mirror(first)["groups"]) == (6, {other: 8})
    assert (mirror(second)["user"], mirror(second)["groups"]) == (7, {other: 8})
    said = [line for line in log() if line["level"] == "ERROR"]
    assert {(line["message"], line["page"]) for line in said} == {("a page that cannot be read", page)}
    assert {line["group"] for line in log() if line["message"] == "not counted"} == {name}
    assert aws.client("s3").get_object(Bucket=bucket, Key=page)["Body"].read() == body  # nobody wrote over it
    # The remedy: without it the group's sum begins anew with what comes next, or with what Lambda tries again.
    aws.client("s3").delete_object(Bucket=bucket, Key=page)
    count(ledger(), message)
    assert mirror(first)["groups"] == {name: 5, other: 8}
    assert (mirror(first)["user"], mirror(second)["user"]) == (6, 7)


def test_the_handler_counts_a_message_once_however_often_it_comes(bucket, group, make_user, mirror):
    name = group()
    user = make_user(name)
    message = batch(record(user, 3, name, "key_a"), record(user, 4, name, "key_a"))
    for _ in range(3):
        assert app.handler(message, CONTEXT) == {"records": 2}
    assert (mirror(user)["user"], mirror(user)["keys"]) == (7, {"key_a": 7})


def test_batches_counted_at_once_lose_nothing_and_the_mirror_comes_to_the_book(ledger, group, make_user, mirror):
    name = group()
    users = [make_user(name) for _ in range(2)]
    messages = [batch(*(record(user, 1, name) for user in users), at=NOVEMBER) for _ in range(20)]
    with ThreadPoolExecutor(8) as lanes:
        list(lanes.map(lambda message: count(ledger(), message), [*messages, *messages[:5]]))
    assert [mirror(user)["user"] for user in users] == [20, 20]


def test_an_attempt_that_failed_at_the_mirror_is_taken_up_where_it_ended(aws_url, ledger, group, make_user, mirror):
    name = group()
    user = make_user(name)
    message = batch(record(user, 9, name), at=NOVEMBER)
    control = f"{aws_url}/_stand_in/faults"
    wish = {"operation": "AdminUpdateUserAttributes", "error": "TooManyRequestsException", "status": 400, "times": None}
    httpx.post(control, json=wish, trust_env=False).raise_for_status()
    try:
        with pytest.raises(Problem):
            count(ledger(), message)
    finally:
        httpx.delete(control, trust_env=False).raise_for_status()
    assert mirror(user) is None
    count(ledger(), message)
    assert mirror(user) == {"month": "2026-11", "user": 9, "groups": {name: 9}, "keys": {}}


def test_one_person_who_was_deleted_keeps_nobody_elses_mirror_back(ledger, group, make_user, mirror):
    name = group()
    user = make_user(name)
    count(ledger(), batch(record(str(uuid4()), 1, name), record(user, 2, name), at=NOVEMBER))
    assert mirror(user) == {"month": "2026-11", "user": 2, "groups": {name: 3}, "keys": {}}


def test_a_mirror_that_was_overtaken_is_written_again(bucket, ledger, group, make_user, mirror):
    """Two at once: the one that read the older page writes last, and looks at the book once more."""
    name = group()
    user = make_user(name)
    late = aws.client("cognito-idp")
    others = [batch(record(user, 10, name), at=NOVEMBER)]

    class Overtaken:
        """Cognito, reached just after another ledger has counted and mirrored."""

        def admin_update_user_attributes(self, **wanted):
            while others:
                count(ledger(), others.pop())
            return late.admin_update_user_attributes(**wanted)

    shelf = Shelf(Objects(aws.client("s3"), bucket))
    slow = Ledger(shelf, Overtaken(), settings().user_pool_id, lambda: NOVEMBER)
    count(slow, batch(record(user, 1, name), at=NOVEMBER))
    assert mirror(user)["user"] == 11


# The stand-in's S3, on which all this rests.


def put(bucket, body, **condition):
    return aws.client("s3").put_object(Bucket=bucket, Key="ledger/x", Body=body, **condition)["ETag"]


def test_a_conditional_write_is_refused_as_s3_refuses_it(bucket):
    def refused(**condition):
        with pytest.raises(ClientError) as raised:
            put(bucket, b"no", **condition)
        answer = raised.value.response
        return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"]

    assert refused(IfMatch='"0"') == (404, "NoSuchKey")
    first = put(bucket, b"1", IfNoneMatch="*")
    assert refused(IfNoneMatch="*") == (412, "PreconditionFailed")
    second = put(bucket, b"2", IfMatch=first)
    assert refused(IfMatch=first) == (412, "PreconditionFailed")
    assert refused(IfNoneMatch=second)[0] == 501
    assert refused(IfMatch=second, IfNoneMatch="*")[0] == 501
    assert aws.client("s3").get_object(Bucket=bucket, Key="ledger/x")["Body"].read() == b"2"
