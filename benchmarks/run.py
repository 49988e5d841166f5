"""One run: every figure, ours and the baseline's in turns against the same stand-ins."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.measure import Subject, cpu_per_call, rss_mb, turns
from benchmarks.stack import Stack
from benchmarks.subjects import Broken, Ours, Theirs, body_of, decision_of, tools_of
from local.functions.function import Function
from tools.archive import pack
from tools.stage import EXECUTABLES, LAYER

DELTAS = 64
_WARM_UP = 20  # calls before the first that counts


@dataclass(frozen=True, slots=True)
class Rounds:
    """How much is measured. More narrows the ranges, and takes longer."""

    warm: int = 10
    chats: int = 100  # a round
    streams: int = 40  # a round
    cold: int = 15


async def measure(stack: Stack, rounds: Rounds) -> dict[str, list[float]]:
    """Samples by figure, one a round. Raises Broken when an answer is not what it should be."""
    return {
        **await _warm(stack, rounds),
        **await _cold_starts(stack, rounds.cold),
        **await _authorizer_cold_starts(stack, rounds.cold),
        **await _mcp_cold_starts(stack, rounds.cold),
        **_sizes(stack.native),
    }


async def _warm(stack: Stack, rounds: Rounds) -> dict[str, list[float]]:
    ours = await Ours.start(stack.openai, stack.runtime, stack.leash)
    chat, stream = [await stack.boto3(mode) for mode in ("chat", "stream")]
    try:
        chats = await _cpu(ours, stack.chat(stream=False), chat, rounds.warm, rounds.chats)
        await stack.script_deltas(DELTAS)
        streamed = stack.chat(stream=True)
        _check_stream(await ours.ask(streamed))
        streams = await _cpu(ours, streamed, stream, rounds.warm, rounds.streams)
        memory = {"rss_mb": [rss_mb(ours.pid)], "boto3_rss_mb": [max(rss_mb(chat.pid), rss_mb(stream.pid))]}
    finally:
        await asyncio.gather(*(subject.stop() for subject in (ours, chat, stream)))
        await stack.script_deltas(0)
    return {**_compared("chat_cpu", chats), **_compared("stream_cpu", streams), **memory}


async def _cpu(ours: Ours, event: bytes, theirs: Theirs, rounds: int, calls: int) -> list[tuple[float, ...]]:
    async def ask(times: int) -> None:
        for _ in range(times):
            answer = await ours.ask(event)
        body_of(answer)

    await ask(_WARM_UP)
    await theirs.repeat(_WARM_UP)
    return await turns(
        cpu_per_call(ours.pid, ask, calls), cpu_per_call(theirs.pid, theirs.repeat, calls), rounds=rounds
    )


def _check_stream(answer: bytes) -> None:
    """Both subjects must have the same to do: every delta is one chunk."""
    found = sum(b'"content":"' in line and b'"content":""' not in line for line in body_of(answer).splitlines())
    if found != DELTAS:
        raise Broken(f"the function streamed {found} deltas instead of {DELTAS}")


async def _cold_starts(stack: Stack, rounds: int) -> dict[str, list[float]]:
    ours = _cold(stack, stack.openai, stack.chat(stream=False), body_of)
    found = await turns(ours, _script_cold(stack, "chat"), _script_cold(stack, "identity"), rounds=rounds)
    as_user = [ours_s / as_user_s for ours_s, _, as_user_s in found]
    return {**_compared("cold_start", found), "cold_start_as_user_ratio": as_user}


async def _authorizer_cold_starts(stack: Stack, rounds: int) -> dict[str, list[float]]:
    ours = _cold(stack, stack.authorizer, stack.decision(), decision_of)
    return _compared("authorizer_cold", await turns(ours, _script_cold(stack, "authorizer"), rounds=rounds))


async def _mcp_cold_starts(stack: Stack, rounds: int) -> dict[str, list[float]]:
    ours = _cold(stack, stack.mcp, stack.tools_list(), tools_of)
    found = await turns(ours, _script_cold(stack, "powertools"), rounds=rounds)
    return {
        "mcp_cold_ratio": [ours_s / theirs_s for ours_s, theirs_s in found],
        "mcp_cold_ms": [ours_s * 1e3 for ours_s, _ in found],
        "powertools_cold_ms": [theirs_s * 1e3 for _, theirs_s in found],
    }


def _cold(stack: Stack, function: Function, event: bytes, check: Callable[[bytes], object]) -> Subject:
    """From before the process starts until its first answer is here, in seconds."""

    async def measured() -> float:
        started_at = time.perf_counter()
        subject = await Ours.start(function, stack.runtime, stack.leash)
        try:
            answer = await subject.ask(event)
            elapsed = time.perf_counter() - started_at
        finally:
            await subject.stop()
        check(answer)
        return elapsed

    return measured


def _script_cold(stack: Stack, mode: str) -> Subject:
    async def measured() -> float:
        started_at = time.perf_counter()
        subject = await stack.boto3(mode)
        elapsed = time.perf_counter() - started_at
        await subject.stop()
        return elapsed

    return measured


def _compared(name: str, found: list[tuple[float, ...]]) -> dict[str, list[float]]:
    """The three figures of a comparison, from rows of (ours, the baseline's, …) in seconds."""
    return {
        f"{name}_ratio": [ours / theirs for ours, theirs, *_ in found],
        f"{name}_ms": [ours * 1e3 for ours, *_ in found],
        f"boto3_{name}_ms": [theirs * 1e3 for _, theirs, *_ in found],
    }


def _sizes(native: Path) -> dict[str, list[float]]:
    """Of the zips Lambda would get: the same files, from this machine's architecture."""
    with TemporaryDirectory() as folder:
        zipped = {
            name: pack(native / name, Path(folder, name), EXECUTABLES.get(name, frozenset())).zipped / 2**20
            for name in (LAYER, "openai")
        }
    return {"layer_mb": [zipped[LAYER]], "openai_zip_mb": [zipped["openai"]]}
