"""`make rehearse`, whole: the real provider against the stand-in of AWS, a chat through what it made, and its end."""

import os
import signal
import subprocess
import sys
import threading

from tests.processes import alive, family
from tests.terraform.conftest import ROOT

_LIMIT_S = 400  # a busy machine included; on a quiet one it takes under two minutes
_END_S = 30


def start(folder):
    return subprocess.Popen(
        [sys.executable, "-u", "-m", "tools.rehearsal"],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(folder)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_a_rehearsal_goes_well_and_leaves_nothing(terraform, tmp_path):
    with start(tmp_path) as process:
        try:
            said, _ = process.communicate(timeout=_LIMIT_S)
        finally:
            process.kill()
    assert process.returncode == 0, said
    assert "The rehearsal went well" in said
    assert not list(tmp_path.iterdir())


def test_interrupted_it_takes_everything_along(terraform, tmp_path):
    with start(tmp_path) as process:
        alarm = threading.Timer(_LIMIT_S, process.kill)
        alarm.start()
        try:
            said = ""
            while not said.endswith("Deploy") and (letter := process.stdout.read(1)):
                said += letter
            assert said.endswith("Deploy"), said
            descendants = family(process.pid)
            assert len(descendants) >= 3  # the leash and two stand-ins
            process.send_signal(signal.SIGINT)
            assert process.wait(_END_S) == 128 + signal.SIGINT
        finally:
            alarm.cancel()
            process.kill()
    assert not alive(descendants)
    assert not list(tmp_path.iterdir())
