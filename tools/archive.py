"""Zip files that hold equal bytes whenever they hold equal files."""

import zipfile
from pathlib import Path
from typing import NamedTuple

_FIRST_DAY = (1980, 1, 1, 0, 0, 0)  # the earliest a zip file can say
_UNIX = 3
_LEVEL = 6  # 9 takes 2.5 times as long for 0.7 % less
_FILE, _EXECUTABLE = 0o100644, 0o100755


class Size(NamedTuple):
    """Bytes."""

    zipped: int
    unzipped: int


def pack(folder: Path, archive: Path, executables: frozenset[str] = frozenset()) -> Size:
    """Zip a folder's files: sorted, with fixed dates and modes. Empty folders are left out.

    Equal bytes also take an equal zlib, since deflate leaves its encoder free to choose.
    """
    files = sorted((path.relative_to(folder).as_posix(), path) for path in folder.rglob("*") if path.is_file())
    unzipped = 0
    with zipfile.ZipFile(archive, "w") as target:
        for name, path in files:
            entry = zipfile.ZipInfo(name, _FIRST_DAY)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = _UNIX
            entry.external_attr = (_EXECUTABLE if name in executables else _FILE) << 16
            content = path.read_bytes()
            unzipped += len(content)
            target.writestr(entry, content, compresslevel=_LEVEL)
    return Size(archive.stat().st_size, unzipped)
