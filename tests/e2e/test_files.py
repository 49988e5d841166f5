"""Files and uploads by the unmodified OpenAI SDK, and what is too large for the API straight to S3."""

import hashlib
import io
import json
import subprocess
import time

import httpx
import openai
import pytest

MIB = 1024 * 1024
PNG = b"\x89PNG\r\n\x1a\n0123"


@pytest.fixture
def client(gateway):
    return gateway.openai()


@pytest.fixture(scope="module")
def bob(gateway):
    """Another person's client."""
    return gateway.openai(gateway.key(gateway.user("bob.files@example.com"))["value"])


@pytest.fixture
def s3():
    """Any HTTP client, without a key of ours."""
    with httpx.Client(trust_env=False, timeout=30) as http:
        yield http


def test_a_file_is_kept_found_listed_read_and_deleted(client):
    content = bytes(range(256)) + b"\r\n--boundary\r\n"
    file = client.files.create(file=("Bericht für März.pdf", content), purpose="user_data")
    assert file.id.startswith("file-pw-")
    assert (file.bytes, file.filename, file.object) == (len(content), "Bericht für März.pdf", "file")
    assert (file.purpose, file.status) == ("user_data", "processed")
    assert abs(file.created_at - time.time()) < 60
    assert client.files.retrieve(file.id) == file
    assert file in client.files.list().data
    answer = client.files.content(file.id)
    assert answer.read() == content
    assert answer.response.headers["content-type"] == "application/octet-stream"
    assert answer.response.headers["x-content-type-options"] == "nosniff"
    assert answer.response.headers["content-disposition"].endswith(
        "; filename*=UTF-8''Bericht%20f%C3%BCr%20M%C3%A4rz.pdf"
    )
    deleted = client.files.delete(file.id)
    assert (deleted.id, deleted.deleted, deleted.object) == (file.id, True, "file")
    for call in (client.files.retrieve, client.files.content, client.files.delete):
        with pytest.raises(openai.NotFoundError):
            call(file.id)


def test_a_file_ends_as_asked_and_no_later_than_the_bucket_has_it(client):
    day = 86_400
    policy = {"anchor": "created_at", "seconds": 3600}
    short = client.files.create(file=("a.txt", b"a"), purpose="batch", expires_after=policy)
    assert short.expires_at == short.created_at + 3600
    file = client.files.create(file=("a.txt", b"a"), purpose="batch")
    assert file.expires_at - file.created_at in range(day, 366 * day, day)


def test_lists_have_pages_in_both_orders_and_a_purpose(gateway):
    client = gateway.openai(gateway.key(gateway.user("lister@example.com"))["value"])
    assert client.files.list().data == []
    purposes = ("vision", "batch", "vision", "user_data", "vision")
    ids = [client.files.create(file=(f"{n}.txt", b"x"), purpose=each).id for n, each in enumerate(purposes)]
    assert [file.id for file in client.files.list(limit=2)] == ids[::-1]  # page after page
    assert [file.id for file in client.files.list(limit=2, order="asc")] == ids
    first = client.files.list(limit=2, purpose="vision")
    assert (first.has_more, [file.id for file in first.data]) == (True, [ids[4], ids[2]])
    rest = first.get_next_page()
    assert (rest.has_more, [file.id for file in rest.data]) == (False, [ids[0]])


@pytest.mark.parametrize(
    ("query", "param"),
    [
        *(({"limit": 0}, "limit"), ({"limit": 10001}, "limit"), ({"after": "x"}, "after"), ({"order": "up"}, "order")),
        ({"purpose": "fun"}, "purpose"),
    ],
)
def test_a_list_is_asked_for_rightly(client, query, param):
    with pytest.raises(openai.BadRequestError) as raised:
        client.files.list(extra_query=query)
    assert raised.value.param == param


def test_nobody_reaches_anothers_file_or_upload(client, bob):
    file = client.files.create(file=("secret.txt", b"owls"), purpose="user_data")
    for call in (bob.files.retrieve, bob.files.content, bob.files.delete):
        with pytest.raises(openai.NotFoundError):
            call(file.id)
    assert file.id not in [each.id for each in bob.files.list()]
    assert bob.files.list(extra_query={"after": file.id}).data == []
    parts = [{"type": "text", "text": "Read."}, {"type": "file", "file": {"file_id": file.id}}]
    with pytest.raises(openai.NotFoundError) as raised:
        bob.chat.completions.create(model="nova-lite", messages=[{"role": "user", "content": parts}])
    assert raised.value.param == "messages[0].content[1].file.file_id"
    upload = client.uploads.create(bytes=4, filename="a", mime_type="text/plain", purpose="user_data")
    with pytest.raises(openai.NotFoundError):
        bob.uploads.parts.create(upload.id, data=b"abcd")
    with pytest.raises(openai.NotFoundError):
        bob.uploads.complete(upload.id, part_ids=[])
    with pytest.raises(openai.NotFoundError):
        bob.uploads.cancel(upload.id)
    assert client.files.content(file.id).read() == b"owls"


@pytest.mark.parametrize(
    "file_id",
    [
        *("file-pw-x", "file-abc", "..%2f..%2fusers", "upload.json", "file-pw-%00", "*", "file-pw-0/../../x"),
        *("..%2fu-2%2ffiles%2ffile-pw-000000000000u0000000000000000", "file-pw-000000000000u0000000000000000"),
    ],
)
def test_a_forged_id_is_no_file(gateway, file_id):
    with gateway.http() as http:
        for method, rest in (("GET", ""), ("GET", "/content"), ("DELETE", "")):
            answer = http.request(method, f"/files/{file_id}{rest}")
            assert answer.status_code == 404, answer.text
            assert answer.json()["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize(
    "name", ["a%0D%0Aset-cookie: x=1", "a%2Fb", "..", "a%5Cb", "a%00b", "x" * 256, "%E2%80%A8", ""]
)
def test_a_name_that_could_do_harm_is_refused(gateway, name):
    head = f"Content-Disposition: form-data; name=file; filename=\"a\"; filename*=UTF-8''{name}"
    purpose = 'Content-Disposition: form-data; name="purpose"\r\n\r\nbatch'
    body = f"--x\r\n{purpose}\r\n--x\r\n{head}\r\n\r\nabc\r\n--x--\r\n"
    with gateway.http() as http:
        answer = http.post("/files", content=body, headers={"content-type": "multipart/form-data; boundary=x"})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "file")
    assert "set-cookie" not in answer.headers


def test_a_name_goes_into_a_header_harmlessly(client):
    name = "a\"; filename=evil.html; <script>é%0d%0a'*.html"
    file = client.files.create(file=(name, b"<script>alert(1)</script>", "text/html"), purpose="user_data")
    headers = client.files.content(file.id).response.headers
    plain, _, coded = (
        headers["content-disposition"].removeprefix('attachment; filename="').partition("\"; filename*=UTF-8''")
    )
    assert plain == "a_22_ filename_evil.html_ _script___0d_0a__.html"  # the SDK writes %22 for a quote
    assert not set(coded) & set("\"';<> \r\n")
    assert headers["content-type"] == "application/octet-stream"


def test_a_key_for_mcp_alone_reaches_no_files(gateway):
    key = gateway.key(gateway.user("mcp.files@example.com"), scopes=["mcp"])["value"]
    client = gateway.openai(key)
    for call in (
        client.files.list,
        lambda: client.files.create(file=("a", b"a"), purpose="batch"),
        lambda: client.uploads.create(bytes=1, filename="a", mime_type="text/plain", purpose="batch"),
    ):
        with pytest.raises(openai.PermissionDeniedError):
            call()


@pytest.mark.parametrize(
    ("fields", "file", "param"),
    [
        ({}, ("a", b"x"), "purpose"),
        ({"purpose": "fun"}, ("a", b"x"), "purpose"),
        ({"purpose": "batch"}, None, "file"),
        ({"purpose": "batch", "color": "red"}, ("a", b"x"), "color"),
        ({"purpose": "batch", "expires_after[anchor]": "created_at"}, ("a", b"x"), "expires_after[seconds]"),
        (
            {"purpose": "batch", "expires_after[anchor]": "now", "expires_after[seconds]": "3600"},
            ("a", b"x"),
            "expires_after[anchor]",
        ),
    ],
)
def test_a_form_is_held_to_its_fields(gateway, fields, file, param):
    files = {name: (None, value) for name, value in fields.items()} | ({"file": file} if file else {})
    with gateway.http() as http:
        answer = http.post("/files", files=files or {"x": b""})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)


def test_what_is_no_form_is_refused(gateway):
    with gateway.http() as http:
        answers = [
            http.post("/files", json={"purpose": "batch"}),
            http.post("/files", content=b"--x--", headers={"content-type": "multipart/form-data"}),
            http.post("/files", content=b"nonsense", headers={"content-type": "multipart/form-data; boundary=x"}),
        ]
    assert [answer.status_code for answer in answers] == [400] * 3


def test_what_lambda_cannot_carry_is_413(client):
    with pytest.raises(openai.APIStatusError) as raised:
        client.files.create(file=("big", bytes(5 * MIB)), purpose="user_data")
    assert raised.value.status_code == 413
    file = client.files.create(file=("fits", bytes(4_400_000)), purpose="user_data")
    assert len(client.files.content(file.id).read()) == 4_400_000


def test_an_upload_in_parts_becomes_a_file(client):
    content = bytes(range(256)) * 40_000  # 10 MB
    upload = client.uploads.create(
        bytes=len(content), filename="data.jsonl", mime_type="text/jsonl", purpose="fine-tune"
    )
    assert (upload.status, upload.object, upload.file) == ("pending", "upload", None)
    assert upload.expires_at > upload.created_at
    size = 4_000_000
    pieces = [content[start : start + size] for start in range(0, len(content), size)]
    parts = [client.uploads.parts.create(upload.id, data=piece) for piece in reversed(pieces)]
    assert {(part.object, part.upload_id) for part in parts} == {("upload.part", upload.id)}
    ids = [part.id for part in reversed(parts)]
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    with pytest.raises(openai.BadRequestError) as raised:
        client.uploads.complete(upload.id, part_ids=ids, md5="0" * 32)
    assert raised.value.param == "md5"
    done = client.uploads.complete(upload.id, part_ids=ids, md5=md5)
    assert (done.status, done.file.filename, done.file.purpose) == ("completed", "data.jsonl", "fine-tune")
    assert client.uploads.complete(upload.id, part_ids=ids).file == done.file
    assert client.files.retrieve(done.file.id) == done.file
    assert client.files.content(done.file.id).read() == content  # by way of S3 itself, being over 10 MB
    for late in (
        lambda: client.uploads.cancel(upload.id),
        lambda: client.uploads.parts.create(upload.id, data=b"x"),
    ):
        with pytest.raises(openai.BadRequestError, match="completed"):
            late()


def test_the_sdk_chunks_a_file_by_itself(client):
    content = b"owls at night " * 500_000  # 7 MB
    done = client.uploads.upload_file_chunked(
        file=content,
        filename="owls.txt",
        bytes=len(content),
        mime_type="text/plain",
        purpose="assistants",
        part_size=3 * MIB,
    )
    assert client.files.content(done.file.id).read() == content


def test_an_upload_is_held_to_what_was_said_of_it(client):
    upload = client.uploads.create(bytes=4, filename="a", mime_type="text/plain", purpose="batch")
    with pytest.raises(openai.BadRequestError, match="nothing was sent"):
        client.uploads.complete(upload.id, part_ids=[])
    part = client.uploads.parts.create(upload.id, data=b"abc")
    with pytest.raises(openai.BadRequestError, match="3 bytes") as raised:
        client.uploads.complete(upload.id, part_ids=[part.id])
    assert raised.value.param == "part_ids"
    for ids, param in (
        ([part.id, part.id], "part_ids"),
        (["part_pw_" + "0" * 32], "part_ids[0]"),
        (["../x"], "part_ids[0]"),
    ):
        with pytest.raises(openai.BadRequestError) as raised:
            client.uploads.complete(upload.id, part_ids=ids)
        assert raised.value.param == param
    assert client.uploads.cancel(upload.id).status == "cancelled"
    assert client.uploads.cancel(upload.id).status == "cancelled"
    with pytest.raises(openai.BadRequestError, match="cancelled"):
        client.uploads.parts.create(upload.id, data=b"abcd")


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"bytes": 0}, "bytes"),
        ({"bytes": 8 * 1024**3 + 1}, "bytes"),
        ({"bytes": "4"}, "bytes"),
        ({"filename": "a/b"}, "filename"),
        ({"filename": 5}, "filename"),
        ({"purpose": "fun"}, "purpose"),
        ({"mime_type": None}, "mime_type"),
        ({"expires_after": {"anchor": "created_at", "seconds": 5}}, "expires_after[seconds]"),
        ({"color": "red"}, "color"),
    ],
)
def test_an_upload_begins_rightly(gateway, change, param):
    body = {"bytes": 4, "filename": "a", "mime_type": "text/plain", "purpose": "batch", **change}
    with gateway.http() as http:
        answer = http.post("/uploads", json=body)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)


def test_a_large_file_goes_to_s3_in_one_put_and_comes_from_there(gateway, client, s3, tmp_path):
    content = bytes(range(256)) * 60_000  # 15 MB, more than the API takes or passes on
    body = {"bytes": len(content), "filename": "big.pdf", "mime_type": "application/pdf", "purpose": "user_data"}
    with gateway.http() as http:
        upload = http.post("/uploads", json=body).raise_for_status().json()
        assert upload["upload_url_expires_at"] <= time.time() + 900
        source = tmp_path / "big.pdf"
        source.write_bytes(content)
        subprocess.run(["curl", "-sSf", "-T", source, upload["upload_url"]], check=True, timeout=30)
        done = http.post(f"/uploads/{upload['id']}/complete", json={"part_ids": []}).raise_for_status().json()
        file_id = done["file"]["id"]
        found = http.get(f"/files/{file_id}/content")
        assert found.status_code == 302
        assert gateway.aws_url in found.headers["location"]
    direct = s3.get(found.headers["location"])
    assert direct.content == content
    assert direct.headers["content-disposition"] == "attachment; filename=\"big.pdf\"; filename*=UTF-8''big.pdf"
    assert client.files.content(file_id).read() == content  # the SDK follows, and leaves its key behind


def test_parts_go_to_s3_too_and_mix_with_others(gateway, client, s3):
    large, small = bytes(6 * MIB), b"small"
    content = small + large + small
    upload = client.uploads.create(bytes=len(content), filename="mixed", mime_type="text/plain", purpose="batch")
    with gateway.http() as http:
        promised = http.post(f"/uploads/{upload.id}/parts", json={"bytes": len(large)}).raise_for_status().json()
        assert promised["expires_at"] <= time.time() + 900
        refused = http.post(f"/uploads/{upload.id}/parts", json={"bytes": 0})
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "bytes")
    s3.put(promised["url"], content=large).raise_for_status()
    ends = [client.uploads.parts.create(upload.id, data=small).id for _ in range(2)]
    done = client.uploads.complete(upload.id, part_ids=[ends[0], promised["id"], ends[1]])
    assert client.files.content(done.file.id).read() == content


def test_a_presigned_url_names_one_key_one_method_and_one_length(gateway):
    body = {"bytes": 7, "filename": "a", "mime_type": "text/plain", "purpose": "batch"}
    with gateway.http() as http:
        upload = http.post("/uploads", json=body).json()
    url = httpx.URL(upload["upload_url"])
    assert url.path.endswith(f"/uploads/{upload['id']}/whole")
    assert "/users/" in url.path
    assert url.params["X-Amz-SignedHeaders"] == "content-length;host"
    assert int(url.params["X-Amz-Expires"]) <= 900


@pytest.mark.parametrize("stream", [False, True])
def test_a_chat_reads_a_file_by_its_id(client, stream):
    file = client.files.create(file=("q3_report.pdf", b"%PDF-1.4 owls"), purpose="user_data")
    parts = [{"type": "text", "text": "Tell me what this is."}, {"type": "file", "file": {"file_id": file.id}}]
    messages = [{"role": "user", "content": parts}]
    answer = client.chat.completions.create(model="nova-lite", messages=messages, stream=stream)
    text = (
        "".join(chunk.choices[0].delta.content or "" for chunk in answer)
        if stream
        else answer.choices[0].message.content
    )
    assert "document q3 report (pdf, 13 bytes)" in text


@pytest.mark.parametrize("file_id", ["file-pw-000000000000u0000000000000000", "file-pw-../x", "file-pw-"])
def test_a_chat_that_names_no_file_is_told(client, file_id):
    parts = [{"type": "text", "text": "Read."}, {"type": "file", "file": {"file_id": file_id}}]
    with pytest.raises(openai.NotFoundError) as raised:
        client.chat.completions.create(model="nova-lite", messages=[{"role": "user", "content": parts}])
    assert raised.value.param == "messages[0].content[1].file.file_id"


def test_a_providers_own_id_is_no_file_of_bedrocks(client):
    parts = [{"type": "text", "text": "Read."}, {"type": "file", "file": {"file_id": "file-abc123"}}]
    with pytest.raises(openai.BadRequestError, match="/v1/files") as raised:
        client.chat.completions.create(model="nova-lite", messages=[{"role": "user", "content": parts}])
    assert raised.value.param == "messages[0].content[1].file.file_id"


def test_files_may_be_read_from_a_stream(client):
    file = client.files.create(file=io.BytesIO(b"a,b"), purpose="user_data")
    assert client.files.content(file.id).text == "a,b"


@pytest.fixture
def picture(client):
    return client.files.create(file=("owl.png", PNG), purpose="vision")


@pytest.fixture
def report(client):
    return client.files.create(file=("q3_report.pdf", b"%PDF-1.4 owls"), purpose="user_data")


def test_a_chat_sees_an_image_by_its_id(client, picture):
    parts = [{"type": "text", "text": "Describe it."}, {"type": "image_url", "image_url": {"file_id": picture.id}}]
    answer = client.chat.completions.create(model="nova-lite", messages=[{"role": "user", "content": parts}])
    assert "image (png, 12 bytes)" in answer.choices[0].message.content


@pytest.mark.parametrize("stream", [False, True])
def test_a_response_reads_files_and_images_by_their_ids_also_when_it_goes_on(client, picture, report, stream):
    def said(**asked):
        made = client.responses.create(model="nova-lite", stream=stream, **asked)
        return list(made)[-1].response if stream else made

    parts = [
        {"type": "input_text", "text": "Tell me what these are."},
        {"type": "input_file", "file_id": report.id},
        {"type": "input_image", "file_id": picture.id, "detail": "low"},
    ]
    first = said(input=[{"role": "user", "content": parts}])
    for what in ("document q3 report (pdf, 13 bytes)", "image (png, 12 bytes)"):
        assert what in first.output_text
    (kept,) = client.responses.input_items.list(first.id).data
    assert [part.file_id for part in kept.content[1:]] == [report.id, picture.id]
    assert said(input="And?", previous_response_id=first.id).status == "completed"
    client.files.delete(report.id)
    with pytest.raises(openai.NotFoundError) as gone:
        said(input="And?", previous_response_id=first.id)
    assert gone.value.param == "previous_response_id"


@pytest.mark.parametrize("kind", ["input_file", "input_image"])
def test_a_response_that_names_no_file_is_told(client, kind):
    parts = [{"type": "input_text", "text": "Read."}, {"type": kind, "file_id": "file-pw-x"}]
    with pytest.raises(openai.NotFoundError) as raised:
        client.responses.create(model="nova-lite", input=[{"role": "user", "content": parts}])
    assert raised.value.param == "input[0].content[1].file_id"


@pytest.mark.parametrize("stream", [False, True])
def test_a_message_reads_files_and_images_by_their_ids(gateway, picture, report, stream):
    sources = [("document", report), ("image", picture)]
    parts = [{"type": kind, "source": {"type": "file", "file_id": file.id}} for kind, file in sources]
    say = [{"role": "user", "content": [*parts, {"type": "text", "text": "Tell me what these are."}]}]
    asked = {"model": "nova-lite", "max_tokens": 200, "messages": say}
    with gateway.http() as http:
        answer = http.post("/messages", json={**asked, "stream": stream}).raise_for_status()
        assert http.post("/messages/count_tokens", json={"model": "nova-lite", "messages": say}).is_success
    for what in ("q3 report pdf (pdf, 13 bytes)", "image (png, 12 bytes)"):
        assert what in (_spoken(answer) if stream else answer.json()["content"][0]["text"])


def _spoken(answer):
    told = [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: ")]
    return "".join(event["delta"]["text"] for event in told if event["type"] == "content_block_delta")


def test_a_message_cannot_name_anothers_file(gateway, report):
    other = gateway.key(gateway.user("eve-messages@example.com"))["value"]
    source = {"type": "file", "file_id": report.id}
    result = {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "document", "source": source}]}
    for block in ({"type": "document", "source": source}, result):
        say = [{"role": "user", "content": [block]}]
        with gateway.http(other) as http:
            answer = http.post("/messages", json={"model": "nova-lite", "max_tokens": 9, "messages": say})
        assert (answer.status_code, answer.json()["error"]["type"]) == (404, "not_found_error")
