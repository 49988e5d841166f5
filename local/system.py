"""The whole system on one machine: started in order, ended in the reverse one, whatever happens between."""

import asyncio
import functools
import os
import subprocess
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from local import folder, private
from local.announcement import Access, announcement, env_file, variables
from local.children import Child, ChildError
from local.front import answering
from local.functions.process import Leash
from local.log import Log
from local.options import AWS_PORT, Options, UsageError, without_aws
from local.people import Administrator, developer
from local.places import Places
from local.plan import ROOT, Plan, plan
from local.provision import Aws, Installation, provision
from local.serving import PortTakenError, free_port, listen, url

Say = Callable[[str], None]

_START_S = 60.0  # a stand-in on a machine that is busy


async def run(options: Options, say: Say) -> None:
    """Start everything, say how to reach it, and serve until cancelled. Nothing is left behind.

    Raises UsageError, ChildError, PeopleError, httpx.HTTPError and OSError.
    """
    async with AsyncExitStack() as stack:
        system = System(options, say, stack)
        await system.start()
        await system.watch()


class System:
    def __init__(self, options: Options, say: Say, stack: AsyncExitStack) -> None:
        self.options, self.say, self.stack = options, say, stack
        self.started_at = time.monotonic()
        self.notes: list[str] = []
        self.children: list[Child] = []
        self.announced = False

    async def start(self) -> None:
        options, stack = self.options, self.stack
        stack.enter_context(folder.alone(options.folder))
        front, lambda_side = (stack.enter_context(listening) for listening in self._listen())
        wanted = await self._plan()
        self.log = stack.enter_context(Log(options.folder / "log"))
        # A folder of its own for what the processes below keep for a while: the leash removes it, however this ends.
        self.scratch = Path(tempfile.mkdtemp(prefix="pennyworth-"))
        self.leash = await Leash.start(self.scratch)
        stack.push_async_callback(self.leash.close)

        build = await self._child("build", "tools.build", "--native", "--out", str(options.build))
        aws = await self._aws()
        aws_url = await aws.url(_START_S)
        bedrock = await self._bedrock(aws_url, wanted.region)
        client = Aws(aws_url, wanted.region)
        installation = await asyncio.to_thread(_provisioned, client, wanted, options, url(front))
        places = Places(url(front), aws_url, await bedrock.url(_START_S), url(lambda_side))
        await self._built(build)
        self.children = [aws, bedrock]

        await stack.enter_async_context(
            answering(
                wanted, installation, options.build, places, front, lambda_side, self.log, on_request=self._request_line
            )
        )
        await self._open(client, installation, places)

    async def watch(self) -> None:
        """Until cancelled, or a stand-in ends by itself."""
        ended = {child.ended: child for child in self.children if child.ended}
        done, _ = await asyncio.wait(ended, return_when=asyncio.FIRST_COMPLETED)
        child = ended[done.pop()]
        raise ChildError(f"{child.name} ended by itself{child.last_words()}")

    def _listen(self) -> Iterator[Any]:
        """The front door's socket and the Lambda API's."""
        try:
            yield listen(self.options.port)
        except PortTakenError as error:
            raise UsageError(f"{error}. Choose another one: PORT={error.port + 1}, or PORT=0 for any.") from None
        yield listen(0)

    async def _plan(self) -> Plan:
        wanted = plan()
        if self.options.authorizer_ttl_s is not None:
            wanted = wanted.with_(authorizer_ttl_s=self.options.authorizer_ttl_s)
        if self.options.function_timeout_s is not None:
            wanted = wanted.with_timeout("openai", self.options.function_timeout_s)
        try:
            wanted = wanted.with_rates(self.options.rates)
        except KeyError as group:
            names = ", ".join(each.name for each in wanted.groups)
            raise UsageError(f"RATES: there is no group {group}. There are: {names}.") from None
        wanted = wanted.with_(
            mcp_sign_in=self.options.mcp_sign_in,
            mcp_client_documents=self.options.mcp_client_documents,
            **self.options.mcp_tools,
        )
        if self.options.real_bedrock:
            wanted = wanted.with_(region=await asyncio.to_thread(_real_region, wanted.region))
            self.notes.append(
                f"Bedrock is the real one, in {wanted.region}, with your AWS credentials: it costs money."
            )
            if not wanted.region.startswith("us-"):
                self.notes.append(
                    "Some of the catalogue's models answer in US regions only; AWS_DEFAULT_REGION= chooses one."
                )
        else:
            self.notes.append("Models are simulated: answers are made up here. BEDROCK=aws calls real ones.")
        for provider in self.options.providers:
            bare = f", and {' '.join(provider.models)} that nobody else has," if provider.models else ""
            self.notes.append(f"Models named {provider.name}/…{bare} go to {provider.url}.")
        for server in self.options.mcp_servers:
            self.notes.append(
                f"Tools named {server.name}_… at /mcp are another server's, and all at /mcp/{server.name}."
            )
        return wanted

    async def _child(self, name: str, module: str, *arguments: str, environ: dict[str, str] | None = None) -> Child:
        child = Child(name, functools.partial(self.log.line, name))
        self.stack.push_async_callback(child.stop)
        environ = dict(os.environ) if environ is None else environ
        await child.start(self.leash, module, arguments, {**environ, "TMPDIR": str(self.scratch)})
        return child

    async def _aws(self) -> Child:
        port = self.options.aws_port
        if port is None:
            port = AWS_PORT if free_port(AWS_PORT) else 0
            if port == 0:
                self.notes.append(
                    f"Port {AWS_PORT} is in use, so the AWS stand-in took another one (AWS_PORT= sets it)."
                )
        elif port and not free_port(port):
            raise UsageError(f"port {port} is in use by another program. Choose another one: AWS_PORT={port + 1}.")
        state = []
        if self.options.state:
            state = ["--state", str(self.options.state / "aws")]
            self.notes.append(f"Users and keys are kept in {self.options.state}.")
        child = await self._child("AWS", "local.aws", "--port", str(port), *state, environ=without_aws())
        child.on_line = self._aws_line
        return child

    def _aws_line(self, line: str) -> None:
        self.log.line("AWS", line)
        if "the state starts afresh" in line:
            self.notes.append(line)

    async def _bedrock(self, aws_url: str, region: str) -> Child:
        if self.options.real_bedrock:
            return await self._child("Bedrock", "local.aws_bedrock", "--aws-url", aws_url, "--region", region)
        return await self._child("Bedrock", "local.bedrock", "--aws-url", aws_url, environ=without_aws())

    async def _built(self, build: Child) -> None:
        finished = asyncio.create_task(build.success())
        try:
            await asyncio.wait((finished,), timeout=0.5)
            if not finished.done():
                self.say("Building the functions (only when something changed) …")
            await finished
        finally:
            finished.cancel()

    def _request_line(self, line: str) -> None:
        """To the screen go the requests of others; our own, which bring the system up, would only puzzle there."""
        self.log.line("gateway", line)
        if self.announced:
            self.say(line)

    async def _open(self, client: Aws, installation: Installation, places: Places) -> None:
        """The first two people, and what a newcomer needs to be them."""
        admin = Administrator(client, installation, self.options.folder)
        await asyncio.to_thread(admin.ensure)
        token = await asyncio.to_thread(admin.token)
        path = self.options.folder / "env"
        # Without kept state there is nobody whose key it could be.
        known_key = variables(private.read(path)).get("OPENAI_API_KEY", "") if self.options.state else ""
        person = await developer(places.base_url, token, known_key)
        if person.reused:
            self.notes.append("The API key is the one of the last run.")
        elif self.options.state:
            self.notes.append(f"The API key is new. The next run shows the same one if {_short(path)} is still there.")
        access = Access(places.base_url, person.key, token)
        private.write(path, env_file(access.variables))
        await self.stack.enter_async_context(folder.renewing(admin, access, path))
        self.stack.enter_context(folder.known(self.options.folder / folder.FACTS, places.facts(installation)))
        took = time.monotonic() - self.started_at
        self.announced = True
        self.say(f"Pennyworth runs on {places.front} (ready after {took:.1f} s).")
        self.say(announcement(access, _short(path), self._all_notes(places)))

    def _all_notes(self, places: Places) -> list[str]:
        return [
            *self.notes,
            "The admin token is good for an hour; the env file is given a new one before that.",
            f"AWS stand-in {places.aws}   log {_short(self.log.path)}",
        ]


def _short(path: Path) -> str:
    """The path as one would type it here."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative


def _provisioned(client: Aws, wanted: Plan, options: Options, front: str) -> Installation:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    said = {
        "providers": options.providers,
        "mcp_servers": options.mcp_servers,
        "remote_images": options.remote_images,
        "addresses": (front, front.replace("127.0.0.1", "localhost")),
    }
    return provision(client, wanted, version=project["version"], git_sha=_git_sha(), **said)


def _git_sha() -> str:
    command = ["git", "-C", str(ROOT), "rev-parse", "HEAD"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip()  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return "unknown"


def _real_region(default: str) -> str:
    """The region of the developer's own AWS configuration. Raises UsageError when there are no credentials in it."""
    from botocore.exceptions import BotoCoreError
    from botocore.session import Session

    from local.aws_bedrock import NO_CREDENTIALS

    session = Session()
    try:
        if session.get_credentials() is None:
            raise UsageError(f"BEDROCK=aws: {NO_CREDENTIALS}")
        return session.get_config_variable("region") or default
    except BotoCoreError as error:
        raise UsageError(f"BEDROCK=aws: {error}") from None
