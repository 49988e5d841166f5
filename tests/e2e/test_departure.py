"""A function whose connection to Lambda is cut while it answers: the process that `make build` makes, under the local
Runtime API, with the stand-ins of a running system behind it."""

import asyncio
import contextlib
import itertools
import json
import time
from pathlib import Path

import httpx
import pytest

from local.functions import Function, Functions, InvocationFailed
from local.places import Places
from local.plan import plan
from local.providers import Provider
from local.provision import Aws, provision
from pennyworth.principal import Principal
from tests.openai_provider import provider

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / ".local" / "build"
PATIENCE_S = 20
# Lambda's wrapper is the layer's: this one only tells the process of another address.
WRAPPER = """#!/bin/sh
echo "$AWS_LAMBDA_RUNTIME_API" > {place}
AWS_LAMBDA_RUNTIME_API={relay} exec {stream} "$@"
"""


class Relay:
    """Between a function and its Runtime API: cuts the connection that carries what `armed` names."""

    def __init__(self, place):
        self._place, self.armed, self.cut_at = place, b"", 0.0

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        self.address = f"127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_):
        self._server.close()

    async def _carry(self, reader, writer):
        host, _, port = self._place.read_text().strip().partition(":")
        theirs, ours = await asyncio.open_connection(host, int(port))
        back = asyncio.create_task(self._pump(theirs, writer))
        await self._pump(reader, ours)
        back.cancel()
        for each in (writer, ours):
            each.transport.abort()

    async def _pump(self, reader, writer):
        said = b""
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                said += data
                if self.armed and self.armed in said:
                    self.cut_at = time.monotonic()
                    return
                writer.write(data)
                await writer.drain()


class Departure:
    """What became of one request whose reader was cut off."""

    def __init__(self, line, took_s):
        self.line, self.took_s = line, took_s


def said(text):
    return b"data: " + json.dumps({"choices": [{"index": 0, "delta": {"content": text}}]}).encode() + b"\n\n"


@pytest.fixture(scope="module")
def upstream():
    with provider() as server:
        yield server


@pytest.fixture
def depart(gateway, upstream, tmp_path):
    """Ask the function for a stream, cut it off where it says `mark`, and wait until `left` is true."""
    wanted = plan()
    theirs = Provider("acme", f"http://127.0.0.1:{upstream.server_port}/v1")
    front = gateway.base_url.removesuffix("/v1")
    installation = provision(
        Aws(gateway.aws_url, wanted.region),
        wanted,
        version="0",
        git_sha="0",
        providers=(theirs,),
        addresses=(front, front.replace("127.0.0.1", "localhost")),  # as it was: others sign in there
    )
    function, own = wanted.functions["openai"], installation.functions["openai"]
    endpoints = Places("", gateway.aws_url, gateway.bedrock_url, gateway.facts["lambda_url"]).endpoints
    role = gateway.aws("cognito-idp").get_group(UserPoolId=installation.user_pool_id, GroupName="developers")
    caller = Principal(
        "u-departing", "departing@example.com", "", "developers", role["Group"]["RoleArn"],
        frozenset({"inference"}), ("*", "acme/*"),
    )  # fmt: skip

    async def asked(model, mark, left):
        lines = []
        place, wrapper = tmp_path / "address", tmp_path / "wrapper"
        async with Relay(place) as relay:
            stream = BUILD / "layer" / "stream"
            wrapper.write_text(WRAPPER.format(place=place, relay=relay.address, stream=stream))
            wrapper.chmod(0o755)
            environment = {**own.environment, **endpoints, "AWS_LAMBDA_EXEC_WRAPPER": str(wrapper)}
            process = Function(
                name=function.name, handler=function.handler, code=BUILD / function.artifact, layer=BUILD / "layer",
                environment=environment, timeout_s=60, credentials=own.credentials, region=installation.region,
                account_id=installation.account_id,
            )  # fmt: skip
            async with Functions([process], on_line=lambda _, line: lines.append(line)) as functions:
                relay.armed = mark
                with contextlib.suppress(InvocationFailed):
                    async with functions.stream(function.name, json.dumps(event(model, caller)).encode()) as answer:
                        async for _ in answer:
                            pass
                await until(lambda: relay.cut_at and left())
                took_s = time.monotonic() - relay.cut_at
                await until(lambda: requests(lines))
        (line,) = requests(lines)
        return Departure(line, took_s)

    return lambda *arguments: asyncio.run(asyncio.wait_for(asked(*arguments), PATIENCE_S * 3))


def event(model, caller):
    path = "/chat/completions"
    body = {"model": model, "messages": [{"role": "user", "content": "Tell me about rivers."}], "stream": True}
    context = {"requestId": "departing", "authorizer": caller.to_context()}
    return {
        **{"resource": path, "path": path, "httpMethod": "POST", "headers": {}, "multiValueHeaders": {}},
        **{"requestContext": context, "body": json.dumps(body), "isBase64Encoded": False},
    }


def requests(lines):
    read = [json.loads(line) for line in lines if line.startswith("{")]
    return [line for line in read if line.get("message") == "request"]


async def until(holds):
    end = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < end, "it did not come to that"
        await asyncio.sleep(0.02)


def test_bedrocks_stream_is_closed_and_what_arrived_is_counted(gateway, depart, fault, calls):
    words = [f"word{number} " for number in range(200)]
    with httpx.Client(base_url=gateway.bedrock_url, timeout=10, trust_env=False) as control:
        control.post("/_stand_in/script", json={"text_deltas": words, "times": 1}).raise_for_status()
    fault(operation="ConverseStream", token_delay_s=0.05)
    gone = depart("nova-lite", b"word3 ", lambda: [call["outcome"] for call in calls()] == ["client_gone"])
    assert gone.took_s < 2
    assert (gone.line["status"], gone.line["usage_partial"]) == (499, True)
    assert 3 <= gone.line["completion_tokens"] < 100
    assert gone.line["user_id"] == "u-departing"


def test_a_providers_stream_is_closed_and_what_arrived_is_counted(depart, upstream):
    upstream.pieces = itertools.chain([said("first")], [said("second")], itertools.repeat(said("more")))
    gone = depart("acme/gpt-x", b"second", upstream.left.is_set)
    assert gone.took_s < 2
    assert (gone.line["status"], gone.line["usage_partial"], gone.line["provider"]) == (499, True, "acme")
    assert gone.line["completion_tokens"] >= 2
