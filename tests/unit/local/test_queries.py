"""The stand-in's Logs Insights: every saved query of ours runs, and what it does not know it refuses."""

import json
from pathlib import Path

import pytest

from local.aws.evaluation import Event, results
from local.aws.query_language import MalformedQueryError, parse

MODULE = Path(__file__).resolve().parents[3] / "terraform" / "modules" / "observability"
DAY_MS = 86_400_000
AT_MS = 20_000 * DAY_MS  # 2024-10-04


def event(after_ms=0, log="1:g", **line):
    return Event(AT_MS + after_ms, json.dumps(line), log, "s")


EVENTS = [
    event(0, kind="completion", user="a", tokens=10, cost=26, at={"host": "x"}),
    event(1000, kind="completion", user="a", tokens=5, ok=True),
    event(3_600_000, kind="embedding", user="b", tokens=7.5, note='says "no"'),
    Event(AT_MS + 1, "no JSON", "1:g", "s"),
]


def found(query, events=EVENTS, **more):
    return results(parse(query), events, **more)


@pytest.mark.parametrize(
    ("condition", "users"),
    [
        ('user = "a"', ["a", "a"]),
        ("user != 'a' and ispresent(user)", ["b"]),
        ('user in ["b", "c"]', ["b"]),
        ('user not in ["b"] and ispresent(user)', ["a", "a"]),
        ("tokens > 6", ["b", "a"]),
        ("tokens >= 5 and tokens <= 7.5", ["b", "a"]),
        ("ispresent(cost) or tokens = 5", ["a", "a"]),
        ("not ispresent(cost) and ispresent(user)", ["b", "a"]),
        ("not (tokens = 5 or tokens = 10) and ispresent(user)", ["b"]),
        ("ok = 1", ["a"]),
        ("kind like /^emb/", ["b"]),
        ('note like "\\"no\\""', ["b"]),
        ('at.host = "x"', ["a"]),
        (f"toMillis(@timestamp) >= {AT_MS + 1000} and toMillis(@timestamp) < {AT_MS + 3_600_000}", ["a"]),
    ],
)
def test_a_filter_keeps_what_its_condition_says(condition, users):
    assert [row["user"] for row in found(f"fields user | filter {condition}")] == users


def test_statistics_are_summed_by_what_is_asked():
    query = (
        "filter ispresent(kind) | stats count(*) as n, count(cost) as priced, sum(tokens) as t, avg(tokens) as mean, "
        "max(tokens) as most, min(tokens) as least, sum(cost) / 4 as part by bin(1h), user | sort n desc"
    )
    assert found(query) == [
        {
            **{"bin(1h)": "2024-10-04 00:00:00.000", "user": "a", "n": "2", "priced": "1", "t": "15", "mean": "7.5"},
            **{"most": "10", "least": "5", "part": "6.5"},
        },
        {
            **{"bin(1h)": "2024-10-04 01:00:00.000", "user": "b", "n": "1", "priced": "0", "t": "7.5", "mean": "7.5"},
            **{"most": "7.5", "least": "7.5"},
        },
    ]


def test_without_groups_there_is_one_row_and_with_them_none_of_nothing():
    assert found("stats count(*) as n", []) == [{"n": "0"}]
    assert found("stats count(*) as n by user", []) == []


def test_an_event_shows_what_is_asked_for_newest_first():
    assert found("fields @timestamp, user | sort @timestamp asc | limit 1") == [
        {"@timestamp": "2024-10-04 00:00:00.000", "user": "a"}
    ]
    assert [row["@message"] for row in found("filter not ispresent(kind)")] == ["no JSON"]
    assert len(found("fields user", [event(user="a")] * 3, most=2)) == 2
    assert len(found("fields user | limit 2", [event(user="a")] * 3)) == 2


@pytest.mark.parametrize(
    "query",
    [
        "",
        "filter",
        "drop user",
        "filter user",
        "filter user = ",
        'filter user = "a',
        "filter user == 'a'",
        "filter in [1]",
        "filter user in []",
        "filter user in [other]",
        "filter strlen(user) = 1",
        "parse @message '*' as x",
        "stats user",
        "filter sum(tokens) > 1",
        "filter ispresent(user) and max(tokens) > 1",
        "fields sum(tokens)",
        "stats sum(sum(tokens))",
        "stats count(*) by max(tokens)",
        "stats count(*) as",
        "stats count(*) by bin(5q)",
        "stats count(*) by bin(0m)",
        "stats count(*) by user, ",
        "stats pct(tokens)",
        "stats sum(tokens) | stats count(*)",
        "limit 0",
        "limit 10001",
        "limit many",
        "sort",
        "fields user; filter user = 'a'",
        "fields user | ",
        "fields " + "x" * 10_000,
    ],
)
def test_what_is_no_query_is_refused(query):
    with pytest.raises(MalformedQueryError):
        results(parse(query), [])


QUERIES = json.loads((MODULE / "queries.json").read_text())


@pytest.mark.parametrize("name", QUERIES)
def test_every_saved_query_runs(name):
    commands = parse("\n| ".join(QUERIES[name]["query"]))
    results(commands, EVENTS)
