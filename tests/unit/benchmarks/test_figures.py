import json
from pathlib import Path

import pytest

from benchmarks.__main__ import LATEST
from benchmarks.figures import FIGURES, Figure, Result, document, results, table, write

ASKED_FOR = {
    "chat_cpu_ratio": 0.9,
    "stream_cpu_ratio": 0.8,
    "cold_start_ratio": 0.9,
    "authorizer_cold_ratio": 0.8,
    "mcp_cold_ratio": 1.8,
    "rss_mb": 65,
    "layer_mb": None,
    "openai_zip_mb": None,
}


def test_every_figure_asked_for_has_its_budget() -> None:
    budgets = {figure.name: figure.budget for figure in FIGURES}
    assert {name: budgets[name] for name in ASKED_FOR} == ASKED_FOR
    assert len(budgets) == len(FIGURES), "names are unique"


@pytest.mark.parametrize("figure", [each for each in FIGURES if each.budget is not None], ids=lambda each: each.name)
def test_what_was_measured_last_is_within_its_budget(figure: Figure) -> None:
    assert figure.budget is not None
    assert json.loads(LATEST.read_text())[figure.name] <= figure.budget


def test_the_median_is_held_against_the_budget() -> None:
    figure = Figure("a", "of a", 0.9)
    assert Result(figure, (0.1, 0.9, 5.0)).holds is True
    assert Result(figure, (0.1, 0.91, 5.0)).holds is False
    assert Result(Figure("b", "of b"), (99.0,)).holds is None


def test_a_figure_that_was_not_measured_is_an_error() -> None:
    with pytest.raises(KeyError):
        results({"chat_cpu_ratio": [1.0]})


def test_the_table_shows_each_figure_beside_its_budget() -> None:
    rows = table([Result(Figure("a_ratio", "A / B", 0.9), (0.5, 1.0, 2.0)), Result(Figure("b", "B"), (3.0,))])
    _, over, free = rows.splitlines()
    assert over.split()[:6] == ["a_ratio", "1.000", "0.500", "2.000", "0.9", "NO"]
    assert free.split() == ["b", "3.000", "3.000", "3.000", "B"]


def test_the_file_has_the_medians_by_name_and_no_word_of_this_machine(tmp_path: Path) -> None:
    found = [Result(figure, (0.1, 0.25, 0.6)) for figure in FIGURES]
    write(found, "2026-01-02T03:04:05Z", tmp_path / "latest.json")
    kept = json.loads((tmp_path / "latest.json").read_text())
    assert {kept[figure.name] for figure in FIGURES} == {0.25}
    assert kept["range"]["chat_cpu_ratio"] == [0.1, 0.6]
    assert kept["budgets"]["rss_mb"] == 65
    assert kept["holds"] is True
    assert set(kept) - {figure.name for figure in FIGURES} == {
        *("date", "python", "machine", "holds", "budgets", "range", "rounds")
    }
    assert len(kept["machine"].split()) == 2, "a system and an architecture, no host name"


def test_one_figure_over_its_budget_is_told() -> None:
    held, over = Result(Figure("a", "A", 1), (0.5,)), Result(Figure("b", "B", 1), (1.5,))
    assert document([held], "today")["holds"] is True
    assert document([held, over], "today")["holds"] is False
