"""A secret of somebody else's, kept in Parameter Store."""

import json
import time
from collections.abc import Callable
from threading import Lock

_TTL_S = 300  # a secret that was changed counts after this long, or once the old one is refused
_LEAST = 12  # characters of a part that is a secret by itself
_FRESH_S = 5  # what was read this moment is not read again because it is refused


class Secret:
    """Read when it is first needed, and again when it may be another."""

    def __init__(self, read: Callable[[], str], clock: Callable[[], float] = time.monotonic) -> None:
        """What `read` raises is raised here."""
        self._read, self._clock, self._lock = read, clock, Lock()
        self._value, self._read_at = "", float("-inf")

    def value(self, refused: str | None = None) -> str:
        """The secret; where one was refused, as Parameter Store has it by now."""
        with self._lock:
            age_s = self._clock() - self._read_at
            if age_s > _TTL_S or (refused == self._value and age_s > _FRESH_S):
                self._value = self._read()
                self._read_at = self._clock()
            return self._value

    def shows(self, text: str) -> bool:
        """Whether the text, JSON or plain, holds the secret, or what stands in it behind a scheme (`Basic …`)."""
        bare = self._value.rpartition(" ")[2]
        forms = {self._value, bare if len(bare) >= _LEAST else self._value}
        return bool(self._value) and any(form in text or json.dumps(form)[1:-1] in text for form in forms)
