import gzip
import json
from base64 import b64decode, b64encode

import pytest

from services.admin.ledger.batch import Batch, Use, batch

ADA = "3f0c9d4e-7a51-4a38-9b1f-0d5f8f1f2a3b"
NOVEMBER_MS = 1_795_000_000_000  # 2026-11-18
LINE = {
    "message": "request",
    "kind": "completion",
    "user_id": ADA,
    "key_id": "key_a",
    "group": "developers",
    "prompt_tokens": 20,
    "completion_tokens": 3,
    "cost_microusd": 17,
}


def event(*lines, kind="DATA_MESSAGE", ids=None, **fields):
    """What CloudWatch invokes the ledger with."""
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    events = [
        {"id": f"{number:056d}", "timestamp": NOVEMBER_MS, "message": text}
        for number, text in zip(ids or range(len(texts)), texts, strict=True)
    ]
    whole = {"messageType": kind, "owner": "123456789012", "logGroup": "/aws/lambda/pennyworth-dev-openai"}
    whole |= {"logStream": "s", "subscriptionFilters": ["ledger"], "logEvents": events} | fields
    return {"awslogs": {"data": b64encode(gzip.compress(json.dumps(whole).encode())).decode()}}


def test_a_record_is_a_use_in_the_month_it_was_written_in():
    assert batch(event(LINE)).uses == (Use("2026-11", ADA, "key_a", "developers", 17, 23),)


def test_a_batch_is_as_old_as_its_newest_record():
    made = event(LINE, LINE)
    whole = json.loads(gzip.decompress(b64decode(made["awslogs"]["data"])))
    whole["logEvents"][0]["timestamp"] += 1500
    made["awslogs"]["data"] = b64encode(gzip.compress(json.dumps(whole).encode())).decode()
    assert batch(made).at == NOVEMBER_MS / 1e3 + 1.5


def test_of_a_model_without_a_known_price_the_tokens_count():
    line = {name: value for name, value in LINE.items() if name != "cost_microusd"}
    assert batch(event(line)).uses == (Use("2026-11", ADA, "key_a", "developers", 0, 23),)


def test_in_another_tier_what_the_default_one_costs_counts():
    line = {name: value for name, value in LINE.items() if name != "cost_microusd"} | {"service_tier": "flex"}
    (use,) = batch(event({**line, "standard_microusd": 17})).uses
    assert use.cost_microusd == 17
    (use,) = batch(event({**line, "cost_microusd": 5, "standard_microusd": 17})).uses
    assert use.cost_microusd == 22, "one model failed after it had answered in part, and another went on"


def test_of_an_answer_that_was_not_there_in_time_what_it_may_have_cost_counts():
    (use,) = batch(event({**LINE, "unseen_microusd": 100})).uses
    assert use.cost_microusd == 117
    assert batch(event({**LINE, "unseen_microusd": "100"})).skipped == 1


def test_a_sign_in_token_has_no_key():
    (use,) = batch(event({**LINE, "key_id": ""})).uses
    assert use.key_id == ""
    (use,) = batch(event({**LINE, "key_id": None, "group": None})).uses
    assert (use.key_id, use.group) == ("", "")


def test_what_used_nothing_is_nothing_to_count():
    refused = {**LINE, "prompt_tokens": 0, "completion_tokens": 0, "cost_microusd": 0}
    assert (batch(event(refused)).uses, batch(event(refused)).skipped) == ((), 0)


@pytest.mark.parametrize(
    "line",
    [
        "no JSON",
        "[]",
        "null",
        {**LINE, "user_id": "../groups/developers"},
        {**LINE, "user_id": None},
        {**LINE, "key_id": 7},
        {**LINE, "group": ["developers"]},
        {**LINE, "cost_microusd": -1},
        {**LINE, "cost_microusd": 1.5},
        {**LINE, "cost_microusd": True},
        {**LINE, "completion_tokens": "3"},
    ],
)
def test_what_is_no_record_of_ours_keeps_no_other_from_being_counted(line):
    found = batch(event(line, LINE))
    assert (len(found.uses), found.skipped) == (1, 1)


def test_a_control_message_holds_nothing():
    assert batch(event("CWL CONTROL MESSAGE: Checking health of destination Lambda", kind="CONTROL_MESSAGE")).uses == ()


def test_the_same_events_are_the_same_batch_in_any_order_and_others_are_not():
    first = batch(event(LINE, LINE, ids=(1, 2))).id
    assert batch(event(LINE, LINE, ids=(2, 1))).id == first
    others = [
        event(LINE, LINE, ids=(1, 3)),
        event(LINE, ids=(1,)),
        event(LINE, LINE, ids=(1, 2), logStream="t"),
        event(LINE, LINE, ids=(1, 2), logGroup="/aws/lambda/other"),
    ]
    assert first not in {batch(other).id for other in others}


@pytest.mark.parametrize("message", [{}, {"awslogs": {"data": "!"}}, {"awslogs": {"data": "AAAA"}}])
def test_what_cloudwatch_did_not_make_is_an_error(message):
    with pytest.raises((KeyError, ValueError, OSError, EOFError)):
        batch(message)


def test_a_batch_holds_no_more_than_budgets_need():
    assert set(Use._fields) == {"month", "user_id", "key_id", "group", "cost_microusd", "tokens"}
    assert isinstance(batch(event(LINE)), Batch)
