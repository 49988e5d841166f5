"""What a person sees while a command waits, and a script does not."""

import io
import sys
import time

import pytest

from pennyworth_cli.output import Output


class Screen(io.StringIO):
    def __init__(self, is_terminal: bool) -> None:
        super().__init__()
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal


@pytest.mark.parametrize(
    ("is_terminal", "as_json", "shown"), [(True, False, True), (True, True, False), (False, False, False)]
)
def test_long_work_is_shown_at_a_terminal_alone(monkeypatch, capsys, is_terminal, as_json, shown):
    screen = Screen(is_terminal)
    monkeypatch.setenv("TERM", "xterm-256color")
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "stderr", screen)
    with Output(as_json).working("Asking CloudWatch") as far:
        time.sleep(0.05)
        far("read until May")
        time.sleep(0.2)
    assert ("Asking CloudWatch" in screen.getvalue()) is shown
    assert ("Asking CloudWatch: read until May" in screen.getvalue()) is shown
    assert capsys.readouterr().out == ""
