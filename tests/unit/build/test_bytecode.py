import importlib.util
import marshal
import struct
from pathlib import Path
from types import CodeType

import pytest

from tools.bytecode import precompile
from tools.errors import BuildError


def code_of(source: Path) -> tuple[int, CodeType]:
    """(flags, code) of a module's bytecode; PEP 552 has the layout."""
    content = Path(importlib.util.cache_from_source(str(source))).read_bytes()
    assert content[:4] == importlib.util.MAGIC_NUMBER
    (flags,) = struct.unpack("<I", content[4:8])
    return flags, marshal.loads(content[16:])  # noqa: S302 -- compiled a moment ago


def test_bytecode_is_unchecked_and_names_the_place_it_runs_at(tmp_path: Path) -> None:
    source = tmp_path / "package/module.py"
    source.parent.mkdir()
    source.write_text("def f():\n    assert 1\n    return 2\n")
    precompile(tmp_path, "/opt/python")
    flags, code = code_of(source)
    assert flags == 0b01  # hash-based, not checked
    assert code.co_filename == "/opt/python/package/module.py"


def test_a_syntax_error_stops_the_build_and_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("def f(:\n")
    with pytest.raises(BuildError, match=r"broken\.py"):
        precompile(tmp_path, "/var/task")
