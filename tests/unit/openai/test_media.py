"""Images and documents that Bedrock would refuse: a 400 that names the part."""

import base64
import struct
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


def sound(content=b"RIFF\0\0\0\0WAVEfmt ", form="wav", **fields):
    data = base64.b64encode(content).decode()
    return {"type": "input_audio", "input_audio": {"data": data, "format": form, **fields}}


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


def png(width, height):
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", width, height)


def gif(width, height):
    return b"GIF89a" + struct.pack("<HH", width, height)


def jpeg(width, height, frame=0xC0, before=b""):
    return b"\xff\xd8\xff\xe0\0\x04ab" + before + struct.pack(">BBHBHHB", 0xFF, frame, 17, 8, height, width, 3)


def webp(kind, data):
    return b"RIFF" + struct.pack("<I", 4 + 8 + len(data)) + b"WEBP" + kind + struct.pack("<I", len(data)) + data


def lossy(width, height):
    return webp(b"VP8 ", b"\0\0\0\x9d\x01\x2a" + struct.pack("<HH", width | 0x4000, height | 0x8000) + b"\0" * 4)


def lossless(width, height):
    return webp(b"VP8L", b"\x2f" + struct.pack("<I", width - 1 | (height - 1) << 14) + b"\0" * 8)


def extended(width, height):
    return webp(b"VP8X", b"\0" * 4 + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little"))


IMAGES = [
    png,
    gif,
    jpeg,
    lambda width, height: jpeg(width, height, 0xC2),  # progressive
    lambda width, height: jpeg(width, height, before=b"\xff\xff\xff\xc4\0\x04ab"),  # filled; tables before the frame
    lossy,
    lossless,
    extended,
]


def shown(content):
    return image(f"data:image/png;base64,{base64.b64encode(content).decode()}")


@pytest.mark.parametrize("make", IMAGES)
@pytest.mark.parametrize(("width", "height"), [(8001, 1), (1, 8001)])
def test_an_image_of_more_pixels_than_bedrock_takes_is_named_with_its_size(make, width, height):
    with pytest.raises(Problem) as raised:
        converse(shown(make(width, height)))
    assert (raised.value.code, raised.value.param) == ("invalid_value", f"{PART}.image_url.url")
    assert f"is {width} x {height} pixels, and Bedrock takes 8000 a side" in raised.value.message


@pytest.mark.parametrize("make", IMAGES)
def test_an_image_of_8000_pixels_a_side_is_sent(make):
    assert "image" in converse(shown(make(8000, 8000)))["messages"][0]["content"][1]


@pytest.mark.parametrize("make", IMAGES)
def test_an_image_that_breaks_off_is_left_to_bedrock(make):
    whole = make(9000, 9000)
    for end in range(12, len(whole)):
        try:
            converse(shown(whole[:end]))
        except Problem as problem:
            assert "9000" in problem.message or "holds no" in problem.message  # noqa: PT017


def test_a_jpeg_of_millions_of_markers_is_not_looked_through():
    assert "image" in converse(shown(b"\xff\xd8\xff" + b"\xff" * 3_000_000))["messages"][0]["content"][1]


@pytest.mark.parametrize(
    ("content", "form"),
    [
        (b"RIFF\0\0\0\0WAVEfmt ", "wav"),
        (b"ID3\4\0", "mp3"),
        (b"\xff\xfb\x90\0", "mp3"),
        (b"\xff\xf3\x40\0", "mp3"),
    ],
)
def test_a_recording_is_an_audio_block(content, form):
    block = converse(TEXT, sound(content, form), model="voxtral-small")["messages"][0]["content"][-1]
    assert block == {"audio": {"format": form, "source": {"bytes": base64.b64encode(content).decode()}}}


@pytest.mark.parametrize(
    ("part", "param", "words"),
    [
        (sound(data="?"), f"{PART}.input_audio.data", "not base64"),
        (sound(b""), f"{PART}.input_audio.data", "empty"),
        (sound(form="mp3"), f"{PART}.input_audio.data", "no MP3"),
        (sound(b"ID3\4"), f"{PART}.input_audio.data", "no WAV"),
        (sound(b"RIFF\0\0\0\0WEBPVP8 "), f"{PART}.input_audio.data", "no WAV"),
        (sound(b"\xff\xd8\xff\xe0", "mp3"), f"{PART}.input_audio.data", "no MP3"),
        (sound(format="flac"), f"{PART}.input_audio.format", "'wav' or 'mp3'"),
        ({"type": "input_audio"}, PART, "input_audio"),
        ({"type": "input_audio", "input_audio": {"data": "AAAA"}}, f"{PART}.input_audio.format", "Missing"),
    ],
)
def test_a_recording_that_is_none_is_named(part, param, words):
    with pytest.raises(Problem, match=words) as raised:
        converse(part, model="voxtral-mini")
    assert (raised.value.status, raised.value.param) == (400, param)


def test_a_model_that_hears_nothing_says_so():
    with pytest.raises(Problem, match="does not take audio") as raised:
        converse(sound(), model="nova-lite")
    assert (raised.value.code, raised.value.param) == ("unsupported_parameter", PART)


@pytest.mark.parametrize("role", ["system", "assistant"])
def test_only_the_user_sends_recordings(role):
    with pytest.raises(Problem) as raised:
        converse(sound(), role=role, model="voxtral-mini")
    assert raised.value.param == "messages[1]"


@pytest.mark.parametrize("role", ["system", "developer"])
def test_a_model_that_takes_no_instructions_beside_audio_says_where_to_put_them(role):
    messages = [{"role": role, "content": "Write it down."}, {"role": "user", "content": [sound()]}]
    with pytest.raises(Problem, match="Say them in the user's message") as raised:
        to_converse(check(ChatRequest, {"model": "voxtral-mini", "messages": messages}), find("voxtral-mini"))
    assert (raised.value.code, raised.value.param) == ("unsupported_parameter", "messages[0]")


def test_five_files_are_taken_and_their_names_differ():
    blocks = converse(TEXT, *[file()] * 5)["messages"][0]["content"]
    names = [block["document"]["name"] for block in blocks if "document" in block]
    assert names == ["a", "a (2)", "a (3)", "a (4)", "a (5)"]


def test_files_are_counted_over_the_whole_conversation():
    messages = [{"role": "user", "content": [TEXT, *[file()] * 3]}, {"role": "assistant", "content": "Ok"}] * 2
    with pytest.raises(Problem, match="5 files") as raised:
        to_converse(check(ChatRequest, {"model": "nova-lite", "messages": messages}), find("nova-lite"))
    assert raised.value.param == "messages[2].content[3]"


@pytest.mark.parametrize(("size", "taken"), [(4_500_000, True), (4_500_003, False)])
def test_a_file_may_be_as_large_as_bedrock_takes(size, taken):
    part = file(file_data=base64.b64encode(b"%" * size).decode())
    if taken:
        assert converse(TEXT, part)
    else:
        with pytest.raises(Problem, match=r"4\.5 MB"):
            converse(TEXT, part)
