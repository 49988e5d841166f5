"""The body that terraform/modules/api makes of the contract, held to OpenAPI, to the local front door and to moto."""

import json
import re
from dataclasses import dataclass

import boto3
import pytest
import yaml
from moto import mock_aws
from openapi_spec_validator import OpenAPIV30SpecValidator

from local.gateway import mock
from local.gateway.refusal import GatewayResponses, Refusal
from local.gateway.request import Request
from local.gateway.routes import METHODS, Routes
from tests.terraform.conftest import ROOT

CONTRACT = yaml.safe_load((ROOT / "openapi.yaml").read_text())
WAYS = {path[: slash.start()] for path in CONTRACT["paths"] for slash in re.finditer("(?<!^)/", path)}
OWN = sorted({"/", "/{unknown+}", *WAYS} - CONTRACT["paths"].keys())  # paths of the module's own
ANY = "x-amazon-apigateway-any-method"
INTEGRATION = "x-amazon-apigateway-integration"
ARN = "arn:aws:lambda:eu-central-1:123456789012:function"
STREAMS = {
    key: function["streaming"] for key, function in json.loads((ROOT / "terraform/functions.json").read_text()).items()
}

SCRATCH = """
provider "aws" {
  region                      = "eu-central-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
}

locals {
  functions = {
    for key, function in jsondecode(file("../terraform/functions.json")) : key => merge(function, {
      name      = "pennyworth-test-${key}"
      alias_arn = "arn:aws:lambda:eu-central-1:123456789012:function:pennyworth-test-${key}:live"
    })
  }
}

module "api" {
  source           = "../terraform/modules/api"
  name             = "pennyworth-test"
  contract         = yamldecode(file("../openapi.yaml"))
  functions        = { for key, function in local.functions : key => function if key != "authorizer" }
  authorizer       = local.functions.authorizer
  authorizer_ttl_s = 60
  user_pool_arn    = "arn:aws:cognito-idp:eu-central-1:123456789012:userpool/eu-central-1_abc"
  throttle         = { rate_per_s = 500, burst = 1000 }
}

output "body" {
  value = module.api.body
}
"""


@pytest.fixture(scope="module")
def body(terraform, tmp_path_factory):
    scratch = terraform.project(tmp_path_factory.mktemp("api")) / "scratch"
    scratch.mkdir()
    (scratch / "main.tf").write_text(SCRATCH)
    terraform("init", "-input=false", "-no-color", cwd=scratch)
    # A plan asks AWS for nothing here: the Region is the provider's.
    terraform("plan", "-input=false", "-no-color", "-out=plan", cwd=scratch)
    plan = json.loads(terraform("show", "-json", "plan", cwd=scratch).stdout)
    return json.loads(plan["planned_values"]["outputs"]["body"]["value"])


def test_it_is_valid_openapi(body):
    OpenAPIV30SpecValidator(body).validate()


def test_it_has_every_path_of_the_contract_and_answers_the_rest(body):
    assert body["paths"].keys() == {*CONTRACT["paths"], *OWN}


@pytest.mark.parametrize(
    ("method", "path"),
    [(method, path) for path, item in CONTRACT["paths"].items() for method in METHODS if method in item],
)
def test_an_operation_keeps_its_authorizer_and_reaches_its_service_through_the_alias(body, method, path):
    resource, _ = Routes(CONTRACT).find("/v1" + path)
    operation = resource.operations[method.upper()]
    made = body["paths"][path][method]
    assert made["security"] == ([] if operation.auth == "none" else [{operation.auth: []}])
    streams = STREAMS[operation.service]
    version, action = ("2021-11-15", "response-streaming-invocations") if streams else ("2015-03-31", "invocations")
    assert made[INTEGRATION] == {
        "type": "aws_proxy",
        "httpMethod": "POST",
        "responseTransferMode": "STREAM" if streams else "BUFFERED",
        "timeoutInMillis": 900_000 if streams else 29_000,
        "uri": f"arn:aws:apigateway:eu-central-1:lambda:path/{version}/functions/"
        f"{ARN}:pennyworth-test-{operation.service}:live/{action}",
    }


def test_what_serves_is_the_contract_and_nothing_else(body):
    """No operation beside the contract's but MOCKs, and none of its schemas, parameters and examples."""
    for path, item in body["paths"].items():
        contract = CONTRACT["paths"].get(path, {})
        for method, operation in item.items():
            assert (operation[INTEGRATION]["type"] == "mock") == (method not in contract)
            assert operation.keys() <= {"operationId", "parameters", "security", "responses", INTEGRATION}
    assert body["components"].keys() == {"securitySchemes"}
    assert "$ref" not in json.dumps(body)


def test_gateway_responses_are_the_contracts(body):
    name = "x-amazon-apigateway-gateway-responses"
    # That one names the API's address and is therefore a resource of its own.
    assert body[name] == {type_: response for type_, response in CONTRACT[name].items() if type_ != "UNAUTHORIZED"}


def test_an_own_answer_is_open_to_everyone(body):
    """A browser's preflight carries no key; a wrong URL is worth saying to all."""
    assert all(item[ANY]["security"] == [] for item in body["paths"].values())
    assert all(body["paths"][path]["options"]["security"] == [] for path in CONTRACT["paths"])


@pytest.mark.parametrize("path", CONTRACT["paths"])
def test_a_preflight_is_answered_as_the_local_front_door_does(body, path):
    request = ask("OPTIONS", f"/v1{path}")
    assert mocked(body["paths"][path]["options"], request) == locally(request, path)


@pytest.mark.parametrize("path", CONTRACT["paths"])
def test_a_wrong_method_is_answered_as_the_local_front_door_does(body, path):
    wrong = [method for method in METHODS if method not in CONTRACT["paths"][path] and method != "options"]
    assert wrong
    for method in wrong:
        request = ask(method.upper(), f"/v1{path}")
        assert mocked(body["paths"][path][ANY], request) == locally(request, path)


@pytest.mark.parametrize("name", ["it's", 'a"b', "a\\b", "a\\'b", "%27%22", "$context.stage", "${path}"])
def test_no_path_breaks_the_answer(body, name):
    request = ask("PUT", f"/v1/models/{name}")
    path = "/models/{model}"
    assert mocked(body["paths"][path][ANY], request) == locally(request, path)


@pytest.mark.parametrize("path", OWN)
def test_an_unknown_path_is_answered_as_the_local_front_door_does(body, path):
    request = ask("GET", "/v1" + path)
    assert mocked(body["paths"][path][ANY], request) == locally(request, None)


@pytest.mark.parametrize("content_type", [*mock.MEDIA_TYPES, "Text/Plain; charset=utf-8"])
def test_a_mock_answers_every_media_type_the_local_front_door_answers(body, content_type):
    request = ask("PUT", "/v1/models", content_type)
    assert mocked(body["paths"]["/models"][ANY], request) == locally(request, "/models")


def test_a_mock_refuses_what_the_local_front_door_refuses(body):
    request = ask("PUT", "/v1/models", "audio/mpeg")
    assert mocked(body["paths"]["/models"][ANY], request) == "UNSUPPORTED_MEDIA_TYPE"
    with pytest.raises(Refusal, match="UNSUPPORTED_MEDIA_TYPE"):
        locally(request, "/models")


@mock_aws
def test_moto_imports_what_functions_serve(body):
    """All but the MOCKs: moto asks even those for the address of a backend."""
    served = {
        path: {method: item[method] for method in METHODS if method in CONTRACT["paths"].get(path, {})}
        for path, item in body["paths"].items()
    }
    client = boto3.client("apigateway", "eu-central-1", aws_access_key_id="none", aws_secret_access_key="none")
    api = client.create_rest_api(name="pennyworth-test")
    client.put_rest_api(restApiId=api["id"], mode="overwrite", body=json.dumps(body | {"paths": served}))
    resources = client.get_resources(restApiId=api["id"], limit=500)["items"]
    made = {(each["path"], method) for each in resources for method in each.get("resourceMethods", {})}
    assert made == {
        (path, method.upper()) for path, item in CONTRACT["paths"].items() for method in METHODS if method in item
    }


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: object  # JSON, None for none


def ask(method, raw_path, content_type=""):
    headers = [("content-type", content_type)] if content_type else []
    return Request(method, raw_path, [], headers, "127.0.0.1", "1.1", id="the-request")


def locally(request, path):
    """What the local front door answers for a resource of the contract, None for an unknown path."""
    resource = Routes(CONTRACT).find("/v1" + path)[0] if path else None
    try:
        response = mock.answer(request, resource)
    except Refusal as refusal:
        if refusal.type != "MISSING_AUTHENTICATION_TOKEN":
            raise
        response = GatewayResponses(CONTRACT).render(refusal.type, {"requestId": request.id})
    return Answer(response.status, dict(response.headers), json.loads(response.body) if response.body else None)


def mocked(operation, request):
    """What API Gateway answers by a MOCK integration: an Answer, or the type of its refusal.

    As the developer guide has it: the request's template, chosen by its media type, yields the status; that selects the
    response, whose headers must be declared by the method.
    """
    integration = operation[INTEGRATION]
    assert (integration["type"], integration["passthroughBehavior"]) == ("mock", "never")
    media_type = request.header("content-type").split(";")[0].strip().lower() or "application/json"
    if media_type not in integration["requestTemplates"]:
        return "UNSUPPORTED_MEDIA_TYPE"
    status = json.loads(integration["requestTemplates"][media_type])["statusCode"]
    response = integration["responses"]["default"]
    assert response["statusCode"] == str(status)
    declared = operation["responses"][str(status)]["headers"]
    headers, text = {}, ""
    for name, value in response["responseParameters"].items():
        assert name.startswith("method.response.header.")
        name = name.removeprefix("method.response.header.")
        assert name in declared
        assert value == "context.requestId" or re.fullmatch("'[^']+'", value)
        headers[name] = request.id if value == "context.requestId" else value[1:-1]
    for headers["content-type"], template in response["responseTemplates"].items():
        text = rendered(template, request)
    return Answer(status, headers, json.loads(text) if text else None)


SET_PATH = r"""#set($path = $util.escapeJavaScript($context.path).replaceAll("\\'","'"))"""


def rendered(template, request):
    """The few words of the Velocity Template Language that these templates use."""
    template = template.removeprefix(SET_PATH)
    values = {"${path}": escaped(request.raw_path).replace("\\'", "'"), "$context.httpMethod": request.method}
    assert set(re.findall(r"\$\{?[A-Za-z.]+\}?|#[a-z]+", template)) <= values.keys()
    return re.sub(r"\$\{path\}|\$context\.httpMethod", lambda found: values[found[0]], template)


def escaped(text):
    """$util.escapeJavaScript, which is Apache Commons Lang's."""
    return re.sub(r"""["'\\/]""", lambda found: "\\" + found[0], text)
