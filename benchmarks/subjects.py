"""What is measured: a function of ours under the local Runtime API, and the boto3 script, each a process of its own."""

import asyncio
import json
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path

from local.functions.environment import Environment
from local.functions.function import Function
from local.functions.invocation import Invocation
from local.functions.process import Leash
from local.functions.runtime import Runtime

LIMIT_S = 30.0  # no start and no call takes this long unless something is broken
_GRACE_S = 1.0
_BASELINE = Path(__file__).with_name("baseline.py")
_PRELUDE_END = bytes(8)


class Broken(Exception):  # noqa: N818 -- the event, not its class
    """A subject did not answer as it must; its figures would mean nothing."""


class Ours:
    """One execution environment of a function, asked one event after the other."""

    def __init__(self, function: Function) -> None:
        self._idle = asyncio.Event()
        self._log: deque[str] = deque(maxlen=20)
        self._environment = Environment(function, lambda _: self._idle.set())

    @classmethod
    async def start(cls, function: Function, runtime: Runtime, leash: Leash) -> "Ours":
        subject = cls(function)
        await subject._environment.start(runtime, leash, subject._log.append, LIMIT_S)
        subject._idle.set()
        return subject

    @property
    def pid(self) -> int:
        return self._environment.pid

    async def ask(self, event: bytes) -> bytes:
        """The whole answer to an event, as the function wrote it. Raises Broken."""
        try:
            async with asyncio.timeout(LIMIT_S):
                await self._idle.wait()
                self._idle.clear()
                invocation = Invocation(event)
                self._environment.give(invocation)
                chunks = []
                while chunk := await invocation.body.get():
                    chunks.append(chunk)
        except Exception as error:
            raise Broken("\n".join([f"{type(error).__name__}: {error}", *self._log])) from error
        return b"".join(chunks)

    async def stop(self) -> None:
        await self._environment.stop(_GRACE_S)


class Theirs:
    """The boto3 script in one of its modes (see baseline.py), past its first call."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls, mode: str, python: Sequence[str], environment: Mapping[str, str]) -> "Theirs":
        process = await asyncio.create_subprocess_exec(
            *(*python, str(_BASELINE), mode),
            env=dict(environment),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        subject = cls(process)
        try:
            await subject._heard(b"first\n")
        except BaseException:
            await subject.stop()
            raise
        return subject

    @property
    def pid(self) -> int:
        return self._process.pid

    async def repeat(self, calls: int) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{calls}\n".encode())
        await self._heard(b"done\n")

    async def stop(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()

    async def _heard(self, line: bytes) -> None:
        assert self._process.stdout is not None
        async with asyncio.timeout(LIMIT_S):
            if await self._process.stdout.readline() != line:
                raise Broken("The boto3 script failed; its error is above.")


def body_of(answer: bytes) -> bytes:
    """The body of a streamed HTTP answer. Raises Broken unless its status is 200."""
    prelude, _, body = answer.partition(_PRELUDE_END)
    status = json.loads(prelude)["statusCode"]
    if status != 200:
        raise Broken(f"the function answered {status}: {body.decode(errors='replace')}")
    return body


def decision_of(answer: bytes) -> str:
    """The principal an authorizer let in. Raises Broken when it let nobody in."""
    decision = json.loads(answer)
    if decision["policyDocument"]["Statement"][0]["Effect"] != "Allow":
        raise Broken(f"the authorizer decided: {decision}")
    return str(decision["principalId"])


def tools_of(answer: bytes) -> list[str]:
    """The names of the tools in an MCP list. Raises Broken where there are none."""
    reply = json.loads(answer)
    if reply["statusCode"] != 200:
        raise Broken(f"the function answered {reply['statusCode']}: {reply['body']}")
    names = [tool["name"] for tool in json.loads(reply["body"])["result"]["tools"]]
    if not names:
        raise Broken("the function lists no tools")
    return names
