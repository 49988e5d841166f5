"""`make rehearse`, whole: the real provider against the stand-in of AWS, a chat through what it made, and its end."""

import os
import subprocess
import sys

from tests.terraform.conftest import ROOT

_LIMIT_S = 400  # a busy machine included; on a quiet one it takes under two minutes


def test_a_rehearsal_goes_well_and_leaves_nothing(terraform, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "tools.rehearsal"],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=_LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "The rehearsal went well" in done.stdout
    assert not list(tmp_path.iterdir())
