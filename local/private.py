"""Files with secrets in them: for their owner alone, whole or not at all."""

import os
from pathlib import Path


def write(path: Path, text: str) -> None:
    """Replace the file; its mode is 0600 from its first byte on, whatever was there before."""
    beside = path.with_name(f"{path.name}.new")
    beside.unlink(missing_ok=True)
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    beside.replace(path)


def read(path: Path) -> str:
    """The text; empty when there is none."""
    try:
        return path.read_text()
    except FileNotFoundError:
        return ""
