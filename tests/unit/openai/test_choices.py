"""`n`: several answers as one."""

from hypothesis import given
from hypothesis import strategies as st

from services.openai.choices import interleaved, summed, together

USAGE = st.fixed_dictionaries(
    {
        "prompt_tokens": st.integers(0, 99),
        "prompt_tokens_details": st.fixed_dictionaries({"cached_tokens": st.integers(0, 9)}),
    }
)


def chunk(text):
    return {"id": "c", "choices": [{"index": 0, "delta": {"content": text}}], "usage": None}


def spent(usage):
    return {"id": "c", "choices": [], "usage": usage}


@given(
    texts=st.lists(st.lists(st.one_of(st.none(), st.text(min_size=1)), max_size=4), min_size=1, max_size=4), usage=USAGE
)
def test_interleaved_streams_are_each_whole_under_their_own_index(texts, usage):
    streams = [iter([text and chunk(text) for text in one] + [spent(usage)]) for one in texts]
    *chunks, last = interleaved(streams)
    said = dict.fromkeys(range(len(texts)), "")
    for one in filter(None, chunks):
        (choice,) = one["choices"]
        said[choice["index"]] += choice["delta"]["content"]
    assert list(said.values()) == ["".join(filter(None, one)) for one in texts]
    assert (last["choices"], last["usage"]) == ([], summed([usage] * len(texts)))


def test_a_chunk_leaves_before_any_other_is_read():
    def one(text):
        yield chunk(text)
        raise AssertionError

    said = interleaved([one("a"), one("b")])
    assert [next(said)["choices"][0]["delta"]["content"] for _ in "ab"] == ["a", "b"]


def test_streams_that_say_no_usage_end_without_one():
    assert list(interleaved([iter([chunk("a")]), iter([])])) == [chunk("a")]


def test_usage_adds_up_with_its_details():
    one = {"prompt_tokens": 3, "prompt_tokens_details": {"cached_tokens": 1}}
    assert summed([one, one]) == {"prompt_tokens": 6, "prompt_tokens_details": {"cached_tokens": 2}}


def test_completions_become_one_with_a_choice_each():
    ones = [{"id": "c", "choices": [{"index": 0, "message": text}], "usage": {"total_tokens": 2}} for text in "ab"]
    assert together(ones) == {
        "id": "c",
        "choices": [{"index": 0, "message": "a"}, {"index": 1, "message": "b"}],
        "usage": {"total_tokens": 4},
    }
