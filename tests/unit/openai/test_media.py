"""Images and documents that Bedrock would refuse: a 400 that names the part."""

import base64
import tracemalloc

import pytest

from pennyworth.body import check
from pennyworth.errors import Problem
from services.openai.catalogue import find
from services.openai.chat import ChatRequest
from services.openai.converse import to_converse

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n0123").decode()
PDF = base64.b64encode(b"%PDF-1.4").decode()
TEXT = {"type": "text", "text": "What is it?"}


def image(url=f"data:image/png;base64,{PNG}"):
    return {"type": "image_url", "image_url": {"url": url}}


def file(**fields):
    return {"type": "file", "file": {"filename": "a.pdf", "file_data": PDF, **fields}}


def converse(*parts, model="nova-lite", role="user"):
    body = {"model": model, "messages": [{"role": "user", "content": "Hi"}, {"role": role, "content": list(parts)}]}
    return to_converse(check(ChatRequest, body), find(model))


PART = "messages[1].content[0]"


@pytest.mark.parametrize(
    ("parts", "param", "reason"),
    [
        ([image("https://example.com/a.png")], f"{PART}.image_url.url", "data:image/png;base64"),
        ([image("http://169.254.169.254/")], f"{PART}.image_url.url", "not fetched"),
        ([image(PNG)], f"{PART}.image_url.url", "data:image/png;base64"),
        ([image("data:image/png;base64,?")], f"{PART}.image_url.url", "not base64"),
        ([image("data:image/png;base64,")], f"{PART}.image_url.url", "empty"),
        ([image("data:image/png;base64," + PDF)], f"{PART}.image_url.url", "PNG, JPEG, GIF or WebP"),
        ([image("data:image/png;base64," + "A" * 5_000_100)], f"{PART}.image_url.url", "3.75 MB"),
        ([image()] * 21, "messages[1].content[20]", "20 images"),
        ([TEXT, *[file()] * 6], "messages[1].content[6]", "5 files"),
        ([file(filename="a.exe"), TEXT], f"{PART}.file.filename", "docx"),
        ([file(filename=None), TEXT], f"{PART}.file.filename", "docx"),
        ([file(file_data="data:application/pdf;base64,x"), TEXT], f"{PART}.file.file_data", "not base64"),
        ([file(file_data="A" * 6_000_100), TEXT], f"{PART}.file.file_data", "4.5 MB"),
    ],
)
def test_a_part_that_bedrock_would_refuse_is_named(parts, param, reason):
    with pytest.raises(Problem) as raised:
        converse(*parts)
    assert (raised.value.status, raised.value.code, raised.value.param) == (400, "invalid_value", param)
    assert reason in raised.value.message


@pytest.mark.parametrize(
    ("part", "model", "param"),
    [
        (image(), "nova-micro", PART),
        (image(), "llama-3.3-70b", PART),
        (file(), "gpt-oss-120b", PART),
        (file(file_data=None, file_id="file-1"), "nova-lite", f"{PART}.file.file_id"),
    ],
)
def test_what_a_model_does_not_take_is_named(part, model, param):
    with pytest.raises(Problem) as raised:
        converse(part, TEXT, model=model)
    assert (raised.value.code, raised.value.param) == ("unsupported_parameter", param)


def test_base64_may_be_wrapped_in_lines():
    (block,) = converse(image("data:image/png;base64," + "\r\n".join((PNG[:8], PNG[8:], ""))))["messages"][0][
        "content"
    ][1:]
    assert block["image"]["source"]["bytes"] == PNG


@pytest.mark.parametrize("role", ["system", "assistant"])
def test_only_the_user_shows_images(role):
    with pytest.raises(Problem) as raised:
        converse(image(), role=role)
    assert raised.value.param == "messages[1]"


def test_a_file_stands_beside_a_text():
    body = {"model": "nova-lite", "messages": [{"role": "user", "content": [file()]}]}
    with pytest.raises(Problem) as raised:
        to_converse(check(ChatRequest, body), find("nova-lite"))
    assert raised.value.param == "messages[0].content"


@pytest.mark.parametrize(
    ("filename", "name"),
    [
        ("Größe_2024  v1.pdf", "Gr e 2024 v1"),
        ("...pdf", "document"),
        (".pdf", "pdf"),
        ("x" * 300 + ".pdf", "x" * 190),
        ("[a] (b)-c.pdf", "[a] (b)-c"),
    ],
)
def test_a_documents_name_is_one_that_bedrock_takes(filename, name):
    (_, block, _) = converse(file(filename=filename), TEXT)["messages"][0]["content"]
    assert block["document"]["name"] == name


def test_a_url_of_many_parameters_takes_no_more_memory_than_its_own():
    url = "data:" + ";" * 1_000_000
    tracemalloc.start()
    with pytest.raises(Problem):
        converse(image(url))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 4 * len(url)


def test_parameters_of_a_data_uri_are_passed_over():
    url = f"data:image/png;name=a.png;charset=utf-8;base64,{PNG}"
    assert converse(image(url)) == converse(image())
