"""Forms, as clients write them and as they must not."""

from contextlib import suppress

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pennyworth.errors import Problem
from services.openai.files.form import form

TYPE = "multipart/form-data; boundary=x"


def section(disposition, content="abc", more=""):
    return f"--x\r\nContent-Disposition: {disposition}\r\n{more}\r\n{content}\r\n"


@given(
    st.dictionaries(st.from_regex("[a-z_]{1,9}", fullmatch=True), st.binary(max_size=200), max_size=5),
    st.binary(max_size=2000),
    st.text(st.characters(exclude_categories=["C"], exclude_characters='"\\'), min_size=1, max_size=30),
)
def test_what_httpx_writes_is_read(fields, content, filename):
    fields.pop("file", None)
    files = {name: (None, value) for name, value in fields.items()} | {"file": (filename, content)}
    request = httpx.Request("POST", "http://a", files=files)
    read = form(request.headers["content-type"], request.read())
    assert {name: field.content for name, field in read.items()} == {**fields, "file": content}
    assert read["file"].filename == filename
    assert all(read[name].filename is None for name in fields)


@pytest.mark.parametrize(
    ("disposition", "filename"),
    [
        ('form-data; name="f"; filename="a\\"b\\\\c"', 'a"b\\c'),
        ("form-data; name=f; filename=a.txt", "a.txt"),
        ("form-data; name=\"f\"; filename*=UTF-8''M%C3%A4rz", "März"),
        ('form-data; name="f"; filename="x"; filename*=utf-8\'de\'M%C3%A4rz', "März"),
        ('FORM-DATA; Name="f"; FileName=""', ""),
    ],
)
def test_a_files_name_is_read_as_curl_and_requests_write_it(disposition, filename):
    assert form(TYPE, (section(disposition) + "--x--\r\n").encode())["f"] == (b"abc", filename)


@pytest.mark.parametrize("kind", ['multipart/form-data; boundary="x"', "Multipart/Form-Data;charset=utf-8; boundary=x"])
def test_a_boundary_may_be_quoted_and_have_company(kind):
    assert form(kind, (section("form-data; name=f") + "--x--").encode())["f"].content == b"abc"


GOOD = section("form-data; name=f")


@pytest.mark.parametrize(
    "body",
    [
        "before\r\n" + GOOD + "--x--\r\nafter",
        "\r\n" + GOOD + "--x--\r\n",
        "--y\r\n\r\nno boundary\r\n" + GOOD + "--x--",
        GOOD + "--x--\r\n--x\r\nafter the end, a boundary says nothing",
        GOOD.replace("--x\r\n", "--x \t\r\n") + "--x-- \r\n",  # white space that a gateway may add
        GOOD + "--x--\t",
    ],
)
def test_what_is_around_the_fields_is_read_over(body):
    assert form(TYPE, body.encode()) == {"f": (b"abc", None)}


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", "{}"),
        ("multipart/form-data", GOOD + "--x--"),
        ("multipart/form-data; boundary=" + "x" * 71, GOOD + "--x--"),
        ("multipart/mixed; boundary=x", GOOD + "--x--"),
        (TYPE, ""),
        (TYPE, GOOD),  # cut short
        (TYPE, GOOD + "--x--" + "more"),
        (TYPE, GOOD + "--x--\nmore"),
        (TYPE, GOOD.replace("--x\r\n", "--x more\r\n") + "--x--"),
        (TYPE, "before\r\n" + GOOD),
        (TYPE, "before" + GOOD + "--x--"),
        (TYPE, GOOD.replace("--x", "--y") + "--y--"),
        (TYPE, "--x\r\n\r\nabc\r\n--x--"),  # no head
        (TYPE, section("attachment; name=f") + "--x--"),
        (TYPE, section("form-data") + "--x--"),
        (TYPE, section('form-data; name=""') + "--x--"),
        (TYPE, section("form-data; name=f; filename*=latin-1''a") + "--x--"),
        (TYPE, section("form-data; name=f", more="Content-Transfer-Encoding: base64\r\n") + "--x--"),
        (TYPE, section("form-data; name=f", more="x: " + "y" * 9000 + "\r\n") + "--x--"),
        (TYPE, "".join(section(f"form-data; name=f{n}") for n in range(17)) + "--x--"),
        (TYPE, GOOD + GOOD + "--x--"),  # twice
    ],
)
def test_what_is_no_whole_form_is_refused(kind, body):
    with pytest.raises(Problem) as raised:
        form(kind, body.encode())
    assert raised.value.status == 400


@given(st.binary(max_size=300))
def test_no_bytes_do_more_than_to_be_refused(body):
    for whole in (body, b"--x" + body, GOOD.encode() + body, b"--x\r\n" + body + b"\r\n--x--"):
        with suppress(Problem):
            form(TYPE, whole)


def test_a_text_is_no_file_and_is_utf_8():
    body = section('form-data; name="f"; filename="a"') + "--x--"
    with pytest.raises(Problem, match="not a file"):
        form(TYPE, body.encode())["f"].text("f")
    with pytest.raises(Problem, match="UTF-8"):
        form(TYPE, GOOD.encode().replace(b"abc", b"\xff") + b"--x--")["f"].text("f")
