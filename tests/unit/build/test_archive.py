import os
import zipfile
from pathlib import Path

from tools.archive import pack


def write(folder: Path, names: list[str]) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    return folder


def test_equal_files_make_equal_bytes_whenever_and_however_they_were_written(tmp_path: Path) -> None:
    names = ["stream", "python/b.py", "python/a/x.py", "python/a.py"]
    first = write(tmp_path / "first", names)
    umask = os.umask(0o077)
    try:
        second = write(tmp_path / "elsewhere/second", names[::-1])
    finally:
        os.umask(umask)
    os.utime(second / "stream", (1, 1))
    (second / "python/b.py").chmod(0o777)
    pack(first, tmp_path / "first.zip", frozenset({"stream"}))
    pack(second, tmp_path / "second.zip", frozenset({"stream"}))
    assert (tmp_path / "first.zip").read_bytes() == (tmp_path / "second.zip").read_bytes()


def test_other_contents_make_other_bytes(tmp_path: Path) -> None:
    folder = write(tmp_path / "folder", ["a"])
    pack(folder, tmp_path / "before.zip")
    (folder / "a").write_text("b")
    pack(folder, tmp_path / "after.zip")
    assert (tmp_path / "before.zip").read_bytes() != (tmp_path / "after.zip").read_bytes()


def test_only_what_is_named_may_be_executed(tmp_path: Path) -> None:
    folder = write(tmp_path / "folder", ["stream", "python/a.py"])
    (folder / "python/a.py").chmod(0o777)
    pack(folder, tmp_path / "a.zip", frozenset({"stream"}))
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        modes = {entry.filename: oct(entry.external_attr >> 16) for entry in archive.infolist()}
    assert modes == {"stream": "0o100755", "python/a.py": "0o100644"}


def test_sizes_are_bytes_zipped_and_unzipped(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "zeros").write_bytes(bytes(100_000))
    size = pack(folder, tmp_path / "a.zip")
    assert size.unzipped == 100_000
    assert size.zipped == (tmp_path / "a.zip").stat().st_size < 1_000
