"""Files with secrets in them."""

from pathlib import Path

from local.private import read, write


def test_a_secret_is_for_its_owner_alone_whatever_was_there_before(tmp_path: Path) -> None:
    path = tmp_path / "env"
    path.write_text("old")
    path.chmod(0o644)
    write(path, "secret")
    assert path.stat().st_mode & 0o777 == 0o600
    assert read(path) == "secret"
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_is_replaced_and_not_written_through(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("untouched")
    (tmp_path / "env").symlink_to(target)
    write(tmp_path / "env", "secret")
    assert target.read_text() == "untouched"
    assert read(tmp_path / "env") == "secret"


def test_what_is_not_there_reads_as_nothing(tmp_path: Path) -> None:
    assert read(tmp_path / "none") == ""
