"""A cold start pays for what is imported: AWS's clients come with the first call that needs them."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_the_handler_is_imported_without_awss_clients():
    program = "import sys, services.admin.app; print({'boto3', 'botocore.client', 'requests', 'jwt'} & {*sys.modules})"
    environ = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "shared")])}
    run = subprocess.run([sys.executable, "-c", program], env=environ, capture_output=True, text=True, timeout=30)
    assert run.stdout.strip() == "set()", run.stderr
