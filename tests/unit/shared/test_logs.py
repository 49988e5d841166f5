"""A line of the log is Powertools' own, byte for byte."""

import logging
import sys

import pytest
from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter

from pennyworth.logs import Formatter

FIELDS = {"status": 200, "user_id": None, "name": "Zoë", "_aws": {"Timestamp": 1}, "kept": object, "message_id": "x"}


def record(message="request", *args, exc_info=None, **fields):
    made = logging.LogRecord("openai", logging.INFO, "/opt/python/x.py", 7, message, args, exc_info, "log")
    made.__dict__.update(fields)
    return made


def lines(made):
    formatters = [kind(use_rfc3339=True, utc=True) for kind in (Formatter, LambdaPowertoolsFormatter)]
    for each in formatters:
        each.append_keys(service="openai", sampling_rate=None)
    return [each.format(made) for each in formatters]


def raised():
    try:
        int("no")
    except ValueError:
        return sys.exc_info()


@pytest.mark.parametrize("trace", ["", "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"])
@pytest.mark.parametrize(
    "made",
    [record(), record(**FIELDS), record("%s of %s", 1, 2, level="mine"), record("failed", exc_info=raised(), **FIELDS)],
    ids=["plain", "fields", "arguments", "exception"],
)
def test_a_line_is_powertools_own(monkeypatch, made, trace):
    monkeypatch.setenv("_X_AMZN_TRACE_ID", trace)
    ours, theirs = lines(made)
    assert ours == theirs
    assert (trace != "") == ('"xray_trace_id":"1-5759e988-bd862e3fe1be46a994272793"' in ours)
