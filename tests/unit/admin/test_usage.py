"""What is asked of the usage records, the query it makes, and the page its rows make."""

import pytest

from pennyworth.errors import Problem
from pennyworth.records import literal
from services.admin import usage
from services.admin.buckets import buckets, page
from services.admin.usage import COMPLETIONS, COSTS, EMBEDDINGS, OWN, parse

DAY = 86_400
START = 20_000 * DAY  # 2024-10-04
NOW = START + 10 * DAY + 5
USER = "3f2a0000-0000-4000-8000-000000000001"


def wanted(form=COMPLETIONS, now=NOW, start=START, **parameters):
    named = {name.replace("_list", "[]"): value for name, value in parameters.items()}
    given = {name: value if isinstance(value, list) else [str(value)] for name, value in named.items()}
    return parse({"start_time": [str(start)], **given}, form, now)


def test_a_query_filters_on_records_and_on_the_time_exactly():
    text = usage.text(wanted(group_by_list=["user_id", "model", "batch"]), START, START + DAY)
    assert text.splitlines() == [
        'filter message = "request" and kind = "completion" and (ispresent(prompt_tokens) or '
        "ispresent(completion_tokens) or ispresent(cost_microusd)) and "
        f"toMillis(@timestamp) >= {START}000 and toMillis(@timestamp) < {START + DAY}000",
        "| stats count(*) as requests, sum(prompt_tokens) as prompt, sum(cached_tokens) as cached, "
        "sum(cache_write_tokens) as written, sum(completion_tokens) as completion, sum(cost_microusd) as microusd "
        "by bin(1d), user_id, served",
        "| limit 10000",
    ]


def test_values_are_texts_of_the_query():
    text = usage.text(wanted(user_ids_list=[USER, USER], models_list=["nova-lite", "groq/a:b@c"]), START, START + 1)
    assert f'and (user_id in ["{USER}"])' in text
    assert 'and (served in ["nova-lite", "groq/a:b@c"] or model in ["nova-lite", "groq/a:b@c"])' in text


@pytest.mark.parametrize("value", ['a"b', "a\\", "a\nb", "é", "", "a" * 257])
def test_no_text_can_end_itself(value):
    with pytest.raises(ValueError, match="no text"):
        literal(value)
    with pytest.raises(Problem) as raised:
        wanted(models_list=[value])
    assert raised.value.param == "models[]"


def test_oneself_is_all_that_is_asked_for():
    text = usage.text(usage.of(wanted(OWN), USER), START, START + 1)
    assert f'(user_id in ["{USER}"])' in text
    assert "ispresent(kind)" in text


@pytest.mark.parametrize(
    ("parameters", "param"),
    [
        ({"start_time": "-1"}, "start_time"),
        ({"start_time": "1" * 30}, "start_time"),
        ({"start_time": "²"}, "start_time"),
        ({"end_time": START}, "end_time"),
        ({"end_time": ""}, "end_time"),
        ({"bucket_width": "1w"}, "bucket_width"),
        ({"limit": 0}, "limit"),
        ({"limit": 32}, "limit"),
        ({"bucket_width": "1m", "limit": 1441}, "limit"),
        ({"group_by_list": ["line_item"]}, "group_by[]"),
        ({"group_by_list": ["model", "api_source"]}, "group_by[]"),
        ({"user_ids_list": ["x"]}, "user_ids[]"),
        ({"user_ids_list": [f"3f2a0000-0000-4000-8000-{n:012}" for n in range(51)]}, "user_ids[]"),
        ({"api_key_ids_list": ["sk-pw-secret"]}, "api_key_ids[]"),
        ({"models_list": [f"{n:03}" * 80 for n in range(50)]}, "models[]"),
        ({"line_items_list": ["x"]}, "line_items[]"),
        ({"page": "2"}, "page"),
        ({"page": f"page_{START + 5:x}"}, "page"),
        ({"page": f"page_{START:x}"}, "page"),
        ({"page": f"page_{START + 20 * DAY:x}"}, "page"),
        ({"batch": "1"}, "batch"),
        ({"tenant": "x"}, "tenant"),
    ],
)
def test_what_is_wrong_is_named(parameters, param):
    with pytest.raises(Problem) as raised:
        wanted(**({"start": parameters.pop("start_time")} if "start_time" in parameters else {}), **parameters)
    assert (raised.value.status, raised.value.param) == (400, param)


def test_oneself_is_counted_in_a_querys_length():
    """Or CloudWatch would refuse it, as an error of ours."""
    fits = [f"{number:02d}" + "m" * 254 for number in range(18)]
    most = next(size for size in range(256, 0, -1) if _fits([*fits, "m" * size]))
    asked = wanted(OWN, models_list=[*fits, "m" * most])
    with pytest.raises(Problem) as raised:
        usage.of(asked, USER)
    assert raised.value.param == "models[]"


def _fits(models):
    try:
        return wanted(OWN, models_list=models)
    except Problem:
        return None


def test_a_start_is_needed():
    with pytest.raises(Problem, match="start_time"):
        parse({}, COSTS, NOW)


@pytest.mark.parametrize(("form", "param"), [(COSTS, "batch"), (EMBEDDINGS, "batch"), (OWN, "user_ids[]")])
def test_each_url_takes_its_own(form, param):
    with pytest.raises(Problem) as raised:
        parse({"start_time": ["1"], param: [USER]}, form, NOW)
    assert (raised.value.code, raised.value.param) == ("unsupported_parameter", param)


def test_buckets_are_full_days_but_for_the_first_and_the_last():
    found, more = buckets(wanted(start=START + 7, end_time=START + 2 * DAY + 9))
    assert found == [(START + 7, START + DAY), (START + DAY, START + 2 * DAY), (START + 2 * DAY, START + 2 * DAY + 9)]
    assert not more


def test_without_an_end_there_are_buckets_up_to_now():
    found, more = buckets(wanted(limit=31))
    assert (len(found), found[-1], more) == (11, (START + 10 * DAY, START + 11 * DAY), False)
    later = wanted(start=NOW + 3 * DAY)
    assert buckets(later)[0] == [(NOW + 3 * DAY, NOW + 3 * DAY + 1)]  # nothing was used in the future


def test_an_end_in_the_future_makes_no_more_buckets_than_now():
    found, _ = buckets(wanted(end_time=START + 500 * DAY, limit=31))
    assert len(found) == 11


def test_pages_go_on_where_the_one_before_ended():
    asked, seen = {"end_time": START + 9 * DAY + 5, "limit": 4}, []
    page_ = page(wanted(**asked), [])
    seen += page_["data"]
    while page_["next_page"]:
        page_ = page(wanted(**asked, page=page_["next_page"]), [])
        seen += page_["data"]
    assert [bucket["start_time"] for bucket in seen] == [START + n * DAY for n in range(10)]
    assert (seen[-1]["end_time"], page_["has_more"]) == (START + 9 * DAY + 5, False)


def test_rows_come_into_their_buckets_also_into_one_that_begins_late():
    rows = [
        {"bin(1d)": "2024-10-04 00:00:00.000", "requests": "1", "prompt": "5", "completion": "2", "served": "b"},
        {"bin(1d)": "2024-10-05 00:00:00.000", "requests": "2", "prompt": "6", "served": "b", "microusd": "3"},
        {"bin(1d)": "2024-10-05 00:00:00.000", "requests": "1", "prompt": "1.2E7", "cached": "2", "served": "a"},
    ]
    shown = page(wanted(start=START + 60, end_time=START + 2 * DAY, group_by_list=["model"]), rows)["data"]
    assert [[result["model"] for result in bucket["results"]] for bucket in shown] == [["b"], ["a", "b"]]
    assert shown[1]["results"][0] == {
        "object": "organization.usage.completions.result",
        "input_tokens": 12_000_000,
        "input_cached_tokens": 2,
        "input_cache_write_tokens": 0,
        "input_uncached_tokens": 11_999_998,
        "output_tokens": 0,
        "num_model_requests": 1,
        **dict.fromkeys(("project_id", "user_id", "api_key_id", "batch", "service_tier", "group")),
        "model": "a",
    }


@pytest.mark.parametrize(
    ("microusd", "dollars"), [("26", "2.6e-05"), ("123456789012345", "123456789.012345"), ("", "0.0")]
)
def test_a_cost_is_written_exactly(microusd, dollars):
    row = {"bin(1d)": "2024-10-04 00:00:00.000", "requests": "1", "microusd": microusd}
    (result,) = page(wanted(COSTS), [row])["data"][0]["results"]
    assert repr(result["amount"]["value"]) == dollars


def test_what_all_records_say_the_same_is_said_when_asked_for():
    row = {"bin(1d)": "2024-10-04 00:00:00.000", "requests": "1", "key_id": ""}
    groups = ["project_id", "batch", "api_key_id", "service_tier"]
    (result,) = page(wanted(group_by_list=groups), [row])["data"][0]["results"]
    assert {name: result[name] for name in groups} == {
        **{"project_id": "default", "batch": False, "api_key_id": None, "service_tier": "default"}
    }


@pytest.mark.parametrize("only", [{"project_ids_list": ["other"]}, {"batch": "true"}])
def test_another_projects_records_and_batches_are_none(only):
    assert wanted(**only).nothing
    assert not wanted(project_ids_list=["default", "other"], batch="false").nothing
