"""What reaches the terminal."""

import io
import json

import pytest

from pennyworth_cli.output import Output, Terminal
from pennyworth_cli.text import inline, plain


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


@pytest.mark.parametrize(
    "char", ["\u00ad", "\u034f", "\u180e", "\u2064", "\u3164", "\ufff9", "\U000e0041", "\ud800", "\x85"]
)
def test_what_cannot_be_seen_is_not_in_a_name(char):
    assert plain(f"ad{char}min") == "admin"


def test_a_name_is_no_row_of_its_own(capsys):
    name = "ada\nroot owner\u2028root owner\u2029root\towner"
    assert inline(name) == "ada root owner root owner root owner"
    Output().rows([{"name": name}], {"NAME": lambda each: each["name"]}, "none")
    Output().one({}, {"name": name})
    Output().note(name)
    Output().done({}, name)
    shown = capsys.readouterr()
    assert shown.out.splitlines() == ["NAME", inline(name), f"name  {inline(name)}"]
    assert shown.err.splitlines() == [inline(name)] * 2


def test_a_question_cannot_steer_the_terminal(monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    person = Terminal()
    person.can_retry = True
    assert person.agrees("Delete ada\x1b[2J\nroot\u202e?")
    assert capsys.readouterr().err == "Delete ada[2J root? [y/N]: "


def test_no_number_has_an_exponent_in_json(capsys):
    """jq and people read it; the texts stay as they are."""
    given = {"usd": 1e-05, "more": [1e22, -2.5e-07, 0.1, 12, 0.0], "text": '1e-05 "2e-06" \\', "1e-05": None}
    Output(as_json=True).json(given)
    shown = capsys.readouterr().out
    assert json.loads(shown) == given
    assert '"usd": 0.00001,' in shown
    assert "-0.00000025" in shown


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
    monkeypatch.setattr("sys.stdin", io.StringIO("me@example.com\n pass word \n"))
    person = Terminal()
    assert not person.can_retry
    assert (person.line("E-mail"), person.secret("Password")) == ("me@example.com", " pass word ")
    with pytest.raises(Exception, match="the input ended"):
        person.secret("Code")
