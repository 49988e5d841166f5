"""One request to the function, and what became of it."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, NamedTuple
from unittest.mock import patch

from pennyworth.aws import UNSIGNED
from pennyworth.principal import ACTIONS, Principal
from services.openai import routing
from services.openai.app import handler
from services.openai.catalogue import catalogue
from services.openai.names import Names
from services.openai.responses import state
from tools.compatibility.recorder import Recorder

_CALLER = Principal("u", "ada@example.com", "key_1", "developers", "arn:aws:iam::1:role/g", ACTIONS, ("*",))
# What differs from answer to answer though nothing else does.
_FLEETING = frozenset({"id", "created", "created_at", "completed_at", "item_id", "request_id", "response_id"})
PROVIDER = "acme"  # an OpenAI-compatible one
PREVIOUS = "$previous"  # in a sample: the id of the answer to the request without it


class Seen(NamedTuple):
    status: int
    calls: list[tuple[str, str]]  # what reached Bedrock: path and payload; what was stored
    answer: object  # without what is fleeting
    error: dict[str, Any]  # empty where there is none
    id: str


@dataclass(frozen=True)
class Request:
    path: str
    body: dict[str, Any]
    reads: tuple[str, ...] = ()  # the parts of an answer that count, where it repeats the request; all without any

    def seen(self, recorder: Recorder | None = None) -> Seen:
        recorder = recorder or Recorder()
        before = len(recorder.calls)
        with _on(recorder):
            reply = handler(self._event(), SimpleNamespace(streams=True))
            body = reply["body"]
            text = body if isinstance(body, str) else "".join(map(_text, body))
        calls = recorder.calls[before:]
        if reply["statusCode"] != 200:
            return Seen(reply["statusCode"], calls, None, json.loads(text)["error"], "")
        answer = _parsed(text)
        named = answer.get("id", "") if isinstance(answer, dict) else ""
        return Seen(200, calls, _lasting(self._read(answer)), {}, named)

    def _read(self, answer: object) -> object:
        if not self.reads or not isinstance(answer, dict):
            return answer
        return {name: answer.get(name) for name in self.reads}

    def _event(self) -> dict[str, Any]:
        return {
            "resource": self.path,
            "path": self.path,
            "httpMethod": "POST",
            "headers": {"content-type": "application/json"},
            "multiValueHeaders": {"content-type": ["application/json"]},
            "queryStringParameters": None,
            "requestContext": {"requestId": "r1", "authorizer": _CALLER.to_context()},
            "body": json.dumps(self.body),
            "isBase64Encoded": False,
        }


@contextmanager
def _on(recorder: Recorder) -> Iterator[None]:
    """The function, with the recorder for Bedrock and for the person's objects."""
    places = (
        (routing, "aws", lambda: recorder),
        (routing, "names", lambda: Names(catalogue(), {PROVIDER: ()})),
        (routing, "server", lambda _: recorder.server),
        (routing, "settings", lambda: None),
        (routing, "user_credentials", lambda *_, **__: UNSIGNED),
        (state, "settings", lambda: SimpleNamespace(bucket="b")),
        (state, "store", lambda _: recorder.store),
    )
    with ExitStack() as stack:
        for module, name, stand_in in places:
            stack.enter_context(patch.object(module, name, stand_in))
        yield


def _text(piece: str | bytes) -> str:
    return piece.decode() if isinstance(piece, bytes) else piece


def _parsed(text: str) -> object:
    if not text.startswith(("data:", "event:")):
        return json.loads(text)
    data = [line.removeprefix("data:").strip() for line in text.splitlines() if line.startswith("data:")]
    return [one if one == "[DONE]" else json.loads(one) for one in data]


def _lasting(value: object) -> object:
    if isinstance(value, dict):
        return {name: _lasting(part) for name, part in value.items() if name not in _FLEETING}
    return [_lasting(part) for part in value] if isinstance(value, list) else value
