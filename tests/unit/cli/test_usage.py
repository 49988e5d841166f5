"""`usage` and `costs`: what is asked of the gateway, and how its buckets are shown."""

import json
from urllib.parse import parse_qs, urlsplit

import pytest

ADA = "0198c7f2-5b1a-7c3e-9d44-6f1e2a3b4c5d"
BOB = "0198c7f2-5b1a-7c3e-9d44-6f1e2a3b4c5e"
GONE = "0198c7f2-5b1a-7c3e-9d44-6f1e2a3b4c5f"
EMPTY = {"object": "page", "data": [], "has_more": False, "next_page": None}


def page(*results):
    return (200, {}, EMPTY | {"data": [{"start_time": 1_793_491_200, "results": list(results)}]})


GONE_ERROR = {"message": "There is no user", "type": "invalid_request_error", "param": None, "code": "not_found"}


def asked(server, number=0):
    address = urlsplit(server.seen[number][1])
    return address.path.removeprefix("/v1"), parse_qs(address.query)


@pytest.mark.parametrize(
    ("command", "path"),
    [
        (("costs",), "/organization/costs"),
        (("usage", "--user", ADA), "/organization/usage/completions"),
        (("usage", "--embeddings", "--user", ADA), "/organization/usage/embeddings"),
    ],
)
def test_some_people_keys_and_models_are_asked_for(server, process, command, path):
    server.answers = [(200, {}, EMPTY)]
    options = ["--user", BOB, "--key", "key_a", "--key", "key_b", "--model", "m", "--model", "n"]
    done = process(*command, *options)
    assert done.returncode == 0, done.stderr
    found, query = asked(server)
    assert found == path
    assert query["user_ids[]"] == [each for each in (*command, BOB) if each in (ADA, BOB)]
    assert (query["api_key_ids[]"], query["models[]"]) == (["key_a", "key_b"], ["m", "n"])


def test_ones_own_usage_is_of_some_keys_and_models(server, process):
    server.answers = [(200, {}, EMPTY)]
    assert process("usage", "--key", "key_a", "--model", "m", "--group-by", "model", "--by", "key").returncode == 0
    found, query = asked(server)
    assert (found, "user_ids[]" in query) == ("/me/usage", False)
    assert query["group_by[]"] == ["model", "api_key_id"]


@pytest.mark.parametrize(
    ("arguments", "path", "fields"),
    [
        (("costs",), "/organization/costs", ["user_id", "api_key_id", "line_item", "group"]),
        (("usage", "--all"), "/organization/usage/completions", ["user_id", "api_key_id", "model", "group"]),
        (
            ("usage", "--all", "--embeddings"),
            "/organization/usage/embeddings",
            ["user_id", "api_key_id", "model", "group"],
        ),
    ],
)
def test_each_url_is_asked_in_its_own_words(server, process, arguments, path, fields):
    server.answers = [(200, {}, EMPTY)]
    assert process(*arguments, *(f"--by={by}" for by in ("user", "key", "model", "group"))).returncode == 0
    found, query = asked(server)
    assert (found, query["group_by[]"]) == (path, fields)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("costs", "--by", "tier"), "'tier' is not one of 'user', 'key', 'model', 'group'"),
        (
            ("usage", "--all", "--embeddings", "--by", "tier"),
            "--by tier: this is told apart by user, key, model, group.",
        ),
        (("usage", "--by", "group"), "--by group: this is told apart by key, model. Your own is told apart"),
        (("costs", "--user", "ada@example.com", "--key", "sk-pw-secret"), "no key's id"),
        (("usage", "--all", "--user", ADA), "--all does not go with --user"),
    ],
)
def test_what_cannot_be_asked_is_told_before_anything_is(server, process, arguments, told):
    done = process(*arguments)
    assert (done.returncode, server.seen) == (2, [])
    assert told in done.stderr
    assert "sk-pw-secret" not in done.stderr


def test_tiers_are_told_apart(server, process):
    server.answers = [page({"service_tier": "flex", "num_model_requests": 1})]
    done = process("usage", "--all", "--by", "tier")
    assert asked(server)[1]["group_by[]"] == ["service_tier"]
    assert done.stdout.splitlines()[1].split()[3:] == ["flex", "1", "0", "0", "0"]


def test_people_are_shown_by_their_addresses_and_json_by_their_ids(server, process):
    results = [
        {"user_id": each, "api_key_id": key, "amount": {"value": value, "currency": "usd"}}
        for each, key, value in ((ADA, "key_a", 1e-06), (ADA, None, 1), (GONE, "key_b", 0.5))
    ]
    known = {ADA: (200, {}, {"id": ADA, "email": "ada@example.com"}), GONE: (404, {}, {"error": GONE_ERROR})}
    server.answers = [page(*results), *(lambda asked: known[asked[1].rpartition("/")[2]] for _ in known)]
    done = process("costs", "--by", "user", "--by", "key")
    assert [line.split()[3:] for line in done.stdout.splitlines()[1:]] == [
        ["ada@example.com", "key_a", "$0.000001"],
        ["ada@example.com", "(signed", "in)", "$1.000000"],
        [GONE, "key_b", "$0.500000"],
    ]
    assert done.stderr == "Together: $1.500001\n"
    server.answers, count = [page(*results)], len(server.seen)
    assert json.loads(process("costs", "--by", "user", "--json").stdout)[0]["results"] == results
    assert len(server.seen) == count + 1


def test_embeddings_have_no_columns_that_are_always_empty(server, process):
    server.answers = [page({"num_model_requests": 1, "input_tokens": 1234567})]
    done = process("usage", "--all", "--embeddings")
    assert done.stdout.splitlines()[0].split() == ["SINCE", "REQUESTS", "INPUT"]
    assert done.stdout.splitlines()[1].endswith("1  1,234,567")


@pytest.mark.parametrize(
    ("options", "limit"),
    [
        (("--bucket", "1m"), ["1440"]),
        (("--bucket", "1h"), ["168"]),
        ((), None),
        (("--bucket", "1m", "--by", "key"), None),
    ],
)
def test_a_month_of_minutes_is_not_asked_hour_by_hour(server, process, options, limit):
    server.answers = [(200, {}, EMPTY)]
    assert process("usage", *options).returncode == 0
    assert asked(server)[1].get("limit") == limit


def test_of_more_than_a_hundred_people_nobodys_name_is_looked_up(server, process):
    results = [{"user_id": f"{ADA[:-4]}{number:04}", "num_model_requests": 1} for number in range(101)]
    server.answers = [page(*results)]
    done = process("usage", "--all", "--by", "user")
    assert (done.returncode, len(server.seen)) == (0, 1)
    assert f"{ADA[:-4]}0100" in done.stdout


@pytest.mark.parametrize("status", [403, 429, 500])
def test_what_was_used_is_shown_where_no_name_can_be_looked_up(server, process, status):
    """The question is paid for."""
    results = [{"user_id": each, "num_model_requests": 7} for each in (ADA, GONE)]
    server.answers = [page(*results), (status, {}, {"error": GONE_ERROR})]
    done = process("usage", "--all", "--by", "user")
    assert done.returncode == 0, done.stderr
    assert {line.split()[3] for line in done.stdout.splitlines()[1:]} == {ADA, GONE}
    assert len(server.seen) == 2
