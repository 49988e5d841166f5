"""Notifications that go out before an answer: progress and log messages, as far as the client asked for them."""

import json
from collections.abc import Mapping
from typing import Any

# By severity, the least severe first. Source: RFC 5424, as MCP's LoggingLevel has it.
LOG_LEVELS = ("debug", "info", "notice", "warning", "error", "critical", "alert", "emergency")

MAX_NOTICES = 1000
MAX_BYTES = 1024 * 1024  # of JSON: they are kept until the answer is there, and go out in one body with it

PROGRESS = "notifications/progress"
LOG = "notifications/message"


class Notices:
    """What a request's sources had to say on the way to its answer."""

    def __init__(self, token: str | int | None, log_level: str | None) -> None:
        self.frames: list[dict[str, Any]] = []  # JSON-RPC notifications
        self._token, self._log_level = token, log_level
        self._progress: float | None = None
        self._room = MAX_BYTES

    def take(self, notification: Mapping[str, Any]) -> None:
        """Keep what the client asked to hear, drop everything else."""
        params = notification.get("params")
        if not isinstance(params, Mapping):
            return
        method = notification.get("method")
        if method == PROGRESS and self._is_ahead(params.get("progress")):
            self._keep(PROGRESS, {**params, "progressToken": self._token})
        elif method == LOG and self._is_severe(params):
            self._keep(LOG, dict(params))

    def _is_ahead(self, progress: object) -> bool:
        """MCP: the value must grow with every notification. Without a token the client can tie it to nothing."""
        if self._token is None or isinstance(progress, bool) or not isinstance(progress, int | float):
            return False
        if self._progress is not None and progress <= self._progress:
            return False
        self._progress = progress
        return True

    def _is_severe(self, params: Mapping[str, Any]) -> bool:
        level = params.get("level")
        if self._log_level is None or level not in LOG_LEVELS or "data" not in params:
            return False
        return LOG_LEVELS.index(level) >= LOG_LEVELS.index(self._log_level)

    def _keep(self, method: str, params: dict[str, Any]) -> None:
        frame = {"jsonrpc": "2.0", "method": method, "params": params}
        self._room -= len(json.dumps(frame))
        if self._room >= 0 and len(self.frames) < MAX_NOTICES:
            self.frames.append(frame)
