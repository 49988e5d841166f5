from pathlib import Path

import pytest

from tools.rehearsal.errors import RehearsalError
from tools.rehearsal.steps import Steps


def test_a_step_is_one_line_with_its_time(tmp_path: Path) -> None:
    said: list[str] = []
    (tmp_path / "log").touch()
    with Steps(tmp_path / "log", said.append).step("Deploy"):
        assert "".join(said).strip() == "Deploy"
    assert "".join(said).split() == ["Deploy", "0.0", "s"]
    assert "".join(said).endswith("\n")


def test_a_failed_step_shows_its_own_log_and_no_other(tmp_path: Path) -> None:
    said: list[str] = []
    log = tmp_path / "log"
    log.write_text("before\n")
    steps = Steps(log, said.append)

    def fail() -> None:
        with steps.step("Deploy"), log.open("a") as file:
            file.write("during\n")
            file.flush()
            raise RehearsalError("no")

    with pytest.raises(RehearsalError):
        fail()
    assert steps.failed_log == "during"
    assert "".join(said).split() == ["Deploy", "failed"]
