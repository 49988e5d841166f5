"""Images and documents, sent by the unmodified OpenAI SDK."""

import base64
import struct
import zlib

import openai
import pytest


def png():
    """One red pixel."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\0\xff\0\0")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def uri(media_type, content):
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"


def user(*parts):
    return [{"role": "user", "content": [{"type": "text", "text": "Tell me what this is."}, *parts]}]


@pytest.mark.parametrize("model", ["claude-haiku-4.5", "nova-lite"])
@pytest.mark.parametrize("stream", [False, True])
def test_a_model_sees_an_image(gateway, model, stream):
    image = {"type": "image_url", "image_url": {"url": uri("image/png", png()), "detail": "auto"}}
    answer = gateway.openai().chat.completions.create(model=model, messages=user(image), stream=stream)
    text = (
        "".join(chunk.choices[0].delta.content or "" for chunk in answer)
        if stream
        else answer.choices[0].message.content
    )
    assert f"image (png, {len(png())} bytes)" in text


@pytest.mark.parametrize("model", ["claude-haiku-4.5", "nova-lite", "llama-3.3-70b"])
def test_a_model_reads_documents(gateway, model):
    parts = [
        {"type": "file", "file": {"filename": "q3_report.pdf", "file_data": uri("application/pdf", b"%PDF-1.4 x")}},
        {"type": "file", "file": {"filename": "q3 report.csv", "file_data": uri("text/csv", b"a,b")}},
    ]
    text = gateway.openai().chat.completions.create(model=model, messages=user(*parts)).choices[0].message.content
    assert "document q3 report (pdf, 10 bytes)" in text
    assert "document q3 report (2) (csv, 3 bytes)" in text


def test_an_image_of_too_many_pixels_is_refused_before_bedrock_is_asked(gateway, calls):
    large = png()[:16] + struct.pack(">II", 8001, 1) + png()[24:]
    image = {"type": "image_url", "image_url": {"url": uri("image/png", large)}}
    with pytest.raises(openai.BadRequestError, match="8001 x 1 pixels") as raised:
        gateway.openai().chat.completions.create(model="nova-lite", messages=user(image))
    assert raised.value.param == "messages[0].content[1].image_url.url"
    assert calls() == []
