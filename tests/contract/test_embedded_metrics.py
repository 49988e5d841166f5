"""A usage record's line against the embedded metric format: the JSON schema that its specification prints, and what
the text beside it demands.

Source: Amazon CloudWatch user guide, specification: embedded metric format (read 2026-11).
"""

import json
import time

import pytest
from jsonschema import Draft7Validator

from pennyworth.logs import logger
from services.openai.catalogue import Model, find
from services.openai.meter import Meter

UNITS = {"Seconds", "Microseconds", "Milliseconds", "Bytes", "Count", "Percent", "None"}
NAME = {"type": "string", "minLength": 1, "maxLength": 1024}
SCHEMA = {
    "type": "object",
    "required": ["_aws"],
    "properties": {
        "_aws": {
            "type": "object",
            "required": ["Timestamp", "CloudWatchMetrics"],
            "properties": {
                "Timestamp": {"type": "integer"},
                "CloudWatchMetrics": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["Namespace", "Dimensions", "Metrics"],
                        "properties": {
                            "Namespace": NAME,
                            "Dimensions": {
                                "type": "array",
                                "minItems": 1,
                                "items": {"type": "array", "maxItems": 30, "items": {**NAME, "maxLength": 250}},
                            },
                            "Metrics": {
                                "type": "array",
                                "maxItems": 100,
                                "items": {
                                    "type": "object",
                                    "required": ["Name"],
                                    "properties": {
                                        "Name": NAME,
                                        "Unit": {"enum": sorted(UNITS)},
                                        "StorageResolution": {"enum": [1, 60]},
                                    },
                                    "additionalProperties": False,
                                },
                            },
                        },
                        "additionalProperties": False,
                    },
                },
            },
            "additionalProperties": False,
        }
    },
}


@pytest.fixture
def line(monkeypatch, log):
    """The log line of a call of a model that told that usage."""

    def written(model=None, **usage):
        monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "pennyworth-test")
        meter = Meter("asked", "chat")
        meter.asks(model or find("nova-lite"))
        meter.read(usage)
        logger.info("request", duration_ms=12.5, **meter.fields())
        return log()[-1]

    return written


def directives(line):
    Draft7Validator.check_schema(SCHEMA)
    assert list(Draft7Validator(SCHEMA).iter_errors(line)) == []
    return line["_aws"]["CloudWatchMetrics"]


def test_every_metric_is_a_number_of_the_line_and_every_dimension_a_text(line):
    said = line(prompt_tokens=100, completion_tokens=20)
    (directive,) = directives(said)
    assert directive["Namespace"] == "pennyworth-test"
    assert {each["Name"]: each["Unit"] for each in directive["Metrics"]} == {
        "prompt_tokens": "Count",
        "completion_tokens": "Count",
        "cost_microusd": "None",
        "duration_ms": "Milliseconds",
    }
    assert all(type(said[each["Name"]]) in (int, float) for each in directive["Metrics"])
    assert directive["Dimensions"] == [["service", "served"]]
    assert all(isinstance(said[name], str) and said[name] for name in directive["Dimensions"][0])


def test_the_time_is_now_and_the_line_is_one(line):
    said = line(prompt_tokens=1, completion_tokens=1)
    assert abs(said["_aws"]["Timestamp"] - time.time() * 1000) < 10_000
    assert len(json.dumps(said)) < 256_000


def test_what_was_not_counted_is_no_metric(line):
    (directive,) = directives(line(prompt_tokens=7))
    assert [each["Name"] for each in directive["Metrics"]] == ["prompt_tokens", "cost_microusd", "duration_ms"]
    assert "_aws" not in line()


def test_models_that_the_catalogue_does_not_list_are_one_metric_together(line):
    """Else whoever may use a provider's every model decides how many metrics are billed."""
    for name in ("groq/one", "groq/two"):
        (directive,) = directives(line(Model(name=name, provider="groq", id=name), prompt_tokens=1))
        assert directive["Dimensions"] == [["service"]]


def test_users_keys_and_groups_are_no_dimensions(line):
    (directive,) = directives(line(prompt_tokens=1))
    assert {name for names in directive["Dimensions"] for name in names} <= {"service", "served"}


def test_without_a_namespace_there_are_no_metrics(monkeypatch):
    monkeypatch.delenv("POWERTOOLS_METRICS_NAMESPACE", raising=False)
    meter = Meter("asked", "chat")
    meter.asks(find("nova-lite"))
    meter.read({"prompt_tokens": 1})
    assert "_aws" not in meter.fields()
