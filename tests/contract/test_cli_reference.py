"""docs/cli.md is what the program says of itself, and the gateway has every route that the program asks."""

import re
from pathlib import Path

import yaml

from tools.cli_reference.page import PAGE, page

ROOT = Path(__file__).resolve().parents[2]
PATHS = yaml.safe_load((ROOT / "openapi.yaml").read_text())["paths"]
TEXT = re.compile(r'f?"(/(?:organization|me|models|chat|health|version|\.well-known)[^"]*)"')


def test_the_page_is_what_the_program_says():
    assert PAGE.read_text(encoding="utf-8") == page(), "write it again with `make docs`"


def test_every_route_the_program_asks_begins_one_of_the_contract():
    asked = {text for path in (ROOT / "cli").rglob("*.py") for text in TEXT.findall(path.read_text(encoding="utf-8"))}
    assert len(asked) > 8
    begun = {text.partition("{")[0] for text in asked}
    assert {begins for begins in begun if not any(_begins(path, begins) for path in PATHS)} == set()


def _begins(path, text):
    """Whether a path of the contract, whose {parameters} may be anything, begins with the text."""
    pattern = re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path))
    return any(
        re.fullmatch(pattern, f"{text}{rest}")
        for rest in ("", "x", "completions", "x/users", "x/users/x", "x/api_keys")
    )
