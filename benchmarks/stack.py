"""What the subjects run in: the stand-ins, provisioned, the native build, one user and their key."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from benchmarks import events
from benchmarks.subjects import Ours, Theirs, decision_of
from local.children import Child
from local.functions.function import Function
from local.functions.process import Leash
from local.functions.runtime import Runtime
from local.options import without_aws
from local.plan import Plan, plan
from local.provision import Aws, Installation, provision
from tools.build import ROOT, native

MODEL = "nova-micro"
_READY_S = 30.0
# A script is started as its counterpart is, the authorizer as local/functions/runtime.py starts functions and the
# streaming function as shared/stream does, so that neither is charged for what lies in this machine's site-packages.
_FLAGS = {"authorizer": ("-S",), "powertools": ("-S",)}
_LEAN = ("-s", "-S", "-P")


@dataclass(frozen=True, slots=True)
class Stack:
    native: Path
    runtime: Runtime
    leash: Leash
    openai: Function
    authorizer: Function
    mcp: Function
    key: str  # an API key
    principal: dict[str, str]  # what the authorizer says of it
    bedrock_url: str
    scripts: Mapping[str, Mapping[str, str]]  # the boto3 script's environment, by mode

    def chat(self, *, stream: bool) -> bytes:
        """The event of a chat."""
        return events.chat(MODEL, self.principal, stream=stream)

    def decision(self) -> bytes:
        """The event that asks the authorizer about the key."""
        return events.authorization(self.key)

    def tools_list(self) -> bytes:
        """The event of an MCP client that asks for the tools."""
        return events.tools_list(self.principal)

    async def boto3(self, mode: str) -> Theirs:
        """The script in one of its modes, started now. Raises Broken."""
        return await Theirs.start(mode, [self.runtime.python, *_FLAGS.get(mode, _LEAN)], self.scripts[mode])

    async def script_deltas(self, count: int) -> None:
        """Have the Bedrock stand-in answer with so many deltas; 0 for an answer as it likes."""
        url = f"{self.bedrock_url}/_stand_in/script"
        async with httpx.AsyncClient(trust_env=False) as client:
            wish = {"text_deltas": [f"word{number} " for number in range(count)]}
            answer = await (client.post(url, json=wish) if count else client.delete(url))
            answer.raise_for_status()


@asynccontextmanager
async def up() -> AsyncIterator[Stack]:
    """Everything that runs, until the block ends. Raises BuildError, ChildError or Broken when something does not."""
    async with AsyncExitStack() as running:
        folder = Path(running.enter_context(TemporaryDirectory(prefix="pennyworth-bench-")))
        native(ROOT, folder / "native")
        (folder / "lambda").mkdir()
        runtime = Runtime(folder / "lambda")
        leash = await Leash.start(folder)
        running.push_async_callback(leash.close)
        aws_url = await _child(running, leash, "local.aws", "--port", "0")
        bedrock_url = await _child(running, leash, "local.bedrock", "--port", "0", "--aws-url", aws_url)
        made = _Maker(folder / "native", plan(), Aws(aws_url, plan().region), aws_url, bedrock_url)
        yield await made.stack(runtime, leash)


async def _child(running: AsyncExitStack, leash: Leash, module: str, *arguments: str) -> str:
    """Start a stand-in; returns its URL."""
    child = Child(module, lambda _: None)
    running.push_async_callback(child.stop)
    await child.start(leash, module, arguments, without_aws())
    return await child.url(_READY_S)


class _Maker:
    def __init__(self, native: Path, plan: Plan, aws: Aws, aws_url: str, bedrock_url: str) -> None:
        self._native, self._plan, self._aws = native, plan, aws
        self._endpoints = {
            "AWS_ENDPOINT_URL": aws_url,
            "AWS_ENDPOINT_URL_BEDROCK": bedrock_url,
            "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": bedrock_url,
        }
        self._bedrock_url = bedrock_url

    async def stack(self, runtime: Runtime, leash: Leash) -> Stack:
        made = await asyncio.to_thread(provision, self._aws, self._plan, version="0", git_sha="0")
        functions = {key: self._function(key, made) for key in ("openai", "authorizer", "admin", "mcp")}
        user_id = await asyncio.to_thread(self._administrator, made)
        key = await self._key(user_id, functions["admin"], runtime, leash)
        principal = await self._principal(key, functions["authorizer"], runtime, leash)
        return Stack(
            native=self._native,
            runtime=runtime,
            leash=leash,
            openai=functions["openai"],
            authorizer=functions["authorizer"],
            mcp=functions["mcp"],
            key=key,
            principal=principal,
            bedrock_url=self._bedrock_url,
            scripts=await asyncio.to_thread(self._scripts, made, principal),
        )

    def _function(self, key: str, made: Installation) -> Function:
        planned, share = self._plan.functions[key], made.functions[key]
        return Function(
            name=planned.name,
            handler=planned.handler,
            code=self._native / planned.artifact,
            layer=self._native / "layer",
            environment={**share.environment, **self._endpoints},
            timeout_s=planned.timeout_s,
            memory_mb=planned.memory_mb,
            credentials=share.credentials,
            region=made.region,
            account_id=made.account_id,
        )

    def _administrator(self, made: Installation) -> str:
        """A person who may do everything; returns their id."""
        directory, pool = self._aws("cognito-idp"), {"UserPoolId": made.user_pool_id}
        email = {"Name": "email", "Value": "bench@example.com"}
        person = directory.admin_create_user(
            **pool, Username=email["Value"], UserAttributes=[email], MessageAction="SUPPRESS"
        )["User"]
        directory.admin_add_user_to_group(**pool, Username=person["Username"], GroupName="admins")
        return str(person["Username"])

    async def _key(self, user_id: str, admin: Function, runtime: Runtime, leash: Leash) -> str:
        route = "/organization/users/{user_id}/api_keys"
        event = events.proxy("POST", route, {"claims": {"sub": user_id}}, {"name": "bench"}, user_id=user_id)
        subject = await Ours.start(admin, runtime, leash)
        answer = json.loads(await subject.ask(event))
        await subject.stop()
        return str(json.loads(answer["body"])["value"])

    async def _principal(self, key: str, authorizer: Function, runtime: Runtime, leash: Leash) -> dict[str, str]:
        subject = await Ours.start(authorizer, runtime, leash)
        answer = await subject.ask(events.authorization(key))
        await subject.stop()
        decision_of(answer)
        return dict(json.loads(answer)["context"])

    def _scripts(self, made: Installation, principal: Mapping[str, str]) -> dict[str, dict[str, str]]:
        """The same endpoints, inputs and permissions as the function that a mode is held against."""
        environment = {
            **self._endpoints,
            "AWS_DEFAULT_REGION": made.region,
            "PYTHONPATH": str(self._native / "layer/python"),
            "PYTHONDONTWRITEBYTECODE": "1",
            "HOME": str(self._native),  # no ~/.aws to look into
            "BENCH_MODEL_ID": self._plan.model_ids[MODEL],
            "BENCH_PROMPT": events.PROMPT,
            "BENCH_USER_ID": principal["user_id"],
            "BENCH_ROLE_ARN": principal["role_arn"],
            "BENCH_USER_POOL_ID": made.user_pool_id,
            "BENCH_IDENTITY_POOL_ID": made.identity_pool_id,
            "BENCH_DEVELOPER_PROVIDER": made.functions["openai"].environment["PENNYWORTH_DEVELOPER_PROVIDER"],
            "BENCH_PEPPER_PARAMETER": made.functions["authorizer"].environment["PENNYWORTH_PEPPER_PARAMETER"],
        }
        as_user = {**environment, **self._user_credentials(principal["role_arn"])}
        return {
            "chat": as_user,
            "stream": as_user,
            "identity": {**environment, **made.functions["openai"].credentials},
            "authorizer": {**environment, **made.functions["authorizer"].credentials},
            "powertools": environment,
        }

    def _user_credentials(self, role_arn: str) -> dict[str, Any]:
        key = self._aws("sts").assume_role(RoleArn=role_arn, RoleSessionName="bench")["Credentials"]
        return {
            "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
            "AWS_SESSION_TOKEN": key["SessionToken"],
        }
