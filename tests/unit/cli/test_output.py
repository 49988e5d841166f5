"""What reaches the terminal."""

import json

import pytest

from pennyworth_cli.output import Output, Terminal, plain


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("\x1b[2J\x1b]0;owned\x07hello", "[2J]0;ownedhello"),
        ("a\rb\x08c\x9bm", "abcm"),
        ("user\u202ecod.exe", "usercod.exe"),
        ("a\u200ed\u200fm\u061ci\u200bn\u2060s\ufeff", "admins"),
        ("two\nlines\tand tabs", "two\nlines\tand tabs"),
        ("नमस्ते, 你好, 👩‍🚀", "नमस्ते, 你好, 👩‍🚀"),
    ],
)
def test_others_words_cannot_steer_the_terminal(given, shown):
    assert plain(given) == shown


def test_a_piped_table_has_a_line_a_row_whatever_its_width(capsys):
    rows = [{"name": "[red]x[/red] " + "long " * 100}, {"name": "two\nlines"}]
    Output().rows(rows, {"NAME": lambda each: each["name"], "NO": lambda each: None}, "none")
    shown = capsys.readouterr().out.splitlines()
    assert len(shown) == 3
    assert shown[1].startswith("[red]x[/red] long long")
    assert shown[2].split() == ["two", "lines"]


def test_nothing_is_an_empty_array_or_a_sentence(capsys):
    Output(as_json=True).rows([], {}, "There is nobody.")
    assert json.loads(capsys.readouterr().out) == []
    Output().rows([], {}, "There is nobody.")
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("", "There is nobody.\n")


def test_an_object_is_shown_by_its_lines_or_whole(capsys):
    Output().one({"id": 1}, {"id": "1", "long name": "x", "empty": None})
    assert capsys.readouterr().out == "id         1\nlong name  x\n"
    Output(as_json=True).one({"id": 1}, {})
    assert json.loads(capsys.readouterr().out) == {"id": 1}


@pytest.mark.parametrize(
    "text", ["x\x9b31m", "\x7f\x1b[2J", "user\u202ecod.exe", "a\u200b\u200f", "\ud83d", "two\nlines"]
)
def test_others_words_cannot_steer_the_terminal_as_json(capsys, text):
    """It is the same JSON all the same."""
    Output(as_json=True).one({"id": text, "name": "नमस्ते 👩‍🚀"}, {})
    shown = capsys.readouterr().out
    assert json.loads(shown) == {"id": text, "name": "नमस्ते 👩‍🚀"}
    assert plain(shown) == shown
    assert "नमस्ते 👩‍🚀" in shown


def test_a_script_answers_by_the_line(monkeypatch):
    import io

    monkeypatch.setattr("sys.stdin", io.StringIO("me@example.com\n pass word \n"))
    person = Terminal()
    assert not person.can_retry
    assert (person.line("E-mail"), person.secret("Password")) == ("me@example.com", " pass word ")
    with pytest.raises(Exception, match="the input ended"):
        person.secret("Code")
