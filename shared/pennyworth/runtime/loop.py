"""The runtime's loop: load the handler once, then answer one invocation after the other."""

import gc
import importlib
import os
import sys
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

from pennyworth.runtime.api import RuntimeApi, RuntimeApiGone, RuntimeApiLost
from pennyworth.runtime.deadline import Alarm
from pennyworth.runtime.faults import DeadlineExceeded, Fault, fault, init_fault, log, places
from pennyworth.runtime.invocation import Context, event, follow_trace
from pennyworth.runtime.reply import body, checked, piece, prelude

Handler = Callable[[Any, Context], object]

_END = object()


def run() -> NoReturn:
    """Serve the function that _HANDLER names. Ends the process: 1 after an init error or without a Runtime API."""
    api = RuntimeApi(os.environ["AWS_LAMBDA_RUNTIME_API"])
    gc.disable()  # what imports make is there to stay: looking for garbage in it is a tenth of their time
    handler = _loaded(api, os.environ.get("_HANDLER", ""))
    gc.freeze()  # nor later: a full collection would go through all of it in the middle of a request
    gc.enable()
    alarm = Alarm()
    try:
        while True:
            _serve(api, handler, alarm)
    except RuntimeApiGone as error:
        log("runtime ends", reason=str(error))
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


def _loaded(api: RuntimeApi, name: str) -> Handler:
    try:
        return load(name)
    except KeyboardInterrupt:
        sys.exit(130)
    except BaseException as error:  # SystemExit too: a module that exits is a function that cannot start
        report = init_fault(error)
        log("init error", error=report["errorType"], reason=report["errorMessage"], trace=report["stackTrace"])
        try:
            api.fail_init(report)
        except (RuntimeApiLost, RuntimeApiGone) as lost:
            log("the init error could not be reported", reason=type(lost).__name__)
        sys.exit(1)


def load(name: str) -> Handler:
    """The handler at `module.function` (Lambda also writes `folder/module.function`). Raises Fault, of the kinds that
    Lambda's own runtimes report where they have one, or what the module raises."""
    module_name, _, function = name.replace("/", ".").rpartition(".")
    if not module_name:
        raise Fault("Runtime.MalformedHandlerName", f"The handler '{name}' is not written as module.function.")
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        raise Fault("Runtime.ImportModuleError", f"Unable to import module '{module_name}': {error}") from error
    except SyntaxError as error:
        raise Fault("Runtime.UserCodeSyntaxError", f"{error.msg} in {error.filename}, line {error.lineno}.") from error
    handler: Handler | None = getattr(module, function, None)
    if handler is None:
        raise Fault("Runtime.HandlerNotFound", f"Module '{module_name}' has no '{function}'.")
    if not callable(handler):
        raise Fault("Runtime.HandlerNotCallable", f"'{name}' is {type(handler).__name__}: nothing to call.")
    return handler


def _serve(api: RuntimeApi, handler: Handler, alarm: Alarm) -> None:
    headers, payload = api.next()
    context = Context(headers)
    follow_trace(headers)
    alarm.arm(context.deadline_ms)
    try:
        status = _answer(api, handler, alarm, context, payload)
        if status != 202:
            log("answer refused", request_id=context.aws_request_id, status=status)
    except RuntimeApiLost:
        log("connection lost while answering", request_id=context.aws_request_id)
    finally:
        alarm.disarm()


def _answer(api: RuntimeApi, handler: Handler, alarm: Alarm, context: Context, payload: bytes) -> int:
    """Call the handler and send what it returns. An error is reported as one until the first byte has left."""
    content: bytes | Iterator[Any] = b""
    try:
        reply = checked(alarm.within(handler, event(payload), context))
        content = body(reply)
        start = prelude(reply)
        if not isinstance(content, bytes):
            start += _first(alarm, content)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        _close(content, context)
        return api.fail(context.aws_request_id, _logged(error, context))
    if isinstance(content, bytes):
        return api.respond(context.aws_request_id, start + content)
    return _stream(api, alarm, context, start, content)


def _first(alarm: Alarm, chunks: Iterator[Any]) -> bytes:
    """The first piece that is not empty; nothing if there is none. The status leaves with it and not before."""
    for chunk in iter(lambda: alarm.within(next, chunks, _END), _END):
        if data := piece(chunk):
            return data
    return b""


def _stream(api: RuntimeApi, alarm: Alarm, context: Context, start: bytes, chunks: Iterator[Any]) -> int:
    """Send the chunks as they come, one write each. An error now travels in the trailers."""
    within, send = alarm.within, api.send
    report = None
    try:
        api.begin(context.aws_request_id, start)
        while (chunk := within(next, chunks, _END)) is not _END:
            if alarm.rang:
                raise DeadlineExceeded  # noqa: TRY301 -- it rang while we were sending
            if data := piece(chunk):
                send(data)
    except (KeyboardInterrupt, RuntimeApiLost):
        raise
    except BaseException as error:
        report = _logged(error, context)
    finally:
        _close(chunks, context)  # or a model goes on writing for nobody
    return api.end(report)


def _close(chunks: object, context: Context) -> None:
    """Close the body so that what it holds is released now."""
    close = getattr(chunks, "close", None)
    if close is None:
        return
    try:
        close()
    except Exception as error:  # it must not hide why the body is closed, nor end the process
        log(
            "the body failed to close",
            request_id=context.aws_request_id,
            error=type(error).__name__,
            trace=places(error),
        )


def _logged(error: BaseException, context: Context) -> dict[str, Any]:
    report = fault(error)
    log("function error", request_id=context.aws_request_id, error=report["errorType"], trace=report["stackTrace"])
    return report | {"requestId": context.aws_request_id}
