"""Talk with one MCP server in whichever revision it knows: the stateless one first, else the handshake's.

A handshake revision may put a session between two requests, and a server may keep things in it. So a caller's request
gets a session of its own, unless the declaration says that all may share one; lists share one, since they hold nothing
of a caller's. A server that hands out no session id keeps nothing between requests, and one handshake does for all.
"""

import re
import time
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from itertools import count
from threading import Lock
from typing import Any

from services.mcp.eras import CAPABILITIES_KEY, CLIENT_KEY, HANDSHAKE, LOG_LEVEL_KEY, MODERN, NAMED_BY, VERSION_KEY
from services.mcp.headers import encoded
from services.mcp.protocol import METHOD_NOT_FOUND, UNSUPPORTED_VERSION
from services.mcp.source import Asked
from services.mcp.upstream.channel import SESSION, Channel, Message, Reply
from services.mcp.upstream.faults import BadStatus, Refused, Unreachable
from services.mcp.upstream.pages import DEFAULT_TTL_MS, Listed, whole

_QUESTIONS = 8  # requests of the server's own within one answer
_NOTES = 1000  # notifications within one answer
_BYE_S = 2.0
_LIFE_S = 3600.0  # for which it is believed what revision a server speaks and what it has, unless it says less
_LEAST_S = 300.0
_PLAIN = re.compile(r"[!-~]([ -~]*[!-~])?")
# What a client can be asked in rounds, and therefore through a gateway that keeps nothing.
_PASSED_ON = ("elicitation", "roots", "sampling")
# What no status says of a server that knows no other revision: it is down, or wants other credentials.
_NO_ANSWER = frozenset((401, 403, 429, 502, 503, 504))


@dataclass(frozen=True, slots=True)
class Era:
    """What was agreed on with the server, for a while."""

    version: str
    capabilities: Mapping[str, Any]
    session_id: str = ""
    until: float = float("inf")  # when it is asked for anew

    @property
    def is_modern(self) -> bool:
        return self.version in MODERN


class Session:
    """One a process and server; threads may share it. Raises Unreachable and Refused."""

    def __init__(
        self,
        channel: Channel,
        client: Mapping[str, str],
        max_bytes: int,
        *,
        era: str = "",
        shared: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`client`: {name, version} of the gateway. `max_bytes`: of a list, in all its pages."""
        self._channel, self._client, self._max_bytes = channel, dict(client), max_bytes
        self._declared, self._shared, self._clock = era, shared, clock
        self._lock, self._numbers = Lock(), count(1)
        self._era: Era | None = None

    def listed(self, kind: str, ends_at: float) -> Listed:
        """`kind`: tools, prompts, resources, resourceTemplates. Empty where the server says that it has none."""
        method = "resources/templates/list" if kind == "resourceTemplates" else f"{kind}/list"
        era = self._renewed(ends_at)
        if ("resources" if kind == "resourceTemplates" else kind) not in era.capabilities:
            return Listed((), DEFAULT_TTL_MS)
        return whole(kind, lambda cursor: self._asked(method, cursor, None, ends_at), self._max_bytes)

    def request(
        self,
        method: str,
        params: Mapping[str, Any],
        asked: Asked,
        ends_at: float,
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """The result of a caller's request, as the server gave it."""
        era = self._opened(ends_at)
        if era.is_modern or self._shared or not era.session_id:
            return self._asked(method, params, asked, ends_at, headers)
        own = self._greeted(ends_at)  # that the era is known spares the question for the other one
        try:
            self._set_log_level(own, asked, ends_at)
            return self._exchange(own, method, params, asked, ends_at, headers)
        finally:
            self._leave(own, ends_at)

    def shows(self, text: str) -> bool:
        """Whether the text holds a secret of the gateway's."""
        return self._channel.shows(text)

    def close(self) -> None:
        """Close what is idle."""
        self._channel.close()

    def _asked(
        self,
        method: str,
        params: Mapping[str, Any],
        asked: Asked | None,
        ends_at: float,
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Within what is open; opened once more where the server has forgotten it, or learned another revision."""
        era = self._opened(ends_at)
        try:
            return self._exchange(era, method, params, asked, ends_at, headers)
        except BadStatus as fault:
            if fault.status != 404 or not era.session_id:
                raise
        except Refused as refusal:
            if refusal.code != UNSUPPORTED_VERSION:
                raise
        self._forget(era)
        return self._exchange(self._opened(ends_at), method, params, asked, ends_at, headers)

    def _opened(self, ends_at: float) -> Era:
        with self._lock:
            if self._era is None:
                self._era = self._negotiated(ends_at)
            return self._era

    def _renewed(self, ends_at: float) -> Era:
        """What is open; agreed on anew after a while, since a server may have got prompts, or another revision."""
        with self._lock:
            old = self._era
            if old is not None and self._clock() < old.until:
                return old
            self._era = new = self._negotiated(ends_at)
        if old is not None and old.session_id:
            self._leave(old, ends_at)
        return new

    def _forget(self, era: Era) -> None:
        with self._lock:
            if self._era is era:
                self._era = None

    def _negotiated(self, ends_at: float) -> Era:
        if self._declared in HANDSHAKE:
            return self._greeted(ends_at)
        try:
            return self._discovered(ends_at)
        except BadStatus as fault:
            if self._declared or fault.status in _NO_ANSWER:
                raise
        except Refused as refusal:
            supported = refusal.data.get("supported") if isinstance(refusal.data, Mapping) else None
            speaks = not isinstance(supported, list) or any(version in HANDSHAKE for version in supported)
            if self._declared or (refusal.code == UNSUPPORTED_VERSION and not speaks):
                raise Unreachable("speaks no revision of MCP that the gateway knows", counts=False) from None
        return self._greeted(ends_at)

    def _discovered(self, ends_at: float) -> Era:
        found = self._exchange(Era(MODERN[0], {}), "server/discover", {}, None, ends_at)
        versions, capabilities = found.get("supportedVersions"), found.get("capabilities")
        if not isinstance(versions, list) or not isinstance(capabilities, Mapping):
            raise Refused(METHOD_NOT_FOUND, "It answered, but not as a server of this revision does.")
        known = [version for version in MODERN if version in versions]
        if not known:
            raise Refused(UNSUPPORTED_VERSION, "It speaks others.", {"supported": versions})
        ttl_ms = found.get("ttlMs")
        life_s = max(ttl_ms / 1000, _LEAST_S) if isinstance(ttl_ms, int) and 0 <= ttl_ms < _LIFE_S * 1000 else _LIFE_S
        return Era(known[0], capabilities, until=self._clock() + life_s)

    def _greeted(self, ends_at: float) -> Era:
        """A handshake; without any capability of ours, since nobody could answer what a server asks in between."""
        version = self._declared if self._declared in HANDSHAKE else HANDSHAKE[0]
        params = {"protocolVersion": version, "capabilities": {}, "clientInfo": self._client}
        reply = self._post("initialize", params, {}, ends_at)
        with closing(reply):
            try:
                found = self._result(reply, None, Era(version, {}), ends_at)
            except Refused:
                raise Unreachable("refuses to open a session with the gateway", counts=False) from None
        agreed, capabilities = found.get("protocolVersion"), found.get("capabilities")
        if agreed not in HANDSHAKE or not isinstance(capabilities, Mapping):
            raise Unreachable("speaks no revision of MCP that the gateway knows", counts=False)
        session_id = reply.headers.get(SESSION, "")
        if session_id and not _PLAIN.fullmatch(session_id):
            raise Unreachable("answered with a session id that no header takes")
        era = Era(str(agreed), capabilities, session_id, self._clock() + _LIFE_S)
        ready = {"jsonrpc": "2.0", "method": "notifications/initialized"}
        with suppress(BadStatus):  # it says nothing that a server would have to take
            self._channel.post(ready, _headers(era), ends_at).close()
        return era

    def _set_log_level(self, era: Era, asked: Asked, ends_at: float) -> None:
        if asked.log_level and "logging" in era.capabilities:
            with suppress(Refused):  # it may say less than it promised; what was asked for matters more
                self._exchange(era, "logging/setLevel", {"level": asked.log_level}, None, ends_at)

    def _leave(self, era: Era, ends_at: float) -> None:
        try:
            self._channel.end(_headers(era), min(time.monotonic() + _BYE_S, ends_at))
        except Unreachable:
            return  # it ends sessions itself, some day; many servers do not take this

    def _exchange(
        self,
        era: Era,
        method: str,
        params: Mapping[str, Any],
        asked: Asked | None,
        ends_at: float,
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        sent = {**(headers or {}), **_headers(era)}
        meta: dict[str, Any] = {}
        if era.is_modern:
            sent["mcp-method"] = method
            if method in NAMED_BY:
                sent["mcp-name"] = encoded(str(params.get(NAMED_BY[method], "")))
            capabilities = asked.capabilities if asked else {}
            passed_on = {name: capabilities[name] for name in _PASSED_ON if name in capabilities}
            meta = {VERSION_KEY: era.version, CAPABILITIES_KEY: passed_on, CLIENT_KEY: self._client}
            if asked and asked.log_level:
                meta[LOG_LEVEL_KEY] = asked.log_level
        if asked and asked.token is not None:
            meta["progressToken"] = "progress"  # of this one answer, whatever the caller calls it
        body = {**params, **({"_meta": meta} if meta else {})}
        with closing(self._post(method, body, sent, ends_at)) as reply:
            return self._result(reply, asked, era, ends_at)

    def _post(self, method: str, params: Message, headers: Mapping[str, str], ends_at: float) -> Reply:
        message: dict[str, Any] = {"jsonrpc": "2.0", "id": next(self._numbers), "method": method}
        if params:
            message["params"] = params
        return self._channel.post(message, headers, ends_at)

    def _result(self, reply: Reply, asked: Asked | None, era: Era, ends_at: float) -> dict[str, Any]:
        """The one response in the answer. It is to the one request in the POST, whatever it calls that."""
        questions = notes = 0
        for message in reply.messages:
            if "method" not in message:
                return _response(message)
            if "id" in message:
                questions += 1
                self._decline(message, era, ends_at)
            else:
                notes += 1
                self._note(message, asked)
            if questions > _QUESTIONS or notes > _NOTES:
                raise Unreachable("says too much before it answers", counts=False)
        raise Unreachable("ended its answer without a result")

    def _decline(self, question: Message, era: Era, ends_at: float) -> None:
        """The server asks in the middle of its answer. Only a ping can be answered: the caller hears the end alone."""
        answer: dict[str, Any] = {"jsonrpc": "2.0", "id": question["id"]}
        if question["method"] == "ping":
            answer["result"] = {}
        else:
            why = "This client is a gateway without a way back to the user, and declared no such capability."
            answer["error"] = {"code": METHOD_NOT_FOUND, "message": why}
        self._channel.post(answer, _headers(era), ends_at).close()

    def _note(self, note: Message, asked: Asked | None) -> None:
        method, params = str(note["method"]), note.get("params")
        params = params if isinstance(params, Mapping) else {}
        if asked is None:
            return
        if method == "notifications/progress" and isinstance(params.get("progress"), int | float):
            known = {name: params[name] for name in ("progress", "total", "message") if name in params}
            asked.progress({"method": method, "params": known})
        elif method == "notifications/message":
            known = {name: params[name] for name in ("level", "logger", "data") if name in params}
            asked.progress({"method": method, "params": known})


def _headers(era: Era) -> dict[str, str]:
    session = {SESSION: era.session_id} if era.session_id else {}
    return {"mcp-protocol-version": era.version, **session}


def _response(message: Message) -> dict[str, Any]:
    if "error" in message:
        raise Refused.of(message["error"])
    result = message.get("result")
    if not isinstance(result, dict):
        raise Unreachable("answered with something that is no message of MCP")
    return result
