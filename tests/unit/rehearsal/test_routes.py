"""What the rehearsal finds wrong with a deployed REST API."""

from collections.abc import Iterator
from typing import Any

import pytest

from local.plan import plan
from tools.rehearsal.routes import disagreements

CONTRACT = {
    "paths": {
        "/models": {"parameters": [], "get": {"x-pennyworth": {"service": "openai"}}},
        "/mcp": {"post": {"x-pennyworth": {"service": "mcp"}}},
    }
}


def address(key: str, *, alias: str = ":live", streaming: bool = False) -> str:
    arn = f"arn:aws:lambda:us-east-1:1:function:pennyworth-local-{key}{alias}"
    version, action = ("2021-11-15", "response-streaming-invocations") if streaming else ("2015-03-31", "invocations")
    return f"arn:aws:apigateway:us-east-1:lambda:path/{version}/functions/{arn}/{action}"


def routes() -> dict[str, dict[str, Any]]:
    """Path → method → integration, as they should be."""
    return {
        "/models": {
            "GET": {"type": "AWS_PROXY", "uri": address("openai", streaming=True)},
            "OPTIONS": {"type": "MOCK"},
        },
        "/mcp": {"POST": {"type": "AWS_PROXY", "uri": address("mcp")}},
    }


class ApiGateway:
    def __init__(self, there: dict[str, dict[str, Any]], rate: float, name: str) -> None:
        self.there, self.rate, self.name = there, rate, name

    def get_rest_apis(self) -> dict[str, Any]:
        return {"items": [{"name": self.name, "id": "api"}]}

    def get_paginator(self, operation: str) -> "ApiGateway":
        assert operation == "get_resources"
        return self

    def paginate(self, **_: Any) -> Iterator[dict[str, Any]]:
        for path, methods in self.there.items():
            made = {method: {"methodIntegration": integration} for method, integration in methods.items()}
            yield {"items": [{"path": path, "resourceMethods": made}]}

    def get_stage(self, **_: Any) -> dict[str, Any]:
        return {"methodSettings": {"*/*": {"throttlingRateLimit": self.rate, "throttlingBurstLimit": 1000}}}


class Lambda:
    def get_alias(self, *, FunctionName: str, Name: str) -> dict[str, str]:  # noqa: N803 -- boto3's
        return {"AliasArn": f"arn:aws:lambda:us-east-1:1:function:{FunctionName}:{Name}"}


def found(there: dict[str, dict[str, Any]], rate: float = 500, name: str = "pennyworth-local") -> list[str]:
    services = {"apigateway": ApiGateway(there, rate, name), "lambda": Lambda()}
    return disagreements(services.__getitem__, CONTRACT, plan(), "v1")


def test_what_terraform_should_make_is_right() -> None:
    assert found(routes()) == []


@pytest.mark.parametrize(
    "uri", [address("openai"), address("mcp", streaming=True), address("openai", alias="", streaming=True)]
)
def test_another_function_alias_or_kind_of_invocation_is_wrong(uri: str) -> None:
    there = routes()
    there["/models"]["GET"]["uri"] = uri
    [line] = found(there)
    assert line.startswith("GET /models is deployed to")


def test_a_missing_and_an_extra_route_are_wrong() -> None:
    there = routes()
    there["/else"] = there.pop("/mcp")
    assert found(there) == ["POST /mcp is not deployed", "POST /else is in no contract"]


def test_another_throttle_is_wrong() -> None:
    [line] = found(routes(), rate=7)
    assert "(7, 1000), not (500, 1000)" in line


def test_an_api_of_another_name_is_none() -> None:
    assert found(routes(), name="else") == ["0 REST APIs have the name pennyworth-local"]
