import subprocess
import sys

from pennyworth.aws.connection import ascii_host

CONNECTED = """
import socket, sys, time
from pennyworth.aws.connection import connect
from pennyworth.aws.endpoint import SERVICES, Endpoint
with socket.create_server(("127.0.0.1", 0)) as server:
    port = server.getsockname()[1]
    connect(Endpoint(False, "localhost", port, "localhost", "", SERVICES["ssm"]), None, time.monotonic() + 5).close()
print(sys.modules.keys() & {"encodings.idna", "stringprep"})
"""


def test_a_connection_to_an_ascii_name_imports_no_codec_for_others():
    run = subprocess.run(
        [sys.executable, "-c", CONNECTED], env={"PYTHONPATH": "shared"}, capture_output=True, text=True
    )
    assert (run.stdout, run.stderr) == ("set()\n", "")


def test_other_names_are_left_to_it():
    assert ascii_host("b\u00fccher.example") == "b\u00fccher.example"
    assert ascii_host("example.com") == b"example.com"
