"""Lambda on this machine: real processes over the real Runtime API."""

from local.functions.failure import (
    FunctionError,
    FunctionNotFound,
    InvocationFailed,
    MalformedResponse,
    PayloadTooLarge,
    Throttled,
)
from local.functions.function import Function
from local.functions.functions import Functions, Result
from local.functions.invocation import Record
from local.functions.lambda_api import lambda_api
from local.functions.listener import listen
from local.functions.stream import Prelude, Stream

__all__ = [
    "Function",
    "FunctionError",
    "FunctionNotFound",
    "Functions",
    "InvocationFailed",
    "MalformedResponse",
    "PayloadTooLarge",
    "Prelude",
    "Record",
    "Result",
    "Stream",
    "Throttled",
    "lambda_api",
    "listen",
]
