"""Amazon Bedrock as the function's transport shows it: it takes every call, keeps it, and answers the same to each."""

import json
from collections.abc import Callable, Iterator, Mapping
from types import SimpleNamespace
from typing import Any

_USAGE = {"inputTokens": 3, "outputTokens": 2, "totalTokens": 5}
_THOUGHT = {"reasoningText": {"text": "Hm.", "signature": "c2ln"}}
_REPLY = {
    "output": {"message": {"role": "assistant", "content": [{"reasoningContent": _THOUGHT}, {"text": "Hello."}]}},
    "stopReason": "end_turn",
    "usage": _USAGE,
    "metrics": {"latencyMs": 1},
}
_EVENTS: list[tuple[str, dict[str, Any]]] = [
    ("messageStart", {"role": "assistant"}),
    ("contentBlockDelta", {"delta": {"reasoningContent": {"text": "Hm."}}, "contentBlockIndex": 0}),
    ("contentBlockDelta", {"delta": {"reasoningContent": {"signature": "c2ln"}}, "contentBlockIndex": 0}),
    ("contentBlockStop", {"contentBlockIndex": 0}),
    ("contentBlockDelta", {"delta": {"text": "Hello."}, "contentBlockIndex": 1}),
    ("contentBlockStop", {"contentBlockIndex": 1}),
    ("messageStop", {"stopReason": "end_turn"}),
    ("metadata", {"usage": _USAGE, "metrics": {"latencyMs": 1}}),
]


_SAID = {"role": "assistant", "content": "Hello.", "reasoning_content": "Hm."}
_CHOICE = {"index": 0, "logprobs": None, "finish_reason": "stop"}
_COUNTS = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
_COMPLETION: dict[str, Any] = {
    "id": "c",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "choices": [{**_CHOICE, "message": _SAID, "text": "Hello."}],
    "usage": _COUNTS,
}
_EMBEDDINGS: dict[str, Any] = {
    "object": "list",
    "data": [{"object": "embedding", "index": 0, "embedding": [0.5]}],
    "model": "m",
    "usage": _COUNTS,
}


class Events:
    """What `Aws.stream` returns."""

    pending = False

    def __init__(self) -> None:
        self._events = iter(_EVENTS)

    def __iter__(self) -> Iterator[tuple[str, bytes]]:
        return self

    def __next__(self) -> tuple[str, bytes]:
        name, payload = next(self._events)
        return name, json.dumps(payload).encode()

    def close(self) -> None:
        self._events = iter(())


class Objects:
    """In place of services.openai.store.Store."""

    def __init__(self, calls: list[tuple[str, str]]) -> None:
        self._calls, self._kept = calls, dict[str, bytes]()

    def put(self, key: str, body: bytes, *_: Any) -> None:
        self._calls.append(("an object is stored", ""))
        self._kept[key] = body

    def get(self, key: str) -> Any:
        return SimpleNamespace(body=self._kept[key]) if key in self._kept else None


class Answer:
    """What `Server.post` returns, of an OpenAI-compatible provider: requests' Response, as far as it is read. A stream
    tells its usage to who asked for it."""

    def __init__(self, value: dict[str, Any], options: dict[str, Any] | None) -> None:
        self._value, self._tells_usage = value, bool(options and options.get("include_usage"))

    def __enter__(self) -> "Answer":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def json(self) -> dict[str, Any]:
        return self._value

    def iter_content(self, chunk_size: int | None) -> Iterator[bytes]:
        made = {**self._value, "usage": None} if self._tells_usage else _without_usage(self._value)
        chunks = [{**made, "choices": [{**_CHOICE, "delta": _SAID, "text": "Hello."}]}]
        if self._tells_usage:
            chunks.append({**self._value, "choices": []})
        for chunk in chunks:
            yield b"data: " + json.dumps(chunk).encode() + b"\n\n"
        yield b"data: [DONE]\n\n"


def _without_usage(value: dict[str, Any]) -> dict[str, Any]:
    return {name: each for name, each in value.items() if name != "usage"}


class Server:
    """In place of services.openai.providers.server.Server."""

    responds = False  # it has no POST /responses: those come to it as chats
    tells_usage = True

    def __init__(self, calls: list[tuple[str, str]]) -> None:
        self._calls = calls

    def post(self, path: str, body: dict[str, Any], **_: Any) -> Answer:
        self._calls.append((path, json.dumps(body, sort_keys=True)))
        return Answer(_EMBEDDINGS if path == "/embeddings" else _COMPLETION, body.get("stream_options"))

    def problem(self, status: int, error: object) -> Exception:
        return AssertionError(f"no such answer is given: {status} {error}")


class Recorder:
    """In place of pennyworth.aws.Aws. `calls` holds the path and the payload of each, in their order."""

    region = "us-east-1"

    def __init__(self) -> None:
        self.calls: list[tuple[str, str]] = []
        self.store, self.server = Objects(self.calls), Server(self.calls)

    def post(self, _: str, path: str, payload: Any, **__: Any) -> dict[str, Any]:
        self._keep(path, payload)
        return {"inputTokens": 3} if path.endswith("/count-tokens") else _REPLY

    def stream(self, _: str, path: str, payload: Any, **__: Any) -> Events:
        self._keep(path, payload)
        return Events()

    def invoke(self, _: str, path: str, payload: Any, **__: Any) -> tuple[dict[str, Any], Mapping[str, str]]:
        self._keep(path, payload)
        maker = next(maker for maker in _VECTORS if maker in path)
        return _VECTORS[maker](payload), {"x-amzn-bedrock-input-token-count": "3"}

    def _keep(self, path: str, payload: Any) -> None:
        text = payload.decode() if isinstance(payload, bytes) else json.dumps(payload, sort_keys=True)
        self.calls.append((path, text))


def _titan(payload: dict[str, Any]) -> dict[str, Any]:
    return {"embedding": [0.5] * payload.get("dimensions", 1024), "inputTextTokenCount": 3}


def _cohere(payload: dict[str, Any]) -> dict[str, Any]:
    return {"embeddings": [[0.5] * payload.get("output_dimension", 1536) for _ in payload["texts"]]}


def _nova(payload: dict[str, Any]) -> dict[str, Any]:
    size = payload["singleEmbeddingParams"].get("embeddingDimension", 3072)
    return {"embeddings": [{"embeddingType": "TEXT", "embedding": [0.5] * size}]}


_VECTORS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "amazon.titan": _titan,
    "cohere": _cohere,
    "amazon.nova": _nova,
}
