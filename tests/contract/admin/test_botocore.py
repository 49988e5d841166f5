"""What we call in AWS, held to botocore's service models: every error declared has a row, every limit is AWS's."""

import ast
from pathlib import Path

import botocore.session
import pytest

from pennyworth import insights
from services.admin import directory, parameters, trail, usageplans
from services.admin.aws import AT, FAULTS

EDGES = (
    ("cognito-idp", directory),
    ("ssm", parameters),
    ("logs", trail),
    ("logs", insights),
    ("apigateway", usageplans),
)
CALLS = {"call", "_call", "_on_user", "_entries"}  # the functions whose first text is an operation


def operations(module):
    """The names of the operations a module calls, from its source."""
    tree = ast.parse(Path(module.__file__).read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", None)) in CALLS:
            texts = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
            yield from texts[:1]


def model(service):
    return botocore.session.get_session().get_service_model(service)


def calls():
    return [(service, operation) for service, module in EDGES for operation in sorted(set(operations(module)))]


def test_the_operations_are_found():
    assert ("cognito-idp", "AdminUpdateUserAttributes") in calls()
    assert ("ssm", "PutParameter") in calls()
    assert ("logs", "StartQuery") in calls()
    assert len(calls()) == 23


@pytest.mark.parametrize(("service", "operation"), calls())
def test_every_error_an_operation_declares_has_a_row(service, operation):
    declared = {error.name for error in model(service).operation_model(operation).error_shapes}
    assert declared
    assert declared <= set(FAULTS)


@pytest.mark.parametrize(("operation", "code"), AT)
def test_what_an_operation_means_by_a_code_is_a_code_it_declares(operation, code):
    service = {operation: service for service, operation in calls()}[operation]
    assert code in {error.name for error in model(service).operation_model(operation).error_shapes}


def test_an_attribute_and_an_address_fit_cognitos_own_limits():
    from services.admin.apikeys import VALUE_LENGTH
    from services.admin.bodies import _EMAIL_LENGTH

    shape = model("cognito-idp").operation_model("AdminCreateUser").input_shape
    assert shape.members["UserAttributes"].member.members["Value"].metadata["max"] == VALUE_LENGTH
    assert shape.members["Username"].metadata["max"] == _EMAIL_LENGTH
    assert model("cognito-idp").operation_model("ListUsers").input_shape.members["Limit"].metadata["max"] == 60


def test_a_query_and_its_rows_fit_cloudwatchs_own_limits():
    shape = model("logs").operation_model("StartQuery").input_shape
    assert shape.members["queryString"].metadata["max"] == insights.LONGEST
    assert shape.members["limit"].metadata["max"] >= insights.MOST_ROWS
