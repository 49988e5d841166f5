"""What is stored of responses, and who reaches it."""

import json
from types import SimpleNamespace

import pytest

from pennyworth.body import check
from pennyworth.errors import Problem
from services.openai.responses import state as states
from services.openai.responses.conversation import told
from services.openai.responses.request import ResponseRequest
from services.openai.responses.retrieval import Page, listed
from services.openai.responses.state import Record, State, packed

ID = "resp_" + "a" * 48
NEW = "resp_" + "b" * 48


class Objects(dict):
    """A person's store, in memory."""

    def put(self, key, body, content_type):
        assert content_type == "application/json"
        self[key] = body

    def get(self, key):
        body = dict.get(self, key)
        return None if body is None else SimpleNamespace(body=body)

    def delete(self, key):
        return self.pop(key, None) is not None


def stored(status="completed", output=(), items=()):
    objects = Objects()
    State(objects).save({"id": ID, "status": status, "output": list(output)}, packed(list(items)))
    return State(objects)


def request(**fields):
    return check(ResponseRequest, {"model": "m", **fields})


def test_a_response_is_found_again_and_forgotten():
    state = stored(output=[{"id": "x"}], items=[{"id": "y"}])
    assert state.find(ID).conversation == [{"id": "y"}, {"id": "x"}]
    state.forget(ID)
    with pytest.raises(Problem):
        state.forget(ID)


@pytest.mark.parametrize(
    "name",
    [
        *("", "resp_", "resp_1", "../files/x", "resp_" + "A" * 48, ID + "\n", ID + "/../x", "resp_" + "a" * 47 + "/"),
        "resp_" + "\u0661" * 48,
    ],
)
def test_what_is_no_id_of_ours_never_becomes_a_key(name):
    class Untouched:
        def __getattr__(self, name):
            raise AssertionError(f"the store was asked to {name}")

    state = State(Untouched())
    for reach in (state.find, state.forget):
        with pytest.raises(Problem) as raised:
            reach(name)
        assert (raised.value.code, raised.value.status) == ("not_found", 404)
    assert state.item(name) is None
    assert state.item(f"msg_{name}") is None


def test_without_a_bucket_nothing_is_found():
    with pytest.raises(Problem) as raised:
        State(None).find(ID, "previous_response_id")
    assert (raised.value.code, raised.value.param) == ("not_found", "previous_response_id")


def test_the_conversation_is_all_that_was_said_and_each_item_has_an_id():
    before = {"type": "message", "id": "msg_1", "role": "user", "content": [{"type": "input_text", "text": "a"}]}
    answer = {"type": "message", "id": "msg_2", "role": "assistant", "content": []}
    said = told(request(input="b", previous_response_id=ID), stored(output=[answer], items=[before]), NEW)
    assert said.items[:2] == [before, answer]
    assert said.items[2]["id"] == "msg_" + "b" * 48 + "0002"
    assert said.places == ["previous_response_id", "previous_response_id", "input"]


def test_a_reference_is_the_item_it_names():
    item = {"type": "message", "id": "msg_" + "a" * 48 + "0001", "role": "assistant", "content": []}
    state = stored(output=[item])
    for reference in ({"type": "item_reference", "id": item["id"]}, {"id": item["id"]}):
        assert told(request(input=[reference]), state, NEW).items == [item]
    with pytest.raises(Problem) as raised:
        told(request(input=[{"type": "item_reference", "id": item["id"][:-1] + "2"}]), state, NEW)
    assert (raised.value.param, raised.value.status) == ("input[0].id", 404)


def test_reasoning_is_completed_by_what_was_stored_of_it():
    item = {"type": "reasoning", "id": "rs_" + "a" * 48 + "0001", "summary": [], "encrypted_content": "kept"}
    bare = {"type": "reasoning", "id": item["id"], "summary": []}
    assert told(request(input=[bare]), stored(output=[item]), NEW).items == [item]
    assert told(request(input=[bare]), State(None), NEW).items == [bare]


def test_a_response_that_failed_is_not_gone_on_from():
    with pytest.raises(Problem) as raised:
        told(request(input="b", previous_response_id=ID), stored(status="failed"), NEW)
    assert raised.value.param == "previous_response_id"


def test_a_conversation_too_long_to_store_is_refused_while_nothing_was_asked(monkeypatch):
    monkeypatch.setattr(states, "_MOST_BYTES", 10)
    with pytest.raises(Problem) as raised:
        packed([{"id": "x" * 20}])
    assert raised.value.status == 413


ITEMS = [{"id": f"i{index}", "type": "message"} for index in range(5)]


@pytest.mark.parametrize(
    ("page", "ids", "more"),
    [
        ({}, ["i4", "i3", "i2", "i1", "i0"], False),
        ({"order": "asc", "limit": "2"}, ["i0", "i1"], True),
        ({"order": "asc", "limit": "2", "after": "i1"}, ["i2", "i3"], True),
        ({"order": "desc", "limit": "2", "after": "i1"}, ["i0"], False),
        ({"order": "asc", "after": "i4"}, [], False),
    ],
)
def test_items_come_in_pages(page, ids, more):
    made = listed(Record({"output": []}, ITEMS), check(Page, page), encrypted=False)
    assert [item["id"] for item in made["data"]] == ids
    assert (made["object"], made["has_more"]) == ("list", more)
    assert (made["first_id"], made["last_id"]) == ((ids[0], ids[-1]) if ids else (None, None))


@pytest.mark.parametrize("page", [{"limit": "0"}, {"limit": "101"}, {"limit": "x"}, {"order": "up"}, {"after": "i9"}])
def test_a_page_that_cannot_be_is_refused_by_its_parameter(page):
    with pytest.raises(Problem) as raised:
        listed(Record({"output": []}, ITEMS), check(Page, page), encrypted=False)
    assert raised.value.param == next(iter(page))


def test_items_show_reasoning_to_keep_to_who_asked_alone():
    kept = {"id": "rs", "type": "reasoning", "summary": [], "encrypted_content": "x"}
    record = Record({"output": []}, [kept])
    assert listed(record, Page(), encrypted=True)["data"] == [kept]
    assert "encrypted_content" not in json.dumps(listed(record, Page(), encrypted=False))


def test_references_cannot_make_a_request_of_megabytes_from_one_of_bytes():
    """Thousands of references to one long item, of 60 bytes each."""
    state = stored(items=[{"id": f"msg_{'a' * 48}0000", "type": "message", "role": "user", "content": []}])
    for kind in ({"type": "item_reference"}, {"type": "reasoning", "summary": []}):
        with pytest.raises(Problem) as raised:
            told(request(input=[{**kind, "id": f"msg_{'a' * 48}0000"}] * 2), state, NEW)
        assert (raised.value.code, raised.value.param) == ("invalid_value", "input[1].id")


def test_a_request_makes_us_read_a_bounded_number_of_responses():
    """Reasoning of which nothing is stored is no error: each such id was a call of S3's."""

    class Counted(Objects):
        reads = 0

        def get(self, key):
            self.reads += 1
            return super().get(key)

    objects = Counted()
    items = [{"type": "reasoning", "summary": [], "id": f"rs_{at:048x}0000"} for at in range(5000)]
    with pytest.raises(Problem) as raised:
        told(request(input=items), State(objects), NEW)
    assert (raised.value.code, objects.reads) == ("invalid_value", 256)


def test_a_request_makes_us_hold_a_bounded_number_of_bytes(monkeypatch):
    monkeypatch.setattr(states, "_MOST_READ_BYTES", 100)
    objects = Objects()
    for letter in "abc":
        item = {"id": f"msg_{letter * 48}0000", "type": "message", "role": "user", "content": []}
        State(objects).save({"id": f"resp_{letter * 48}", "status": "completed", "output": []}, packed([item]))
    state = State(objects)
    assert state.item(f"msg_{'a' * 48}0000")
    with pytest.raises(Problem):
        state.item(f"msg_{'b' * 48}0000")


CUT = {"type": "function_call", "call_id": "c", "name": "f", "arguments": '{"city": "Os', "status": "incomplete"}
RESULT = {"type": "function_call_output", "call_id": "c", "output": "x"}


def types(said):
    return [item["type"] for item, _ in said.placed]


def test_a_call_that_was_cut_short_is_kept_and_not_told_to_the_model():
    kept = stored(status="incomplete", output=[{**CUT, "id": f"fc_{ID[5:]}0000"}])
    going_on = told(request(input="b", previous_response_id=ID), kept, NEW)
    assert [item["type"] for item in going_on.items] == ["function_call", "message"]
    assert types(going_on) == ["message"]
    assert types(told(request(input=[CUT, RESULT, {"role": "user", "content": "b"}]), State(None), NEW)) == ["message"]


@pytest.mark.parametrize("change", [{"status": "completed"}, {"arguments": "{}"}])
def test_a_call_that_is_whole_or_said_to_be_is_told(change):
    said = told(request(input=[CUT | change, RESULT]), State(None), NEW)
    assert types(said) == ["function_call", "function_call_output"]


FILE = {"type": "input_file", "file_url": "https://example.com/a.pdf"}


@pytest.mark.parametrize(
    ("item", "path"),
    [
        ({"role": "user", "content": [{"type": "input_text", "text": "a"}, FILE]}, "content[1]"),
        ({**RESULT, "output": [FILE]}, "output[0]"),
    ],
)
def test_a_file_somewhere_else_is_refused_by_its_path_with_the_remedy(item, path):
    with pytest.raises(Problem, match="'file_data'") as raised:
        told(request(input=[item]), State(None), NEW).placed  # noqa: B018 -- read to be refused
    assert (raised.value.code, raised.value.param) == ("unsupported_parameter", f"input[0].{path}.file_url")
