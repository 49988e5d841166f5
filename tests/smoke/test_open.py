"""What needs no key: the wiring of API Gateway, and the commit that runs."""

import json

import pytest
import yaml

_SETTLING_S = 10  # API Gateway and Lambda take some seconds until every request meets what was deployed
_UNKNOWN = "sk-pw-" + "A" * 76  # a key's shape, by nobody's pepper
METADATA = "/.well-known/oauth-protected-resource"
CREDENTIALS = {"none": "", "another service's key": "sk-proj-" + "a" * 40, "a forged key": _UNKNOWN}
# One route of each authorizer: ours, and API Gateway's own for Cognito.
GUARDED = [("POST", "/chat/completions"), ("POST", "/mcp"), ("GET", "/organization/users")]


def refused(answer, status, code):
    """The answer is OpenAI's error envelope, readable by a browser, with an id to ask about."""
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert error.keys() == {"message", "type", "param", "code"}
    assert error["code"] == code
    assert error["message"]
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["access-control-expose-headers"] == "*"
    assert answer.headers["x-request-id"]


def test_the_deployed_commit_answers(target, within):
    if not target.sha:
        pytest.skip("SHA= was not given: the commit that should run")
    with target.http() as client:

        def answering():
            return client.get("/version").raise_for_status().json()["git_sha"]

        assert within(lambda sha: sha == target.sha, answering, _SETTLING_S) == target.sha


def test_the_service_is_healthy_and_names_its_requests(target):
    with target.http() as client:
        answers = [client.get("/health").raise_for_status() for _ in range(2)]
    assert [answer.json() for answer in answers] == [{"status": "ok"}] * 2
    assert len({answer.headers["x-request-id"] for answer in answers}) == 2


def test_the_contract_served_is_this_checkouts(target, root):
    contract = yaml.safe_load((root / "openapi.yaml").read_text(encoding="utf-8"))
    with target.http() as client:
        served = client.get("/openapi.json").raise_for_status().json()
    contract["info"].pop("version")  # a build writes its own
    assert served["info"].pop("version") == target.version["version"]
    assert served == json.loads(json.dumps(contract))


@pytest.mark.parametrize("route", GUARDED, ids=" ".join)
@pytest.mark.parametrize("credential", CREDENTIALS)
def test_who_proves_nothing_is_refused_in_openais_envelope(target, route, credential):
    with target.http(CREDENTIALS[credential]) as client:
        answer = client.request(*route, json={} if route[0] == "POST" else None)
    refused(answer, 401, "invalid_api_key")
    scheme, _, named = answer.headers["www-authenticate"].partition(" ")
    assert (scheme, named) == ("Bearer", f'resource_metadata="{target.base_url}{METADATA}", scope="pennyworth/mcp"')


def test_the_metadata_a_refusal_names_is_there(target):
    with target.http() as client:
        metadata = client.get(METADATA).raise_for_status().json()
    assert metadata["resource"] == f"{target.base_url}/mcp"
    assert metadata["bearer_methods_supported"] == ["header"]


def test_where_to_sign_in_is_told(target):
    with target.http() as client:
        told = client.get("/.well-known/pennyworth-configuration").raise_for_status().json()
    region = told["region"]
    assert told["base_url"] == target.base_url
    rehearsed = target.base_url.startswith("http://127.0.0.1:")
    assert told["cognito_url"].startswith(
        "http://127.0.0.1:" if rehearsed else f"https://cognito-idp.{region}.amazonaws.com"
    )
    assert told["issuer"].startswith(f"https://cognito-idp.{region}.amazonaws.com/{region}_")
    assert told["client_id"]


def test_an_unknown_url_is_a_404(target):
    with target.http() as client:
        refused(client.get("/nowhere"), 404, "unknown_url")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [("GET", "/chat/completions", "POST"), ("GET", "/mcp", "POST"), ("PUT", "/organization/users", "GET")],
)
def test_a_wrong_method_is_a_405_that_names_the_right_ones(target, method, path, allowed):
    with target.http() as client:
        answer = client.request(method, path)
    refused(answer, 405, "method_not_allowed")
    assert {allowed, "OPTIONS"} <= set(answer.headers["allow"].split(", "))


@pytest.mark.parametrize("path", ["/chat/completions", "/mcp", "/organization/users"])
def test_a_browser_is_told_that_it_may_ask(target, path):
    asked = {"origin": "https://example.com", "access-control-request-headers": "authorization,content-type"}
    with target.http() as client:
        answer = client.options(path, headers={**asked, "access-control-request-method": "POST"})
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "POST" in answer.headers["access-control-allow-methods"]
    # The wildcard does not cover it (Fetch standard, CORS non-wildcard request-header name).
    assert "authorization" in answer.headers["access-control-allow-headers"].lower()
