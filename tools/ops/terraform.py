"""Terraform: found, of a version that fits, and run."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tools.ops.errors import OpsError

LEAST, BELOW = (1, 11), (2, 0)  # as required_version in every versions.tf; 1.11 brought write-only arguments
_NEEDED = "1.11 or later, below 2"
_WHERE = "https://developer.hashicorp.com/terraform/install"
_VERSION = re.compile(r"^(\d+)\.(\d+)\.")


class Terraform:
    """Terraform in one folder. Raises OpsError unless its version fits."""

    def __init__(self, folder: Path, variables: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self._binary = _found()
        # Not what Terraform would have said next, but what we say.
        self._environ = {**os.environ, "TF_IN_AUTOMATION": "1", **(variables or {})}

    def show(self, *arguments: str) -> int:
        """Run it at this terminal and return its exit status.

        Ctrl-C reaches the whole process group: Terraform then finishes what it is at and gives back its lock, so it
        has to be waited for. A SIGTERM reaches only us and is passed on, to the same effect.
        """
        # Terraform colours what goes into files, too.
        plain = [] if sys.stdout.isatty() else ["-no-color"]
        with _patience() as tell:
            command = [self._binary, arguments[0], *plain, *arguments[1:]]
            process = subprocess.Popen(command, cwd=self.folder, env=self._environ)  # noqa: S603
            tell(process)
            return process.wait()

    def read(self, *arguments: str) -> str:
        """What it prints. Raises OpsError with its own words when it fails."""
        done = subprocess.run(  # noqa: S603
            [self._binary, *arguments],
            cwd=self.folder,
            env=self._environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise OpsError(f"terraform {arguments[0]} failed: {reason(done.stderr or done.stdout)}")
        return done.stdout

    def outputs(self) -> dict[str, Any]:
        """Name → value; empty when nothing is deployed."""
        return {name: output["value"] for name, output in json.loads(self.read("output", "-json")).items()}


def _found() -> str:
    binary = shutil.which("terraform")
    if binary is None:
        raise OpsError(f"terraform is not on the PATH: install {_NEEDED}, from {_WHERE}.")
    try:
        said = subprocess.run([binary, "version", "-json"], capture_output=True, text=True, check=False)  # noqa: S603
        version = json.loads(said.stdout)["terraform_version"]
    except (OSError, ValueError, KeyError, TypeError):
        raise OpsError(f"{binary} does not say its version: install Terraform {_NEEDED}, from {_WHERE}.") from None
    if not fits(version):
        raise OpsError(f"{binary} is Terraform {version}, needed is {_NEEDED}: {_WHERE}.")
    return binary


def fits(version: str) -> bool:
    parts = _VERSION.match(version)
    return parts is not None and LEAST <= (int(parts[1]), int(parts[2])) < BELOW


def reason(said: str) -> str:
    """Terraform's errors as one line: `title: explanation`, without frames and colours."""
    plain = re.sub(r"\x1b\[[0-9;]*m|[│╷╵]", "", said)
    errors = [" ".join(each.split()) for each in re.split(r"^\s*Error: ", plain, flags=re.MULTILINE)[1:]]
    text = "; ".join(errors).split(" To see which modules")[0] or " ".join(plain.split()) or "it says nothing."
    if "provider packages" in text or "install provider" in text:
        text += " (Terraform gets the AWS provider from registry.terraform.io, or from the mirror that the file named"
        text += " by TF_CLI_CONFIG_FILE says.)"
    return text


@contextmanager
def _patience() -> Iterator[Any]:
    """Outlive SIGINT, and pass SIGTERM on to the process told. Handlers, unlike SIG_IGN, are not inherited."""
    told: list[subprocess.Popen[bytes]] = []

    def pass_on(number: int, _frame: object) -> None:
        if number == signal.SIGTERM and told:
            told[0].send_signal(number)

    before = {number: signal.signal(number, pass_on) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield told.append
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
