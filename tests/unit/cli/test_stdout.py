"""Where answers go: encodings that lack their characters, disks that are full, and answers that are odd."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

FULL = Path("/dev/full")
ROOT = Path(__file__).parents[3]
_LIMIT_S = 60
SAID = "na\u00efve \u65e5\u672c \U0001f389 \ud83d"  # the last one is half a character
CHUNK = json.dumps({"choices": [{"delta": {"content": SAID}}]})
MADE = {"id": "key_a", "name": "ci", "value": "sk-pw-secret", "effective_within_s": 60}


def run(server, *arguments, stdout=subprocess.PIPE, encoding="utf-8"):
    environ = os.environ | {
        "PENNYWORTH_ENDPOINT": server.url,
        "PENNYWORTH_TOKEN": "t",
        "PENNYWORTH_API_KEY": "k",
        "PYTHONIOENCODING": encoding,
    }
    return subprocess.run(
        [sys.executable, "-m", "pennyworth_cli", *arguments],
        cwd=ROOT / "cli",
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        timeout=_LIMIT_S,
        check=False,
    )


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [
        ("utf-8", "na\u00efve \u65e5\u672c \U0001f389 \\ud83d\n".encode()),
        ("cp1252", b"na\xefve \\u65e5\\u672c \\U0001f389 \\ud83d\n"),
        ("ascii", b"na\\xefve \\u65e5\\u672c \\U0001f389 \\ud83d\n"),
    ],
)
def test_an_answer_is_shown_in_what_an_encoding_has(server, encoding, shown):
    """It was paid for; Windows gives a pipe cp1252."""
    server.answers = [(200, {"content-type": "text/event-stream"}, f"data: {CHUNK}\n\ndata: [DONE]\n\n".encode())]
    done = run(server, "chat", "--model", "m", "Hello", encoding=encoding)
    assert (done.returncode, done.stdout, done.stderr) == (0, shown, b"")


def test_a_name_is_shown_in_what_an_encoding_has(server):
    server.answers = [(200, {}, {"data": [{"id": SAID, "owned_by": "x", "created": 0}]})]
    table = run(server, "models", encoding="ascii")
    assert (table.returncode, b"na\\xefve" in table.stdout) == (0, True)
    for encoding in ("ascii", "cp1252", "utf-8"):
        done = run(server, "models", "--json", encoding=encoding)
        assert (done.returncode, json.loads(done.stdout.decode(encoding))[0]["id"]) == (0, SAID)


@pytest.mark.skipif(not FULL.exists(), reason="Linux has a disk that is always full")
@pytest.mark.parametrize("arguments", [("models",), ("models", "--json"), ("chat", "--model", "m", "Hello")])
def test_a_full_disk_is_one_line(server, arguments):
    answers = {"models": (200, {}, {"data": [{"id": "m", "owned_by": "x", "created": 0}]})}
    server.answers = [answers.get(arguments[0], (200, {}, f"data: {CHUNK}\n\ndata: [DONE]\n\n".encode()))]
    with FULL.open("w") as full:
        done = run(server, *arguments, stdout=full)
    assert done.returncode == 1
    assert done.stderr.startswith(b"pennyworth: stdout cannot be written: No space left")
    assert done.stderr.count(b"\n") == 1


@pytest.mark.skipif(not FULL.exists(), reason="Linux has a disk that is always full")
@pytest.mark.parametrize("arguments", [("create", "ci"), ("create", "ci", "--json"), ("rotate", "key_a")])
def test_a_secret_that_nobody_saw_is_told_to_be_replaced(server, arguments):
    server.answers = [(200, {}, MADE)]
    with FULL.open("w") as full:
        done = run(server, "keys", *arguments, stdout=full)
    assert done.returncode == 1
    assert b"`pennyworth keys rotate key_a --overlap 0s`" in done.stderr
    assert b"sk-pw-secret" not in done.stderr
    assert b"Traceback" not in done.stderr


def test_a_reader_that_goes_ends_the_program_without_a_word(server):
    server.answers = [(200, {}, {"data": [{"id": "m", "owned_by": "x", "created": 0}]})]
    read, write = os.pipe()
    os.close(read)
    done = run(server, "models", stdout=write)
    os.close(write)
    assert (done.returncode, done.stderr) == (1, b"")
    server.answers = [(200, {}, MADE)]
    read, write = os.pipe()
    os.close(read)
    done = run(server, "keys", "create", "ci", stdout=write)
    os.close(write)
    assert (done.returncode, b"keys rotate key_a" in done.stderr) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        (("models",), {"data": [{"id": "m", "owned_by": "x", "created": 99999999999999}]}),
        (("models",), {"data": [{"id": "m", "owned_by": "x", "created": 1e300}]}),
        (("models",), {"data": 7}),
        (("models",), {"data": ["m"]}),
        (("whoami",), {"user": "ada", "policy": {}, "limits": {}}),
        (("usage",), {"data": [{"start_time": 0, "results": [{"input_tokens": "many"}]}]}),
        (("usage",), {"data": [{"start_time": 0, "results": [{"amount": {"value": "much"}}]}]}),
        (("usage",), {"data": [{"start_time": 0, "results": ["x"]}]}),
        (("chat", "--model", "m", "--json", "Hello"), {"choices": []}),
    ],
)
def test_an_odd_answer_is_one_line(server, arguments, answer):
    server.answers = [(200, {}, answer)]
    done = run(server, *arguments)
    assert done.returncode == 1
    assert done.stderr.startswith(b"pennyworth: The answer ")
    assert b"different versions" in done.stderr
    assert done.stderr.count(b"\n") == 1
