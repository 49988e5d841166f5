from typing import Any

import pytest

from local.gateway.refusal import GatewayResponses

NAME = "x-amazon-apigateway-gateway-responses"
ENTRY = {
    "statusCode": 418,
    "responseParameters": {
        "gatewayresponse.header.x-request-id": "context.requestId",
        "gatewayresponse.header.x-static": "'a, b'",
        "gatewayresponse.header.x-missing": "context.nothing.here",
    },
    "responseTemplates": {
        "application/json": '{"m": $context.error.messageString, "t": "$context.error.responseType",'
        ' "ip": "$context.identity.sourceIp", "no": "$context.no"}'
    },
}


def render(responses: dict[str, Any], type_: str) -> Any:
    return GatewayResponses({NAME: responses}).render(type_, {"requestId": "r-1", "identity": {"sourceIp": "::1"}})


def test_a_response_has_its_status_headers_and_substituted_body() -> None:
    status, headers, body = render({"UNAUTHORIZED": ENTRY}, "UNAUTHORIZED")
    assert status == 418
    assert headers == [
        ("content-type", "application/json"),
        ("x-request-id", "r-1"),
        ("x-static", "a, b"),
        ("x-missing", ""),
    ]
    assert body == b'{"m": "Unauthorized", "t": "UNAUTHORIZED", "ip": "::1", "no": ""}'


def test_a_header_may_name_the_address_the_client_used() -> None:
    entry = {"responseParameters": {"gatewayresponse.header.www-authenticate": "'Bearer at=\"{base_url}/x\"'"}}
    contract = {NAME: {"UNAUTHORIZED": entry}, "servers": [{"url": "/v1"}]}
    response = GatewayResponses(contract).render("UNAUTHORIZED", {"domainName": "127.0.0.1:8080"})
    assert dict(response.headers)["www-authenticate"] == 'Bearer at="http://127.0.0.1:8080/v1/x"'


@pytest.mark.parametrize(("type_", "status"), [("UNAUTHORIZED", 401), ("ACCESS_DENIED", 403), ("THROTTLED", 429)])
def test_a_type_without_its_own_response_takes_the_default_and_keeps_its_status(type_: str, status: int) -> None:
    default = {"responseTemplates": {"application/json": "default of 4xx"}}
    response = render({"DEFAULT_4XX": default}, type_)
    assert (response.status, response.body) == (status, b"default of 4xx")


@pytest.mark.parametrize("type_", ["REQUEST_TOO_LARGE", "EVENT_TOO_LARGE"])
def test_what_is_too_large_is_answered_in_api_gateways_own_words(type_: str) -> None:
    own = {"statusCode": 400, "responseTemplates": {"application/json": "ours"}}
    response = render({"REQUEST_TOO_LARGE": own, "DEFAULT_4XX": own}, type_)
    assert response.status == 413
    assert b"ours" not in response.body


def test_without_any_the_answer_is_api_gateways_own() -> None:
    response = render({}, "AUTHORIZER_FAILURE")
    assert (response.status, response.body) == (500, b'{"message":"Internal server error"}')


@pytest.mark.parametrize(
    "parameters",
    [{"gatewayresponse.header.x": "method.request.header.y"}, {"gatewayresponse.querystring.x": "'a'"}],
)
def test_a_parameter_nobody_can_compute_stops_the_start(parameters: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="not understood"):
        GatewayResponses({NAME: {"THROTTLED": {"responseParameters": parameters}}})
