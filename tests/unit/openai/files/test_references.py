"""Files named in a chat by their ids."""

import copy
from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pennyworth.aws.s3 import Entry
from pennyworth.errors import Problem
from services.openai.files.file import File, new_id
from services.openai.files.references import references, resolved

FOREVER = 4_000_000_000
PDF = File(new_id("user_data", 1_700_000_000, bytes(8)), "Q3.PDF", 4, FOREVER)
PNG = File(new_id("vision", 1_700_000_001, bytes(8)), "a.png", 4, FOREVER)
OLD = File(new_id("vision", 1_700_000_002, bytes(8)), "a.png", 4, 1_700_003_600)
HUGE = File(new_id("batch", 1_700_000_003, bytes(8)), "a.pdf", 15_000_000, FOREVER)


class Store:
    def __init__(self):
        self.reads = 0

    def list(self, prefix, after="", limit=1000):
        return tuple(
            Entry(each.key, each.size) for each in (PDF, PNG, OLD, HUGE) if each.key.startswith(prefix) and not after
        )

    def content(self, key):
        self.reads += 1
        return iter((b"ow", b"ls"))


def body(*parts):
    return {"model": "m", "messages": [{"role": "user", "content": list(parts)}]}


def file(**fields):
    return {"type": "file", "file": fields}


def image(**fields):
    return {"type": "image_url", "image_url": fields}


DATA = b64encode(b"owls").decode()


def test_files_and_images_become_what_they_hold():
    made = resolved(body(file(file_id=PDF.id), image(file_id=PNG.id, detail="low")), Store())
    assert made == body(
        file(file_data=f"data:application/pdf;base64,{DATA}", filename="Q3.PDF"),
        image(url=f"data:image/png;base64,{DATA}", detail="low"),
    )


def test_a_name_that_is_given_stays():
    made = resolved(body(file(file_id=PDF.id, filename="b.pdf")), Store())
    assert made["messages"][0]["content"][0]["file"]["filename"] == "b.pdf"


def test_a_file_named_twice_is_read_once():
    store = Store()
    resolved(body(file(file_id=PDF.id), file(file_id=PDF.id)), store)
    assert store.reads == 1


def test_ids_of_other_providers_and_all_else_stay_as_they_are():
    plain = body(file(file_id="file-abc"), file(file_data="x"), {"type": "text", "text": PDF.id}, image(url="u"))
    assert resolved(copy.deepcopy(plain), Store()) == plain
    assert not any(references(plain))


@pytest.mark.parametrize(
    ("parts", "code", "path"),
    [
        ([file(file_id="file-pw-x")], "not_found", "messages[0].content[0].file.file_id"),
        ([file(file_id=OLD.id)], "not_found", "messages[0].content[0].file.file_id"),
        (
            [{"type": "text", "text": ""}, image(file_id="file-pw-")],
            "not_found",
            "messages[0].content[1].image_url.file_id",
        ),
        ([file(file_id=PDF.id, file_data="x")], "invalid_value", "messages[0].content[0].file.file_id"),
        ([file(file_id=HUGE.id), file(file_id=HUGE.id)], "invalid_value", "messages[0].content[1].file.file_id"),
    ],
)
def test_what_cannot_be_put_in_is_named(parts, code, path):
    with pytest.raises(Problem) as raised:
        resolved(copy.deepcopy(body(*parts)), Store())
    assert (raised.value.code, raised.value.param) == (code, path)


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just("file"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["messages", "content", "type", "file", "file_id", "image_url"]), inner)
    ),
    max_leaves=20,
)


@given(json, json)
def test_no_body_is_too_odd_to_be_looked_at(messages, content):
    assert not any(references({"messages": messages}))
    assert not any(references({"messages": [{"content": content}, {"content": [content]}]}))


def test_a_file_named_a_thousand_times_is_looked_up_once():
    class Counted(Store):
        lists = 0

        def list(self, *args, **more):
            self.lists += 1
            return super().list(*args, **more)

    store = Counted()
    resolved(body(*(file(file_id=PNG.id) for _ in range(1000))), store)
    assert (store.lists, store.reads) == (1, 1)


def test_more_files_than_any_model_reads_are_not_looked_up():
    many = [File(new_id("vision", 1_700_000_000 + at, bytes(8)), "a.png", 0, FOREVER) for at in range(65)]

    class Full(Store):
        def list(self, prefix, after="", limit=1000):
            return tuple(Entry(each.key, each.size) for each in many if each.key.startswith(prefix))

    with pytest.raises(Problem) as raised:
        resolved(body(*(image(file_id=each.id) for each in many)), Full())
    assert raised.value.param == "messages[0].content[64].image_url.file_id"
