"""Structured logs: one JSON line per request and per fault. Never a secret, never a prompt."""

import json
import logging
import os
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging.formatter import RESERVED_LOG_ATTRS, LambdaPowertoolsFormatter

# No line says the thread or the process. Source: Python's logging HOWTO, Optimization.
logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False

_OWN = frozenset(RESERVED_LOG_ATTRS)  # of every record: whatever else one has is a field of its line
_encode = json.JSONEncoder(separators=(",", ":"), default=str, ensure_ascii=False).encode


class Formatter(LambdaPowertoolsFormatter):
    """Powertools' line at half its price: without looking for JSON in the message, and for an exception."""

    def format(self, record: logging.LogRecord) -> str:
        if record.exc_info:
            return super().format(record)
        trace = os.environ.get("_X_AMZN_TRACE_ID", "")
        line = {
            **self.log_format,
            "level": record.levelname,
            "location": f"{record.funcName}:{record.lineno}",
            "message": record.getMessage(),
            "timestamp": self.formatTime(record),
            **{name: value for name, value in record.__dict__.items() if name not in _OWN},
            "xray_trace_id": trace.partition(";")[0].removeprefix("Root=") or None,
        }
        return _encode({name: value for name, value in line.items() if value is not None})


# Powertools names the service from POWERTOOLS_SERVICE_NAME and the level from POWERTOOLS_LOG_LEVEL. Uncaught
# exceptions are logged by type and place alone (see `fault`): their text may quote what a client sent.
logger = Logger(logger_formatter=Formatter(use_rfc3339=True, utc=True))


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
