"""One invocation: its event, and the context object that handlers and Powertools read."""

import json
import os
import time
from collections.abc import Mapping
from typing import Any

from pennyworth.runtime.faults import Fault


class Context:
    """Lambda's context object, as its Python runtime has it. `streams` says that a body may be an iterable."""

    streams = True
    function_name = os.environ.get("AWS_LAMBDA_FUNCTION_NAME")
    function_version = os.environ.get("AWS_LAMBDA_FUNCTION_VERSION")
    memory_limit_in_mb = os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")  # a str in the stock runtime too
    log_group_name = os.environ.get("AWS_LAMBDA_LOG_GROUP_NAME")
    log_stream_name = os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME")
    identity = None
    client_context = None

    def __init__(self, headers: Mapping[str, str]) -> None:
        self.aws_request_id = headers["lambda-runtime-aws-request-id"]
        self.invoked_function_arn = headers.get("lambda-runtime-invoked-function-arn", "")
        self.deadline_ms = int(headers["lambda-runtime-deadline-ms"])  # unix time

    def get_remaining_time_in_millis(self) -> int:
        return max(0, self.deadline_ms - int(time.time() * 1000))


def follow_trace(headers: Mapping[str, str]) -> None:
    """Put X-Ray's trace header where tracers look for it."""
    trace = headers.get("lambda-runtime-trace-id")
    if trace:
        os.environ["_X_AMZN_TRACE_ID"] = trace
    else:
        os.environ.pop("_X_AMZN_TRACE_ID", None)


def event(payload: bytes) -> Any:
    """The event as the handler gets it. Raises Fault."""
    try:
        return json.loads(payload)
    except ValueError:
        raise Fault("Runtime.UnmarshalError", "The event is not JSON.") from None
