"""Requests to a declared server that prove who asks."""

from collections.abc import Mapping
from dataclasses import dataclass

from services.mcp.upstream.credentials import Proof
from services.mcp.upstream.web import Answer, Web


@dataclass(frozen=True, slots=True)
class Proven:
    web: Web
    proof: Proof
    max_bytes: int  # of an answer

    def request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, deadline: float, *, again: bool = True
    ) -> Answer:
        """As Web.request; once more with another proof, if there is one, where the first is refused."""
        answer = self._once(method, url, headers, body, deadline, again)
        if answer.status == 401 and self.proof.renewed():  # refused, it has done nothing
            answer.close()
            answer = self._once(method, url, headers, body, deadline, again)
        return answer

    def _once(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, deadline: float, again: bool
    ) -> Answer:
        proven = self.proof.headers(method, url, headers, body, deadline)
        return self.web.request(method, url, proven, body, deadline, self.max_bytes, again=again)

    def shows(self, text: str) -> bool:
        """Whether the text holds what proves it."""
        return self.proof.shows(text)

    def close(self) -> None:
        """Close what is idle."""
        self.web.close()
