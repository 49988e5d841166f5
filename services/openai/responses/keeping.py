"""A response's place in the store: who it is, whether it is kept, and with what."""

import os
import time

from pennyworth.errors import Problem
from services.openai.responses.conversation import Told
from services.openai.responses.response import Response
from services.openai.responses.state import State, packed


def response_id() -> str:
    """192 random bits: nobody guesses another's."""
    return f"resp_{os.urandom(24).hex()}"


def now() -> int:
    return int(time.time())


class Keeping:
    """Of one response."""

    def __init__(self, state: State) -> None:
        self.state, self.id = state, response_id()
        self.stored = False
        self._items = b""

    def judge(self, store: bool | None) -> None:
        """Whether it is to be stored. Raises Problem where it cannot be and was asked for."""
        if store and not self.state.keeps:
            reason = "Nothing is stored in this installation. Leave it out, and send the whole conversation each time."
            raise Problem("unsupported_parameter", param="store", reason=reason)
        self.stored = self.state.keeps and store is not False

    def take(self, said: Told) -> None:
        """What it is made from. Raises Problem for more than can be stored."""
        self._items = packed(said.items) if self.stored else b""

    def save(self, response: Response) -> None:
        """Before the last event, so that whoever read that finds it. An answer is not lost because it cannot be stored:
        then its `store` says false."""
        if not self.stored:
            return
        try:
            self.state.save(response, self._items)
        except Problem:  # the store's log line says what it was
            response["store"] = False
