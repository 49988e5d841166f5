"""Every error AWS can answer with becomes a Problem of ours, and nothing AWS said reaches a client."""

import io
import json

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ParamValidationError

from pennyworth.errors import Problem
from pennyworth.logs import logger
from services.admin.aws import AT, FAULTS, call

SAID = "ada@example.com is not authorized: arn:aws:iam::123456789012:role/admin"


class Client:
    def __init__(self, error):
        self.error = error

    def admin_create_user(self, **parameters):
        raise self.error

    admin_get_user = admin_create_user


def refusal(code, operation="AdminCreateUser"):
    return Client(ClientError({"Error": {"Code": code, "Message": SAID}}, operation))


@pytest.fixture
def log():
    handler = logger.registered_handler
    before = handler.setStream(io.StringIO())
    yield handler.stream
    handler.setStream(before)


@pytest.mark.parametrize("code", sorted({*FAULTS, *(code for _, code in AT), "SomethingNew"}))
def test_no_aws_text_is_in_any_answer_or_log(code, log):
    with pytest.raises(Problem) as raised:
        call(refusal(code), "AdminCreateUser", {}, subject="them")
    shown = json.dumps(raised.value.body)
    assert "123456789012" not in shown + log.getvalue()
    assert "ada@example.com" not in shown + log.getvalue()
    assert "{" not in raised.value.message


@pytest.mark.parametrize(
    ("code", "status", "expected", "param"),
    [
        ("UserNotFoundException", 404, "not_found", None),
        ("UsernameExistsException", 409, "already_exists", None),
        ("InvalidPasswordException", 400, "invalid_value", "temporary_password"),
        ("InvalidParameterException", 400, "invalid_value", "email"),
        ("CodeDeliveryFailureException", 400, "invalid_value", "email"),
        ("TooManyRequestsException", 429, "rate_limit_exceeded", None),
        ("ThrottlingException", 429, "rate_limit_exceeded", None),
        ("InternalErrorException", 503, "service_unavailable", None),
        ("NotAuthorizedException", 500, "internal_error", None),
        ("SomethingNew", 500, "internal_error", None),
    ],
)
def test_what_a_client_is_told(code, status, expected, param, log):
    with pytest.raises(Problem) as raised:
        call(refusal(code), "AdminCreateUser", {}, subject="them")
    assert (raised.value.status, raised.value.code, raised.value.param) == (status, expected, param)
    assert ("retry-after" in raised.value.headers) == (status in (429, 503))


def test_an_error_of_ours_is_logged_with_its_code_and_operation(log):
    with pytest.raises(Problem):
        call(refusal("AccessDeniedException"), "AdminCreateUser", {})
    line = json.loads(log.getvalue())
    assert (line["operation"], line["aws_code"]) == ("AdminCreateUser", "AccessDeniedException")


def test_a_code_has_another_meaning_at_another_operation(log):
    with pytest.raises(Problem) as raised:
        call(refusal("InvalidParameterException", "AdminGetUser"), "AdminGetUser", {})
    assert raised.value.code == "internal_error"


def test_aws_out_of_reach_is_a_503_that_says_when_to_try_again(log):
    client = Client(EndpointConnectionError(endpoint_url="https://cognito.example"))
    with pytest.raises(Problem) as raised:
        call(client, "AdminCreateUser", {})
    assert raised.value.code == "service_unavailable"
    assert raised.value.headers["retry-after"]
    assert "AdminCreateUser" in log.getvalue()


def test_a_request_boto3_itself_refuses_is_a_bug_and_not_hidden():
    with pytest.raises(ParamValidationError):
        call(Client(ParamValidationError(report="no")), "AdminCreateUser", {})
