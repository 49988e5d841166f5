"""What Terraform's AWS provider asks of the stand-in and moto alone does not answer."""

import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
import requests
from botocore.exceptions import ClientError

ROLE = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


def zipped(name: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, "")
    return buffer.getvalue()


@pytest.fixture(scope="module")
def function(client: Callable[..., Any]) -> Callable[..., Any]:
    """Make a function: function(name, code, **more)."""
    role = client("iam").create_role(RoleName="needs", AssumeRolePolicyDocument=json.dumps(ROLE))["Role"]["Arn"]

    def make(name: str, code: bytes, **more: Any) -> Any:
        usual = {"Role": role, "Runtime": "python3.13", "Handler": "app.handler", "Publish": True}
        return client("lambda").create_function(FunctionName=name, Code={"ZipFile": code}, **usual, **more)

    return make


def test_a_functions_log_settings_are_kept(client: Callable[..., Any], function: Callable[..., Any]) -> None:
    wanted = {"LogFormat": "JSON", "LogGroup": "/own", "ApplicationLogLevel": "INFO", "SystemLogLevel": "WARN"}
    assert function("logging", zipped("a"), LoggingConfig=wanted)["LoggingConfig"] == wanted
    aws = client("lambda")
    assert aws.get_function_configuration(FunctionName="logging", Qualifier="1")["LoggingConfig"] == wanted
    aws.update_function_configuration(FunctionName="logging", MemorySize=256)
    assert aws.get_function_configuration(FunctionName="logging")["LoggingConfig"] == wanted
    plain = {"LogFormat": "Text", "LogGroup": "/own"}
    aws.update_function_configuration(FunctionName="logging", LoggingConfig=plain)
    assert aws.get_function_configuration(FunctionName="logging")["LoggingConfig"] == plain
    assert aws.get_function_configuration(FunctionName="logging", Qualifier="1")["LoggingConfig"] == wanted


def test_a_function_without_log_settings_has_lambdas_own(function: Callable[..., Any]) -> None:
    made = function("silent", zipped("a"))
    assert made["LoggingConfig"] == {"LogFormat": "Text", "LogGroup": "/aws/lambda/silent"}


def test_tracing_can_be_turned_on_later(client: Callable[..., Any], function: Callable[..., Any]) -> None:
    function("traced", zipped("a"))
    client("lambda").update_function_configuration(FunctionName="traced", TracingConfig={"Mode": "Active"})
    found = client("lambda").get_function_configuration(FunctionName="traced")
    assert found["TracingConfig"] == {"Mode": "Active"}


def test_a_role_that_lambda_may_not_assume_is_refused(client: Callable[..., Any]) -> None:
    trust = json.dumps(ROLE).replace("lambda.amazonaws.com", "ec2.amazonaws.com")
    role = client("iam").create_role(RoleName="other", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    wanted = {"Runtime": "python3.13", "Handler": "app.handler", "Code": {"ZipFile": zipped("a")}}
    with pytest.raises(ClientError, match="cannot be assumed by Lambda"):
        client("lambda").create_function(FunctionName="refused", Role=role, **wanted)


def test_an_environment_that_is_too_large_is_refused(client: Callable[..., Any], function: Callable[..., Any]) -> None:
    large = {"Variables": {"A": "x" * 4096}}
    with pytest.raises(ClientError, match="4KB"):
        function("large", zipped("a"), Environment=large)
    function("grows", zipped("a"), Environment={"Variables": {"A": "x" * 4095}})
    with pytest.raises(ClientError, match="4KB"):
        client("lambda").update_function_configuration(FunctionName="grows", Environment=large)


def test_a_canary_is_another_version(client: Callable[..., Any], function: Callable[..., Any]) -> None:
    aws, own = client("lambda"), {"AdditionalVersionWeights": {"1": 0.1}}
    function("canary", zipped("a"))
    with pytest.raises(ClientError, match="must differ"):
        aws.create_alias(FunctionName="canary", Name="live", FunctionVersion="1", RoutingConfig=own)
    aws.update_function_code(FunctionName="canary", ZipFile=zipped("b"), Publish=True)
    aws.create_alias(FunctionName="canary", Name="live", FunctionVersion="2", RoutingConfig=own)
    assert aws.get_alias(FunctionName="canary", Name="live")["RoutingConfig"] == own
    aws.update_alias(FunctionName="canary", Name="live", FunctionVersion="1", RoutingConfig={})
    assert not aws.get_alias(FunctionName="canary", Name="live").get("RoutingConfig")


def test_the_code_of_an_alias_lies_where_lambda_says(client: Callable[..., Any], function: Callable[..., Any]) -> None:
    aws, old, new = client("lambda"), zipped("old"), zipped("new")
    function("coded", old)
    aws.create_alias(FunctionName="coded", Name="live", FunctionVersion="1")
    aws.update_function_code(FunctionName="coded", ZipFile=new, Publish=True)
    for qualifier, code in (("live", old), ("2", new), ("$LATEST", new)):
        location = aws.get_function(FunctionName="coded", Qualifier=qualifier)["Code"]["Location"]
        assert requests.get(location, timeout=5).content == code


def test_a_layers_content_lies_where_lambda_says(client: Callable[..., Any]) -> None:
    aws, content = client("lambda"), zipped("python/x.py")
    aws.publish_layer_version(LayerName="libraries", Content={"ZipFile": content})
    location = aws.get_layer_version(LayerName="libraries", VersionNumber=1)["Content"]["Location"]
    assert requests.get(location, timeout=5).content == content


def test_code_nobody_uploaded_is_not_found(aws_url: str) -> None:
    unknown = hashlib.sha256(b"unknown").hexdigest()
    assert requests.get(f"{aws_url}/_stand_in/code/{unknown}", timeout=5).status_code == 404


def test_saved_queries_are_made_changed_found_and_deleted(client: Callable[..., Any]) -> None:
    logs = client("logs")
    wanted = {"name": "usage/by-user", "queryString": "fields @timestamp", "logGroupNames": ["/a"]}
    made = logs.put_query_definition(**wanted)["queryDefinitionId"]
    logs.put_query_definition(**wanted | {"queryString": "stats count()"}, queryDefinitionId=made)
    [found] = logs.describe_query_definitions(queryDefinitionNamePrefix="usage/")["queryDefinitions"]
    assert found["queryString"] == "stats count()"
    assert {name: found[name] for name in ("queryDefinitionId", "name", "logGroupNames")} == {
        "queryDefinitionId": made,
        "name": "usage/by-user",
        "logGroupNames": ["/a"],
    }
    assert logs.describe_query_definitions(queryDefinitionNamePrefix="other")["queryDefinitions"] == []
    assert logs.delete_query_definition(queryDefinitionId=made)["success"]
    for operation, more in ((logs.delete_query_definition, {}), (logs.put_query_definition, wanted)):
        with pytest.raises(ClientError, match="ResourceNotFoundException"):
            operation(queryDefinitionId=made, **more)


def test_an_imported_api_may_answer_by_itself(client: Callable[..., Any]) -> None:
    answer = {"type": "mock", "requestTemplates": {"application/json": '{"statusCode": 204}'}}
    operation = {"responses": {}, "x-amazon-apigateway-integration": answer}
    body = {"openapi": "3.0.3", "info": {"title": "t", "version": "1"}, "paths": {"/models": {"options": operation}}}
    aws = client("apigateway")
    api = aws.create_rest_api(name="mock")["id"]
    aws.put_rest_api(restApiId=api, mode="overwrite", body=json.dumps(body))
    found = aws.get_resources(restApiId=api, embed=["methods"])["items"]
    [resource] = [each for each in found if each["path"] == "/models"]
    assert resource["resourceMethods"]["OPTIONS"]["methodIntegration"]["type"].upper() == "MOCK"
    place = {"restApiId": api, "resourceId": resource["id"], "httpMethod": "OPTIONS"}
    uri = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn/invocations"
    aws.put_integration(**place, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri)
    assert aws.get_integration(**place)["uri"] == uri
