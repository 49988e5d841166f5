"""The local folder: one run at a time, and nothing in it that is no longer true."""

from pathlib import Path

import pytest

from local import folder
from local.options import UsageError


def test_what_a_killed_run_said_of_itself_is_gone_before_the_next_starts(tmp_path: Path) -> None:
    (tmp_path / folder.FACTS).write_text("{}")
    with folder.alone(tmp_path):
        assert not (tmp_path / folder.FACTS).exists()


def test_a_run_that_is_refused_leaves_the_others_facts_alone(tmp_path: Path) -> None:
    with folder.alone(tmp_path), folder.known(tmp_path / folder.FACTS, {"base_url": "here"}):
        with pytest.raises(UsageError, match="another system runs"), folder.alone(tmp_path):
            pass
        assert (tmp_path / folder.FACTS).exists()


def test_the_folder_is_for_its_owner_alone(tmp_path: Path) -> None:
    with folder.alone(tmp_path / "local"):
        assert (tmp_path / "local").stat().st_mode & 0o077 == 0
