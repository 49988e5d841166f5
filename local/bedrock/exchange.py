"""A request on its way to an answer."""

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from local.bedrock.bedrock import Bedrock
from local.bedrock.calls import Call
from local.bedrock.catalogue import Model, invocable
from local.bedrock.errors import AwsError
from local.bedrock.eventstream import encoded
from local.bedrock.faults import Fault
from local.bedrock.replies import Reply
from local.bedrock.service import operation
from local.bedrock.shapes import parsed
from local.bedrock.signatures import Caller
from local.bedrock.streams import EventStream


@dataclass
class Exchange:
    bedrock: Bedrock
    request: Request
    body: bytes
    caller: Caller
    call: Call
    fault: Fault
    started: float  # time.monotonic() when it came in

    @property
    def identifier(self) -> str:
        return self.request.path_params["identifier"]

    @property
    def latency_ms(self) -> int:
        return round((time.monotonic() - self.started) * 1000)

    def model(self) -> Model:
        """The model to invoke."""
        model = invocable(self.identifier, self.caller.region, self.bedrock.own)
        self.call.model = model.id
        return model

    def json(self) -> Any:
        try:
            return json.loads(self.body or b"{}")
        except ValueError as error:
            raise AwsError("SerializationException", "The body is not JSON", 400) from error

    def members(self, uri: Mapping[str, str]) -> dict[str, Any]:
        """The operation's input: the body, with what the path holds."""
        body = self.json()
        if not isinstance(body, dict):
            raise AwsError("SerializationException", "Start of structure or map expected", 400)
        return parsed({**body, **uri}, operation(self.call.operation).input_shape)

    def note(self, finished: Reply) -> None:
        self.call.usage = finished.usage.converse(caches=True)
        self.call.stop_reason = finished.stop_reason

    def answer(self, content: dict[str, Any], headers: Mapping[str, str] | None = None) -> Response:
        text = encoded(content)
        head = {"x-amzn-RequestId": self.call.request_id, **(headers or {})}
        return Response(text.encode(), 200, head, media_type="application/json")

    def stream(self, frames: Iterable[bytes], burst: bool, headers: Mapping[str, str] | None = None) -> Response:
        head = {"x-amzn-RequestId": self.call.request_id, **(headers or {})}
        return EventStream(list(frames), self.fault, self.call, head, burst)
