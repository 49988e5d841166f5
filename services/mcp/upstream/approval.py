"""Whether a tool is still the one that was approved. Pure.

A server may describe a tool one way while it is looked at and another way later, and what a description says, a model
does. So a definition can be pinned: by the SHA-256 of all of it that a model or a client acts on.
"""

import hashlib
import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from typing import Any

# Icons are pictures of it, and `_meta` is a server's note to clients that know its keys.
_PINNED = ("name", "title", "description", "inputSchema", "outputSchema", "annotations")


def digest(tool: Mapping[str, Any]) -> str:
    """Of the canonical JSON: keys sorted, no spaces, UTF-8. 43 characters of base64url."""
    pinned = {name: tool[name] for name in _PINNED if tool.get(name) is not None}
    text = json.dumps(pinned, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")


def sorted_out(
    tools: Sequence[Mapping[str, Any]], approved: Mapping[str, str] | None
) -> tuple[list[Mapping[str, Any]], dict[str, str]]:
    """The tools that stay, and of those withheld the digests they have now. Without a list of approvals all stay."""
    if approved is None:
        return list(tools), {}
    digests = {str(tool["name"]): digest(tool) for tool in tools}
    withheld = {name: found for name, found in digests.items() if approved.get(name) != found}
    return [tool for tool in tools if tool["name"] not in withheld], withheld
