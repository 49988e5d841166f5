"""Structured logs: one JSON line per request and per fault. Never a secret, never a prompt."""

import json
import logging
from typing import Any

from aws_lambda_powertools import Logger

# No line says the thread or the process. Source: Python's logging HOWTO, Optimization.
logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False

# Powertools names the service from POWERTOOLS_SERVICE_NAME and the level from POWERTOOLS_LOG_LEVEL. Uncaught
# exceptions are logged by type and place alone (see `fault`): their text may quote what a client sent. No message is
# JSON, so none is tried as such; and one encoder serves all lines.
_encode = json.JSONEncoder(separators=(",", ":"), default=str, ensure_ascii=False).encode
logger = Logger(use_rfc3339=True, utc=True, json_serializer=_encode, json_deserializer=str)


def fault(message: str, error: BaseException, **fields: Any) -> None:
    """Log an unexpected exception without its text, which may hold a prompt: its types and where it was raised."""
    chain: list[str] = []
    places: list[str] = []
    cause: BaseException | None = error
    while cause is not None and len(chain) < 5:
        chain.append(type(cause).__qualname__)
        trace = cause.__traceback__
        while trace is not None:
            place = trace.tb_frame.f_code
            places.append(f"{place.co_filename}:{trace.tb_lineno} {place.co_qualname}")
            trace = trace.tb_next
        cause = cause.__cause__ or cause.__context__
    logger.error(message, error=chain, trace=places[-20:], **fields)
