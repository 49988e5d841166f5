"""Recordings, sent by the unmodified OpenAI SDK to the models that hear."""

import base64
import io
import wave

import openai
import pytest


def wav():
    """A tenth of a second of silence."""
    made = io.BytesIO()
    with wave.open(made, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes(bytes(3200))
    return made.getvalue()


MP3 = b"\xff\xfb\x90\x00" + bytes(413)  # one frame of silence


def heard(content, form):
    sound = {"type": "input_audio", "input_audio": {"data": base64.b64encode(content).decode(), "format": form}}
    return [{"role": "user", "content": [{"type": "text", "text": "Tell me what you hear."}, sound]}]


@pytest.mark.parametrize("model", ["voxtral-small", "voxtral-mini"])
@pytest.mark.parametrize(("content", "form"), [(wav(), "wav"), (MP3, "mp3")])
@pytest.mark.parametrize("stream", [False, True])
def test_a_model_hears_a_recording(gateway, model, content, form, stream):
    answer = gateway.openai().chat.completions.create(model=model, messages=heard(content, form), stream=stream)
    text = (
        "".join(chunk.choices[0].delta.content or "" for chunk in answer)
        if stream
        else answer.choices[0].message.content
    )
    assert f"audio ({form}, {len(content)} bytes)" in text


def test_a_model_that_hears_nothing_says_so_before_bedrock_is_asked(gateway, calls):
    with pytest.raises(openai.BadRequestError, match="does not take audio") as raised:
        gateway.openai().chat.completions.create(model="nova-lite", messages=heard(wav(), "wav"))
    assert raised.value.param == "messages[0].content[1]"
    assert calls() == []


def test_a_recording_in_another_format_than_it_says_is_refused(gateway, calls):
    with pytest.raises(openai.BadRequestError, match="no MP3 recording") as raised:
        gateway.openai().chat.completions.create(model="voxtral-mini", messages=heard(wav(), "mp3"))
    assert raised.value.param == "messages[0].content[1].input_audio.data"
    assert calls() == []


def test_instructions_beside_a_recording_are_refused_with_the_remedy(gateway, calls):
    messages = [{"role": "system", "content": "Write it down."}, *heard(wav(), "wav")]
    with pytest.raises(openai.BadRequestError, match="in the user's message") as raised:
        gateway.openai().chat.completions.create(model="voxtral-mini", messages=messages)
    assert raised.value.param == "messages[0]"
    assert calls() == []
