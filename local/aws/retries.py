"""A call that an SDK tries again, because our answer to it never arrived, is answered as it was; nothing happens twice.

AWS's SDKs give every attempt of a call the same id. AWS loses an answer too seldom to matter; a loaded machine's
loopback does not, and to carry a call out again there says of a stage just created that it already exists.
"""

import hashlib
from collections import OrderedDict
from typing import Any

from local.aws.authorization import Answer

_KEPT = 256  # calls; an SDK gives up or gets through long before so many others were answered


class Answers:
    """To calls that succeeded, by id and content."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, ...], Answer] = OrderedDict()

    def earlier(self, environ: dict[str, Any], body: bytes) -> Answer | None:
        """What an earlier attempt of the same call was answered."""
        return self._kept.get(_call(environ, body))

    def keep(self, environ: dict[str, Any], body: bytes, answer: Answer) -> None:
        if not environ.get("HTTP_AMZ_SDK_INVOCATION_ID") or not answer.status.startswith("2"):
            return
        self._kept[_call(environ, body)] = answer
        if len(self._kept) > _KEPT:
            self._kept.popitem(last=False)


def _call(environ: dict[str, Any], body: bytes) -> tuple[str, ...]:
    names = ("HTTP_AMZ_SDK_INVOCATION_ID", "HTTP_HOST", "REQUEST_METHOD", "PATH_INFO", "QUERY_STRING")
    return (*(environ.get(name, "") for name in names), hashlib.sha256(body).hexdigest())
