import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.figures import FIGURES

ROOT = Path(__file__).parents[2]
LATEST = ROOT / "benchmarks/latest.json"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads Linux's process clocks")


def test_a_quick_run_measures_every_figure_and_writes_nothing() -> None:
    before = LATEST.read_bytes() if LATEST.exists() else None
    command = [sys.executable, "-m", "benchmarks", "--quick"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert run.returncode == 0, run.stderr
    rows = {line.split()[0]: float(line.split()[1]) for line in run.stdout.splitlines()[1:]}
    assert set(rows) == {figure.name for figure in FIGURES}
    assert all(value > 0 for value in rows.values())
    assert (LATEST.read_bytes() if LATEST.exists() else None) == before
