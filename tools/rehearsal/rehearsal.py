"""The rehearsal itself, step by step."""

import asyncio
import functools
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import yaml

from local.children import Child
from local.front import answering
from local.functions.process import Leash
from local.log import Log
from local.options import without_aws
from local.people import new_password
from local.places import Places
from local.plan import ROOT, plan
from local.provision import Aws, provision
from local.serving import listen, url
from tools import build
from tools.ops import sources
from tools.ops.terraform import Terraform
from tools.rehearsal import client, deployed, inventory, routes
from tools.rehearsal.errors import RehearsalError
from tools.rehearsal.operator import Operator
from tools.rehearsal.remains import remains
from tools.rehearsal.steps import Steps

# What Terraform reads and what `make deploy` looks at: a copy of these is a project of its own.
_READ = ("terraform", "services", "shared", "openapi.yaml", "pyproject.toml", "requirements-layer.txt", "LICENSE")
_STAGE = "v1"
_PERSON = "operator@example.com"
_START_S = 60.0  # a stand-in on a machine that is busy


class Rehearsal:
    """Everything lies in `folder`, which goes when the leash's process sees us gone."""

    def __init__(self, folder: Path, log: Log, steps: Steps, leash: Leash, stack: AsyncExitStack) -> None:
        self._folder, self._log, self._leash, self._stack = folder, log, leash, stack
        self._step = steps.step
        self._planned = plan()
        sha = sources.git_sha(ROOT)
        # Outside of a checkout any will do: what is deployed is what /version has to show.
        self._git_sha = secrets.token_hex(20) if sha == sources.UNKNOWN else sha

    async def run(self) -> None:
        """Raises RehearsalError, and what its parts raise (`__main__` has the list)."""
        Terraform(ROOT)  # is there, or nothing begins
        with self._step("Build the artifacts for this machine"):
            artifacts = await asyncio.to_thread(self._artifacts)
        with self._step("Start the stand-ins of AWS and Bedrock"):
            here, bedrock_url = await self._stand_ins()
        operator = self._operator(here, artifacts)
        with self._step("Deploy terraform/environments/local"):
            await operator.deploy()
        with self._step("Plan again: nothing to change"):
            await operator.check_settled()
        with self._step("Compare Cognito and IAM with what `make run` makes"):
            await asyncio.to_thread(self._compare, Aws(here, self._planned.region), await self._aws("AWS of make run"))
        async with self._served(here, bedrock_url) as base_url:
            with self._step("GET /v1/version names the commit"):
                await self._check_version(base_url)
            with self._step("Make the first administrator, a key, and chat"):
                token = await operator.administrator_token(_PERSON, new_password())
                api_key = await client.key(base_url, token, _PERSON)
                self._log.line("chat", await client.streamed_chat(base_url, api_key))
        with self._step("Destroy: nothing is left"):
            await operator.destroy()
            await asyncio.to_thread(_check_gone, Aws(here, self._planned.region))

    def _artifacts(self) -> Path:
        """Zips with this interpreter's bytecode and this machine's libraries, whatever Lambda's are."""
        folder = self._folder / "artifacts"
        folder.mkdir()
        build.package(ROOT, build.installed(ROOT), folder, bytecode=True)
        return folder

    def _operator(self, aws_url: str, artifacts: Path) -> Operator:
        project = self._folder / "project"
        ignored = shutil.ignore_patterns(".terraform", "*.tfstate*", "__pycache__")
        for name in _READ:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, project / name, symlinks=True, ignore=ignored)
            else:
                shutil.copyfile(ROOT / name, project / name)
        variables = {"artifacts": str(artifacts), "git_sha": self._git_sha}
        return Operator(project, aws_url, variables, self._leash, functools.partial(self._log.line, "terraform"))

    async def _stand_ins(self) -> tuple[str, str]:
        """The addresses of AWS and of Bedrock."""
        aws_url = await self._aws("AWS")
        bedrock = await self._child("Bedrock", "local.bedrock", "--aws-url", aws_url)
        return aws_url, await bedrock.url(_START_S)

    async def _aws(self, name: str) -> str:
        child = await self._child(name, "local.aws", "--port", "0")
        return await child.url(_START_S)

    async def _child(self, name: str, module: str, *arguments: str) -> Child:
        child = Child(name, functools.partial(self._log.line, name))
        self._stack.push_async_callback(child.stop)
        await child.start(self._leash, module, arguments, {**without_aws(), "TMPDIR": str(self._folder)})
        return child

    def _compare(self, ours: Aws, other_url: str) -> None:
        other = Aws(other_url, self._planned.region)
        provision(other, self._planned, version="", git_sha="")
        _check_none(
            "Terraform (here) and `make run` (there) differ",
            inventory.differences(inventory.inventory(ours), inventory.inventory(other)),
        )

    @asynccontextmanager
    async def _served(self, aws_url: str, bedrock_url: str) -> AsyncIterator[str]:
        """The base URL of the front door before what was deployed."""
        aws, code = Aws(aws_url, self._planned.region), self._folder / "deployed"
        async with AsyncExitStack() as stack:
            with self._step("Serve what was deployed"):
                there, installation = await asyncio.to_thread(deployed.read, aws, self._planned, code)
                contract = yaml.safe_load((ROOT / "openapi.yaml").read_bytes())
                found = await asyncio.to_thread(routes.disagreements, aws, contract, there, _STAGE)
                _check_none("the REST API is not what openapi.yaml says", found)
                front, lambda_side = stack.enter_context(listen(0)), stack.enter_context(listen(0))
                places = Places(url(front), aws_url, bedrock_url, url(lambda_side))
                on_request = functools.partial(self._log.line, "gateway")
                await stack.enter_async_context(
                    answering(there, installation, code, places, front, lambda_side, self._log, on_request)
                )
            yield places.base_url

    async def _check_version(self, base_url: str) -> None:
        said = await client.version(base_url)
        wanted = {"git_sha": self._git_sha, "environment": self._planned.environment}
        if {name: said.get(name) for name in wanted} != wanted:
            raise RehearsalError(f"/version says {said}, deployed is {wanted}")


def _check_gone(aws: Aws) -> None:
    _check_none("destroy left behind", list(remains(aws)))


def _check_none(what: str, lines: list[str]) -> None:
    if lines:
        raise RehearsalError("\n  ".join([f"{what}:", *lines]))


@asynccontextmanager
async def prepared(say: Callable[[str], None]) -> AsyncIterator[tuple[Rehearsal, Steps]]:
    """A rehearsal in a folder of its own. Nothing of it is left, however the block is left."""
    folder = Path(tempfile.mkdtemp(prefix="pennyworth-rehearsal-"))
    async with AsyncExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        leash = await Leash.start(folder)
        stack.push_async_callback(leash.close)
        log = stack.enter_context(Log(folder / "log"))
        steps = Steps(log.path, say)
        yield Rehearsal(folder, log, steps, leash, stack), steps
