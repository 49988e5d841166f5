"""What a newcomer does with an installation: get a key from its administrator, chat, and ask what version it is."""

from typing import Any

import httpx
from openai import AsyncOpenAI, OpenAIError

from local.announcement import MODEL
from tools.rehearsal.errors import RehearsalError

_LIMIT_S = 60  # the first request starts a function
_QUESTION = "Tell me about rivers."


async def key(base_url: str, admin_token: str, email: str) -> str:
    """An API key of the person, by the admin API."""
    headers = {"authorization": f"Bearer {admin_token}"}
    async with httpx.AsyncClient(base_url=base_url, headers=headers, timeout=_LIMIT_S, trust_env=False) as client:
        found = await _asked(client, "GET", f"/organization/users?emails[]={email}")
        if len(found["data"]) != 1:
            raise RehearsalError(f"the admin API finds {len(found['data'])} people with the address {email}")
        keys = f"/organization/users/{found['data'][0]['id']}/api_keys"
        return str((await _asked(client, "POST", keys, {"name": "rehearsal"}))["value"])


async def streamed_chat(base_url: str, api_key: str) -> str:
    """What a model answers, by the unmodified OpenAI SDK. Raises RehearsalError unless it came in pieces and ended."""
    pieces, reason = [], None
    http = httpx.AsyncClient(trust_env=False, timeout=_LIMIT_S)
    async with AsyncOpenAI(base_url=base_url, api_key=api_key, max_retries=0, http_client=http) as client:
        try:
            chunks = await client.chat.completions.create(
                model=MODEL, messages=[{"role": "user", "content": _QUESTION}], stream=True
            )
            async for chunk in chunks:
                for choice in chunk.choices:
                    pieces.append(choice.delta.content or "")
                    reason = choice.finish_reason or reason
        except OpenAIError as error:
            raise RehearsalError(f"the chat failed: {error}") from None
    pieces = [piece for piece in pieces if piece]
    if len(pieces) < 2 or reason != "stop":
        raise RehearsalError(f"the chat came in {len(pieces)} pieces and ended with {reason!r}")
    return "".join(pieces)


async def version(base_url: str) -> dict[str, Any]:
    async with httpx.AsyncClient(base_url=base_url, timeout=_LIMIT_S, trust_env=False) as client:
        return dict(await _asked(client, "GET", "/version"))


async def _asked(client: httpx.AsyncClient, method: str, path: str, body: Any = None) -> Any:
    answer = await client.request(method, path, json=body)
    if answer.status_code != 200:
        raise RehearsalError(f"{method} {path} answered {answer.status_code}: {answer.text[:500]}")
    return answer.json()
