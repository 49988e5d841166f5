"""CloudWatch Logs: what functions say arrives, and is found as CloudWatch finds it."""

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from local.cloudwatch import delivering


@pytest.fixture
def logs(client: Callable[..., Any]) -> Any:
    return client("logs")


@pytest.fixture
def group(logs: Any) -> str:
    """A group with five lines, a second apart."""
    name = f"/aws/lambda/{uuid4().hex}"
    logs.create_log_group(logGroupName=name)
    logs.create_log_stream(logGroupName=name, logStreamName="s")
    now = int(time.time() * 1000)
    lines = [json.dumps({"message": "audit" if n % 2 else "request", "n": n, "a": {"b": "c"}}) for n in range(4)]
    events = [{"timestamp": now + 1000 * n, "message": line} for n, line in enumerate([*lines, "START"])]
    logs.put_log_events(logGroupName=name, logStreamName="s", logEvents=events)
    return name


def found(logs: Any, group: str, **wanted: Any) -> list[str]:
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group, **wanted)
    return [event["message"][-3:] for page in pages for event in page["events"]]


def test_events_are_found_by_field_in_both_directions_and_by_pages(logs: Any, group: str) -> None:
    audit = '{ $.message = "audit" }'
    assert len(found(logs, group)) == 5
    assert len(found(logs, group, filterPattern='{ $.message = "audit" && $.a.b = "c" }')) == 2
    oldest = found(logs, group, filterPattern=audit, limit=1)
    newest = found(logs, group, filterPattern=audit, limit=1, startFromHead=False, startTime=1_704_067_200_000)
    assert newest == oldest[::-1]
    assert len(oldest) == 2


def test_what_aws_refuses_is_refused(logs: Any, group: str) -> None:
    for wanted in ({"startFromHead": False}, {"filterPattern": "[a, b"}):
        with pytest.raises(ClientError, match="InvalidParameterException"):
            found(logs, group, **wanted)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        found(logs, "/aws/lambda/nobody")


def test_the_lines_of_functions_arrive_and_those_of_others_do_not(logs: Any) -> None:
    name = f"function-{uuid4().hex}"

    async def say() -> None:
        async with delivering(logs, [name]) as line:
            line(name, "one")
            line("gateway", "not a function's")
            line(name, "two")

    asyncio.run(say())
    events = logs.filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
    assert [event["message"] for event in events] == ["one", "two"]
    with pytest.raises(ClientError):
        logs.filter_log_events(logGroupName="/aws/lambda/gateway")


def test_an_aws_that_is_gone_stops_no_function() -> None:
    import boto3
    from botocore.config import Config

    config = Config(retries={"total_max_attempts": 1}, connect_timeout=1)
    gone = boto3.client(
        "logs",
        endpoint_url="http://127.0.0.1:9",
        region_name="us-east-1",
        aws_access_key_id="x",
        aws_secret_access_key="y",
        config=config,
    )

    async def say() -> None:
        async with delivering(gone, ["f"]) as line:
            line("f", "lost")

    asyncio.run(say())


QUERY = 'filter message = "request" | stats sum(n) as total by a.b'


def finished(logs: Any, query_id: str) -> dict[str, Any]:
    deadline = time.monotonic() + 10
    while (answer := logs.get_query_results(queryId=query_id))["status"] in ("Scheduled", "Running"):
        assert answer["results"] == []
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return answer


def window(**more: Any) -> dict[str, Any]:
    return {"startTime": int(time.time()) - 60, "endTime": int(time.time()) + 60, "queryString": QUERY, **more}


def test_a_query_runs_and_then_its_rows_are_there(logs: Any, group: str) -> None:
    query_id = logs.start_query(**window(logGroupName=group))["queryId"]
    assert logs.get_query_results(queryId=query_id)["status"] == "Running"
    answer = finished(logs, query_id)
    assert answer["status"] == "Complete"
    assert answer["results"] == [[{"field": "a.b", "value": "c"}, {"field": "total", "value": "2"}]]
    assert answer["statistics"]["recordsScanned"] == 5
    with pytest.raises(ClientError, match="not running"):
        logs.stop_query(queryId=query_id)


def test_a_stopped_query_has_no_rows(logs: Any, group: str) -> None:
    query_id = logs.start_query(**window(logGroupNames=[group]))["queryId"]
    assert logs.stop_query(queryId=query_id)["success"]
    assert (finished(logs, query_id)["status"], finished(logs, query_id)["results"]) == ("Cancelled", [])


def test_a_groups_queries_are_told_newest_first(logs: Any, group: str) -> None:
    ids = [logs.start_query(**window(logGroupNames=[group]))["queryId"] for _ in range(2)]
    finished(logs, ids[1])
    found = logs.describe_queries(logGroupName=group)["queries"]
    assert [(each["queryId"], each["queryString"], each["status"]) for each in found] == [
        (query_id, QUERY, "Complete") for query_id in reversed(ids)
    ]
    assert logs.describe_queries(logGroupName=group, status="Running")["queries"] == []
    assert logs.describe_queries(logGroupName="/aws/lambda/none")["queries"] == []


@pytest.mark.parametrize(
    ("wanted", "error"),
    [
        ({"queryString": "nonsense"}, "MalformedQueryException"),
        ({"queryString": "stats sum(n"}, "MalformedQueryException"),
        ({"startTime": 100, "endTime": 200}, "MalformedQueryException.*creation time"),
        ({"endTime": 1}, "InvalidParameterException"),
        ({"logGroupName": "/aws/lambda/none"}, "ResourceNotFoundException"),
        ({"logGroupNames": ["/aws/lambda/both"]}, "InvalidParameterException"),
        ({"queryLanguage": "SQL"}, "InvalidParameterException"),
    ],
)
def test_what_cloudwatch_refuses_to_query_is_refused(logs: Any, group: str, wanted: Any, error: str) -> None:
    with pytest.raises(ClientError, match=error):
        logs.start_query(**{**window(logGroupName=group), **wanted})


def test_no_query_of_that_id_is_none(logs: Any) -> None:
    for ask in (logs.get_query_results, logs.stop_query):
        with pytest.raises(ClientError, match="ResourceNotFoundException"):
            ask(queryId="nobodys")
