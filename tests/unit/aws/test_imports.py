"""What the transport may load: every cold start pays for it."""

import subprocess
import sys

# ssl comes with the first connection to AWS; the others never.
HEAVY = {
    "boto3",
    "botocore",
    "cryptography",
    "email",
    "http",
    "pathlib",
    "pydantic",
    "random",
    "requests",
    "ssl",
    "urllib.parse",
    "urllib3",
    "xml",
}


def test_importing_the_transport_loads_nothing_heavy() -> None:
    program = "import sys; before = set(sys.modules); import pennyworth.aws; print(*(set(sys.modules) - before))"
    environ = {"PYTHONPATH": "shared"}
    loaded = subprocess.run(
        [sys.executable, "-S", "-c", program], env=environ, capture_output=True, text=True, check=True, timeout=30
    ).stdout.split()
    assert "pennyworth.aws.signature" in loaded
    assert HEAVY & set(loaded) == set()
