"""Every path of the contract, and what is not in it."""

from typing import Any

import pytest

from local.gateway import GatewayConfig, Service, gateway
from local.gateway.routes import Routes
from tests.unit.gateway.conftest import contract, error_code

pytestmark = pytest.mark.anyio
CONTRACT = contract()
OPERATIONS = [
    (method, path, operation["x-pennyworth"])
    for path, item in CONTRACT["paths"].items()
    for method, operation in item.items()
    if method in ("get", "post", "put", "patch", "delete")
]


def routes(*paths: str) -> Routes:
    operation = {"get": {"x-pennyworth": {"service": "s", "auth": "none"}}}
    return Routes({"servers": [{"url": "/v1"}], "paths": dict.fromkeys(paths, operation)})


@pytest.mark.parametrize(("method", "path", "own"), OPERATIONS, ids=[f"{m} {p}" for m, p, _ in OPERATIONS])
def test_every_operation_of_the_contract_is_routed_to_its_service(method: str, path: str, own: dict[str, str]) -> None:
    sent = "/v1" + path.replace("{", "a-").replace("}", "")
    match = Routes(CONTRACT).find(sent)
    assert match is not None
    operation = match[0].operations[method.upper()]
    assert (operation.resource, operation.service, operation.auth) == (path, own["service"], own["auth"])


@pytest.mark.parametrize(
    ("path", "resource", "parameters"),
    [
        ("/v1/models/nova-lite", "/models/{model}", {"model": "nova-lite"}),
        ("/v1/models/a%2Fb%20c", "/models/{model}", {"model": "a/b c"}),
        ("/v1/models/%ff%zz", "/models/{model}", {"model": "\ufffd%zz"}),
        ("/v1/models/mine", "/models/mine", {}),
        ("/v1/m%6Fdels/mine", "/models/mine", {}),
        ("/v1/models/mine/parts", "/models/{model}/parts", {"model": "mine"}),
        ("/v1/files/a/b%2Fc/d", "/files/{proxy+}", {"proxy": "a/b/c/d"}),
        ("/v1/models", None, {}),
        ("/v1/models/", None, {}),
        ("/v1/files/", None, {}),
        ("/v1/models/a/b", None, {}),
        ("/v1//models/a", None, {}),
        ("/v1", None, {}),
        ("/", None, {}),
        ("", None, {}),
        ("/v2/models/a", None, {}),
        ("/v1models/a", None, {}),
    ],
)
def test_a_path_finds_its_resource(path: str, resource: str | None, parameters: dict[str, str]) -> None:
    known = routes("/models/{model}", "/models/mine", "/models/{model}/parts", "/files/{proxy+}")
    match = known.find(path)
    assert (match and match[0].path) == resource
    assert match is None or match[1] == parameters


@pytest.mark.parametrize("own", [{}, {"service": "s"}, {"auth": "none"}, {"service": "s", "auth": "basic"}])
def test_an_operation_that_names_no_service_or_auth_stops_the_start(own: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="GET /x"):
        Routes({"paths": {"/x": {"get": {"x-pennyworth": own}}}})


def test_a_service_without_a_function_stops_the_start() -> None:
    config = GatewayConfig(
        services={"openai": Service("o")},
        authorizer="a",
        authorizer_ttl_s=0,
        pool_id="p",
        client_ids=(),
        aws_url="http://x",
    )
    functions: Any = None
    with pytest.raises(ValueError, match="admin"):
        gateway(CONTRACT, config, functions)


async def test_an_unknown_path_is_a_404_in_openais_shape(door: Any) -> None:
    for path in ("/nothing", "http://localhost/", "http://localhost/v2/models"):
        response = await door("GET", path)
        assert (response.status_code, error_code(response)) == (404, "unknown_url")
    assert not door.functions.calls


async def test_a_wrong_method_is_a_405_that_names_the_right_ones(door: Any) -> None:
    response = await door("DELETE", "/organization/users")
    assert (response.status_code, error_code(response)) == (405, "method_not_allowed")
    assert response.headers["allow"] == "GET, POST, OPTIONS"
    expected = "DELETE is not allowed on /v1/organization/users. Allowed: GET, POST, OPTIONS."
    assert response.json()["error"]["message"] == expected
    assert not door.functions.calls


async def test_allowed_methods_are_named_in_one_order_however_the_contract_lists_them() -> None:
    own = {"x-pennyworth": {"service": "admin", "auth": "none"}}
    routes = Routes({"servers": [{"url": "/v1"}], "paths": {"/users": {"delete": own, "post": own, "get": own}}})
    found = routes.find("/v1/users")
    assert found
    assert found[0].methods == ["GET", "POST", "DELETE", "OPTIONS"]


@pytest.mark.parametrize("path", ["/models", "/files"])
async def test_a_body_api_gateway_has_no_mock_for_is_a_415(door: Any, path: str) -> None:
    response = await door("PUT", path, headers={"content-type": "audio/mpeg"})
    assert (response.status_code, error_code(response)) == (415, "unsupported_media_type")


async def test_an_upload_to_an_unknown_path_is_told_so(door: Any) -> None:
    response = await door("POST", "/nothing", headers={"content-type": "Multipart/Form-Data; boundary=x"})
    assert (response.status_code, error_code(response)) == (404, "unknown_url")


async def test_head_on_a_known_path_is_a_405(door: Any) -> None:
    response = await door("HEAD", "/models")
    assert (response.status_code, response.headers["allow"]) == (405, "GET, OPTIONS")


async def test_a_preflight_is_answered_without_a_function(door: Any) -> None:
    response = await door("OPTIONS", "/chat/completions", headers={"origin": "https://app.test"})
    assert (response.status_code, response.content) == (204, b"")
    assert response.headers["access-control-allow-origin"] == "*"
    assert response.headers["access-control-allow-methods"] == "POST, OPTIONS"
    assert "authorization" in response.headers["access-control-allow-headers"].lower()
    assert not door.functions.calls


async def test_a_path_that_is_no_utf8_does_not_crash_it(door: Any) -> None:
    for path in ("/models/%ff%fe", "/models/%", "/models/%0a?%ff=%fe&=&&", "/%00"):
        response = await door("GET", path, headers={"authorization": "x"})
        assert response.status_code in (200, 404)
        assert response.headers["x-request-id"]


async def test_a_name_that_is_not_the_gateways_is_refused(door: Any) -> None:
    for host in ("evil.example.net", "localhost.evil.example.net:8080"):
        assert (await door("GET", "/health", headers={"host": host})).status_code == 403
    assert (await door("GET", "/health", headers={"host": "LOCALHOST:8080"})).status_code == 200
