"""We read AWS's errors as botocore's parsers do."""

import json
from typing import Any

import botocore.session
import pytest
from botocore.model import OperationModel
from botocore.parsers import EventStreamJSONParser, create_parser

from pennyworth.aws.error import exception, refusal

SESSION = botocore.session.get_session()
OPERATIONS = {
    "bedrock-runtime": ["Converse", "ConverseStream", "InvokeModel", "InvokeModelWithResponseStream", "CountTokens"],
    "cognito-idp": ["AdminGetUser", "AdminListGroupsForUser", "ListGroups"],
    "cognito-identity": ["GetOpenIdTokenForDeveloperIdentity"],
    "lambda": ["Invoke", "InvokeWithResponseStream"],
    "logs": ["StartQuery", "GetQueryResults", "StopQuery"],
    "ssm": ["GetParameter"],
    "sts": ["AssumeRoleWithWebIdentity"],
}


def operation(service: str, name: str) -> OperationModel:
    return SESSION.get_service_model(service).operation_model(name)


def modelled(*services: str) -> list[Any]:
    """(operation, code, status) of every error the services' models declare."""
    found = {}
    for service in services:
        for name in OPERATIONS[service]:
            for shape in operation(service, name).error_shapes:
                error = shape.metadata.get("error", {})
                key = f"{service} {shape.name}"
                found[key] = (operation(service, name), error.get("code", shape.name), error.get("httpStatusCode", 400))
    return [pytest.param(*row, id=key) for key, row in found.items()]


def same(model: OperationModel, status: int, headers: dict[str, str], body: bytes) -> None:
    parser = create_parser(str(model.service_model.metadata["protocol"]))
    theirs = parser.parse({"status_code": status, "headers": headers, "body": body}, model.output_shape)
    ours = refusal(status, headers, body)
    assert (ours.code, ours.message) == (theirs["Error"]["Code"], theirs["Error"].get("Message", ""))
    assert ours.request_id == theirs["ResponseMetadata"].get("RequestId", "")
    assert ours.status == status


@pytest.mark.parametrize(("model", "code", "status"), modelled("bedrock-runtime", "lambda"))
@pytest.mark.parametrize("key", ["message", "Message"])
def test_rest_json_errors(model: OperationModel, code: str, status: int, key: str) -> None:
    body = json.dumps({key: "what happened: é"}).encode()
    for name in (code, f"{code}:http://internal.amazon.com/coral/com.amazon.coral.validate/", f"com.amazon#{code}"):
        same(model, status, {"x-amzn-errortype": name, "x-amzn-requestid": "r-1"}, body)
    same(model, status, {}, json.dumps({"code": code, key: "what"}).encode())
    same(model, status, {}, json.dumps({"__type": f"com.amazon#{code}", key: "what"}).encode())


@pytest.mark.parametrize(("model", "code", "status"), modelled("cognito-idp", "cognito-identity", "logs", "ssm"))
@pytest.mark.parametrize("key", ["message", "Message"])
def test_json_errors(model: OperationModel, code: str, status: int, key: str) -> None:
    for name in (code, f"com.amazonaws.coral#{code}", f"{code}:http://internal.amazon.com/"):
        same(model, status, {"x-amzn-requestid": "r-1"}, json.dumps({"__type": name, key: "what"}).encode())


@pytest.mark.parametrize(("model", "code", "status"), modelled("sts"))
def test_xml_errors(model: OperationModel, code: str, status: int) -> None:
    body = f"""<?xml version="1.0"?>
    <ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
      <Error><Type>Sender</Type><Code>{code}</Code><Message>a &lt; b &amp; c</Message></Error>
      <RequestId>r-1</RequestId>
    </ErrorResponse>"""
    same(model, status, {}, body.encode())


@pytest.mark.parametrize("service", ["bedrock-runtime", "ssm"])
@pytest.mark.parametrize("body", [b"", b"{}", b"not json", b'{"message":null}'])
def test_an_error_without_a_name_goes_by_its_status(service: str, body: bytes) -> None:
    error = refusal(502, {}, body)
    parser = create_parser(str(SESSION.get_service_model(service).metadata["protocol"]))
    model = operation(service, OPERATIONS[service][0])
    theirs = parser.parse({"status_code": 502, "headers": {}, "body": body}, model.output_shape)
    assert error.code == theirs["Error"]["Code"] == "502"
    if body:  # of an empty one botocore makes the status's reason phrase
        assert error.message == (theirs["Error"]["Message"] or "")


@pytest.mark.parametrize("body", [b"<html><body>Bad Gateway", b"[1]", b"\xff\xfe", b"<!DOCTYPE html><p>x</p>"])
def test_a_body_that_is_no_error_still_gives_one(body: bytes) -> None:
    error = refusal(502, {"retry-after": "3"}, body)
    assert (error.code, error.status, error.retry_after_s) == ("502", 502, 3)
    assert error.message == body.decode("utf-8", "replace")


@pytest.mark.parametrize("value", ["", "soon", "-1", "1.5", "Thu, 28 May 2026 21:26:40 GMT", "9" * 30])
def test_a_retry_after_that_is_no_number_of_seconds_is_none(value: str) -> None:
    assert refusal(429, {"retry-after": value}, b"").retry_after_s is None


def stream_exceptions() -> list[Any]:
    found = []
    for service, name in (
        ("bedrock-runtime", "ConverseStream"),
        ("bedrock-runtime", "InvokeModelWithResponseStream"),
    ):
        output = operation(service, name).output_shape
        assert output is not None
        stream = output.members[output.event_stream_name]
        found += [
            pytest.param(stream, member, shape.name, id=f"{name} {member}")
            for member, shape in stream.members.items()
            if shape.metadata.get("exception")
        ]
    assert len(found) >= 10
    return found


@pytest.mark.parametrize(("stream", "member", "name"), stream_exceptions())
def test_exceptions_inside_a_stream_get_the_names_they_have_outside(stream: Any, member: str, name: str) -> None:
    headers = {":message-type": "exception", ":exception-type": member, ":content-type": "application/json"}
    body = b'{"message":"what"}'
    theirs = EventStreamJSONParser().parse({"status_code": 400, "headers": headers, "body": body}, stream)
    ours = exception(headers, body)
    assert (ours.code, ours.message) == (name, theirs["Error"]["Message"])
    assert theirs["Error"]["Code"].lower() == name.lower()
