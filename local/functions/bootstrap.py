"""The stock bootstrap where AWS's awslambdaric cannot be installed (macOS): buffered answers, one event at a time."""

import http.client
import importlib
import json
import os
import sys
import time
import traceback
from types import SimpleNamespace
from typing import Any

_ROOT = "/2018-06-01/runtime"


def main(handler_name: str) -> None:
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])
    try:
        module, _, name = handler_name.rpartition(".")
        handler = getattr(importlib.import_module(module.replace("/", ".")), name)
    except Exception as error:  # noqa: BLE001, RUF100 -- whatever the function's module raises is reported to Lambda
        type_ = "Runtime.ImportModuleError" if isinstance(error, ImportError) else type(error).__name__
        _post(api, f"{_ROOT}/init/error", _fault(error, type_), type_)
        sys.exit(1)
    while True:
        api.request("GET", f"{_ROOT}/invocation/next")
        _invoke(api, handler, api.getresponse())


def _invoke(api: http.client.HTTPConnection, handler: Any, event: http.client.HTTPResponse) -> None:
    request_id = event.headers["Lambda-Runtime-Aws-Request-Id"]
    deadline_ms = int(event.headers["Lambda-Runtime-Deadline-Ms"])
    os.environ["_X_AMZN_TRACE_ID"] = event.headers["Lambda-Runtime-Trace-Id"]
    context = SimpleNamespace(
        aws_request_id=request_id,
        function_name=os.environ["AWS_LAMBDA_FUNCTION_NAME"],
        function_version=os.environ["AWS_LAMBDA_FUNCTION_VERSION"],
        memory_limit_in_mb=os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"],
        invoked_function_arn=event.headers["Lambda-Runtime-Invoked-Function-Arn"],
        log_group_name=os.environ["AWS_LAMBDA_LOG_GROUP_NAME"],
        log_stream_name=os.environ["AWS_LAMBDA_LOG_STREAM_NAME"],
        get_remaining_time_in_millis=lambda: max(0, deadline_ms - int(time.time() * 1000)),
    )
    try:
        answer = json.dumps(handler(json.loads(event.read()), context)).encode()
    except Exception as error:  # noqa: BLE001, RUF100 -- whatever the function raises is reported to Lambda
        traceback.print_exc()
        type_ = type(error).__name__
        _post(api, f"{_ROOT}/invocation/{request_id}/error", _fault(error, type_), type_)
    else:
        _post(api, f"{_ROOT}/invocation/{request_id}/response", answer)


def _fault(error: Exception, type_: str) -> bytes:
    trace = traceback.format_tb(error.__traceback__)
    return json.dumps({"errorMessage": str(error), "errorType": type_, "stackTrace": trace}).encode()


def _post(api: http.client.HTTPConnection, path: str, body: bytes, error_type: str = "") -> None:
    headers = {"Content-Type": "application/json"}
    if error_type:
        headers["Lambda-Runtime-Function-Error-Type"] = error_type
    api.request("POST", path, body, headers)
    answer = api.getresponse()
    reason = answer.read()
    if answer.status != 202:
        raise RuntimeError(f"the Runtime API answered {answer.status}: {reason!r}")


if __name__ == "__main__":
    main(sys.argv[1])
