"""What happens to a state file that is not ours."""

import re
from pathlib import Path

import moto
import pytest

from local.aws.state import InUseError, StateFile

HEADER = f"pennyworth local state 1, moto {moto.__version__}\n".encode()


def restored(path: Path) -> str | None:
    file = StateFile(path)
    try:
        return file.restore()
    finally:
        file.release()


@pytest.mark.parametrize(
    ("content", "mode", "reason"),
    [
        (b"no state of ours", 0o600, "is not a state file of this version"),
        (b"pennyworth local state 0, moto 1.0\n\x80\x04.", 0o600, "is not a state file of this version"),
        (HEADER, 0o644, "may be read or written by others"),
        (HEADER + b"\x80\x04\x95\x10", 0o600, "is damaged"),
        (HEADER + b"cposix\nsystem\n(S'touch harm'\ntR.", 0o600, "is damaged .*posix.system"),
        (HEADER + b"cmoto.core.utils\nos.system\n(S'touch harm'\ntR.", 0o600, "is damaged .*os.system"),
        (HEADER + b"clocal.aws.state\npickle.loads\n(S'x'\ntR.", 0o600, "is damaged .*pickle.loads"),
    ],
)
def test_it_is_moved_aside_and_neither_read_nor_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, mode: int, reason: str
) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "aws"
    file.write_bytes(content)
    file.chmod(mode)
    said = restored(file)
    [aside] = tmp_path.glob("aws.unusable-*")
    assert aside.read_bytes() == content
    assert said is not None
    assert re.search(reason, said)
    assert str(aside) in said
    assert not file.exists()
    assert not (tmp_path / "harm").exists()


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_bytes(HEADER)
    target.chmod(0o600)
    (tmp_path / "aws").symlink_to(target)
    said = restored(tmp_path / "aws")
    assert said is not None
    assert "cannot be read" in said
    assert target.read_bytes() == HEADER


def test_no_file_is_a_fresh_start(tmp_path: Path) -> None:
    assert restored(tmp_path / "new" / "aws") is None


def test_two_holders_do_not_share_a_file(tmp_path: Path) -> None:
    holder = StateFile(tmp_path / "aws")
    with pytest.raises(InUseError, match="in use by another process"):
        StateFile(tmp_path / "aws")
    holder.release()
    StateFile(tmp_path / "aws").release()
