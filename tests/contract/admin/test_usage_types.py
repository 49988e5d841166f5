"""Usage and costs, read strictly by the types of OpenAI's SDK."""

import pytest
from openai.types.admin.organization.usage_completions_response import UsageCompletionsResponse
from openai.types.admin.organization.usage_costs_response import UsageCostsResponse
from openai.types.admin.organization.usage_embeddings_response import UsageEmbeddingsResponse

from services.admin.buckets import page
from services.admin.usage import COMPLETIONS, COSTS, EMBEDDINGS, parse

START = 20_000 * 86_400
ROW = {
    "bin(1d)": "2024-10-04 00:00:00.000",
    "requests": "3",
    "prompt": "30",
    "cached": "10",
    "completion": "7",
    "microusd": "26",
    "user_id": "u",
    "key_id": "k",
    "served": "nova-lite",
    "group": "developers",
}


@pytest.mark.parametrize(
    ("form", "type_"),
    [(COMPLETIONS, UsageCompletionsResponse), (EMBEDDINGS, UsageEmbeddingsResponse), (COSTS, UsageCostsResponse)],
)
@pytest.mark.parametrize("grouped", [False, True])
def test_a_page_is_openais(form, type_, grouped):
    groups = {"group_by[]": form.groups} if grouped else {}
    wanted = parse({"start_time": [str(START)], "limit": ["2"], **groups}, form, START + 9 * 86_400)
    shown = page(wanted, [ROW])
    read = type_.model_validate(shown)
    first, second = read.data
    assert (first.start_time, first.end_time, second.results) == (START, START + 86_400, [])
    (result,) = first.results
    assert result.object == form.object
    assert (result.user_id, result.api_key_id) == (("u", "k") if grouped else (None, None))
    fields = set(type(result).model_fields)
    assert set(shown["data"][0]["results"][0]) - fields == {"group"}
