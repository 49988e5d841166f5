"""What an operator types: the commands behind `make deploy`, `make plan`, `make admin`, `make destroy`."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from local.announcement import variables
from local.functions.process import Leash
from local.options import without_aws
from tools.rehearsal.errors import RehearsalError

ENVIRONMENT = "local"
_ROOT = Path(__file__).resolve().parents[2]
_LIMIT_S = 300.0  # for one command, on a machine that is busy
_GRACE_S = 5.0  # for Terraform to end, once told to


class Operator:
    """Works on a copy of the project, against the AWS at `aws_url`, with nothing of the shell's own AWS settings."""

    def __init__(
        self, project: Path, aws_url: str, values: Mapping[str, str], leash: Leash, on_line: Callable[[str], None]
    ) -> None:
        self._project, self._leash, self._on_line = project, leash, on_line
        self._environ = {
            **{name: value for name, value in without_aws().items() if not name.startswith("TF_")},
            **_mirror(),
            "AWS_ENDPOINT_URL": aws_url,
            "AWS_ACCESS_KEY_ID": "rehearsal",
            "AWS_SECRET_ACCESS_KEY": "rehearsal",
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": "127.0.0.1",
            "AUTO_APPROVE": "1",
            "CHECKPOINT_DISABLE": "1",
            "TF_CLI_ARGS": "-no-color",
            **{f"TF_VAR_{name}": value for name, value in values.items()},
        }

    async def deploy(self) -> None:
        await self._ops("deploy")

    async def check_settled(self) -> None:
        """Raises RehearsalError when a plan would still change something."""
        await self._ops("plan", "--detailed-exitcode", refusals={2: "the second plan is not empty"})

    async def administrator_token(self, email: str, password: str) -> str:
        """The ID token of a first administrator."""
        printed = await self._ops("admin", "--email", email, typed=f"{password}\n")
        token = variables("\n".join(printed)).get("PENNYWORTH_ADMIN_TOKEN")
        if not token:
            raise RehearsalError("admin prints no PENNYWORTH_ADMIN_TOKEN")
        return token

    async def destroy(self) -> None:
        await self._ops("destroy")

    async def _ops(
        self, command: str, *arguments: str, typed: str = "", refusals: Mapping[int, str] | None = None
    ) -> list[str]:
        """The lines it prints. `refusals`: exit status → what it means."""
        whole = ["-m", "tools.ops", "--root", str(self._project), command, "--env", ENVIRONMENT, *arguments]
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *whole,
            cwd=_ROOT,
            env=self._environ,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is ours to pass on
        )
        self._leash.hold(process.pid)
        try:
            async with asyncio.timeout(_LIMIT_S):
                lines = await self._said(process, typed)
                status = await process.wait()
        except TimeoutError:
            raise RehearsalError(f"{command} took longer than {_LIMIT_S:.0f} s") from None
        finally:
            await _ended(process)
            self._leash.release(process.pid)
        if status != 0:
            raise RehearsalError((refusals or {}).get(status, f"{command} ended with exit status {status}"))
        return lines

    async def _said(self, process: asyncio.subprocess.Process, typed: str) -> list[str]:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(typed.encode())
        process.stdin.close()
        lines = []
        async for line in process.stdout:
            lines.append(line.decode("utf-8", "replace").rstrip())
            self._on_line(lines[-1])
        return lines


def _mirror() -> dict[str, str]:
    """Where the shell's Terraform gets its providers, if it says so and that is there."""
    file = os.environ.get("TF_CLI_CONFIG_FILE", "")
    return {"TF_CLI_CONFIG_FILE": file} if Path(file).is_file() else {}


async def _ended(process: asyncio.subprocess.Process) -> None:
    """With all it started: asked first, since Terraform has to write down what it made."""
    for number, limit_s in ((signal.SIGTERM, _GRACE_S), (signal.SIGKILL, None)):
        with contextlib.suppress(ProcessLookupError):
            if process.returncode is None or number == signal.SIGKILL:
                os.killpg(process.pid, number)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), limit_s)
