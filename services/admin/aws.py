"""One call to AWS: every way it can fail becomes a Problem by a table, and no AWS text reaches a client."""

from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

from pennyworth.errors import Problem
from pennyworth.logs import fault, logger


class Row(NamedTuple):
    """What a client is told: a code of ERRORS, the parameter that is wrong, and the reason where the text wants one."""

    code: str
    param: str | None = None
    reason: str = ""


class Fault(Problem):
    """The Problem an AWS error became; `aws_code` for the few callers that have an answer of their own."""

    def __init__(self, aws_code: str, row: Row, subject: str) -> None:
        retry_after_s = _RETRY_AFTER_S if row.code in ("rate_limit_exceeded", "service_unavailable") else None
        super().__init__(
            row.code, param=row.param, retry_after_s=retry_after_s, reason=row.reason, thing="user", id=subject
        )
        self.aws_code = aws_code


_RETRY_AFTER_S = 2
_OURS = Row("internal_error")  # we sent what we should not have, or the installation is set up wrongly: logged
_BUSY = Row("rate_limit_exceeded")
_DOWN = Row("service_unavailable")

# By AWS's error code. Everything absent is `internal_error`, and logged; a test holds the table to botocore's model.
FAULTS: dict[str, Row] = {
    # Cognito
    "UserNotFoundException": Row("not_found"),
    "UsernameExistsException": Row("already_exists"),
    "AliasExistsException": Row("already_exists"),
    "InvalidPasswordException": Row(
        "invalid_value",
        "temporary_password",
        "it does not meet the user pool's password policy (length, upper and lower case, digits, symbols)",
    ),
    "CodeDeliveryFailureException": Row(
        "invalid_value",
        "email",
        "the invitation could not be mailed to it. Give a temporary_password to create the user without a mail",
    ),
    "UnsupportedUserStateException": Row("conflict", reason="The user is in a state that does not allow this."),
    "PreconditionNotMetException": Row("conflict", reason="The user is in a state that does not allow this."),
    "TooManyRequestsException": _BUSY,
    "LimitExceededException": _BUSY,
    "InternalErrorException": _DOWN,
    "InvalidParameterException": _OURS,
    "ResourceNotFoundException": _OURS,
    "NotAuthorizedException": _OURS,
    "OperationNotEnabledException": _OURS,
    "InvalidLambdaResponseException": _OURS,
    "UnexpectedLambdaException": _OURS,
    "UserLambdaValidationException": Row("conflict", reason="A trigger of the user pool refused the change."),
    "InvalidSmsRoleAccessPolicyException": _OURS,
    "InvalidSmsRoleTrustRelationshipException": _OURS,
    "InvalidEmailRoleAccessPolicyException": _OURS,
    # Systems Manager
    "ParameterAlreadyExists": _OURS,
    "ParameterNotFound": _OURS,
    "ParameterVersionNotFound": _OURS,
    "TooManyUpdates": _BUSY,
    "InternalServerError": _DOWN,
    "InvalidKeyId": _OURS,
    "ParameterLimitExceeded": _OURS,
    "ParameterMaxVersionLimitExceeded": _OURS,
    "ParameterPatternMismatchException": _OURS,
    "HierarchyLevelLimitExceededException": _OURS,
    "HierarchyTypeMismatchException": _OURS,
    "InvalidAllowedPatternException": _OURS,
    "UnsupportedParameterType": _OURS,
    "PoliciesLimitExceededException": _OURS,
    "InvalidPolicyTypeException": _OURS,
    "InvalidPolicyAttributeException": _OURS,
    "IncompatiblePolicyException": _OURS,
    # CloudWatch Logs
    "MalformedQueryException": _OURS,
    # API Gateway
    "BadRequestException": _OURS,
    "ConflictException": _OURS,
    "NotFoundException": _OURS,
    "UnauthorizedException": _OURS,
    # every service
    "ThrottlingException": _BUSY,
    "Throttling": _BUSY,
    "RequestLimitExceeded": _BUSY,
    "ServiceUnavailable": _DOWN,
    "ServiceUnavailableException": _DOWN,
}

# Where an operation gives a code a meaning of its own.
AT: dict[tuple[str, str], Row] = {
    ("AdminAddUserToGroup", "ResourceNotFoundException"): Row("invalid_value", "group", "it was deleted just now"),
    ("AdminRemoveUserFromGroup", "ResourceNotFoundException"): Row("invalid_value", "group", "it was deleted just now"),
    # The other parameters are checked before they are sent; what is left is an address Cognito does not take.
    ("AdminCreateUser", "InvalidParameterException"): Row(
        "invalid_value", "email", "Cognito does not accept it as an e-mail address"
    ),
}


@cache
def client(service: str, attempts: int = 3, connect_timeout_s: float = 2, read_timeout_s: float = 8) -> Any:
    """The boto3 client of this process for a service, which sends a request so often when no answer comes. boto3 is
    imported here: it is most of a cold start."""
    import boto3  # type: ignore[import-untyped]
    from botocore.config import Config  # type: ignore[import-untyped]

    # API Gateway gives up after 29 s: better to say 503 before it does.
    retries = {"mode": "standard", "total_max_attempts": attempts}
    timeouts = {"connect_timeout": connect_timeout_s, "read_timeout": read_timeout_s}
    return boto3.client(service, config=Config(**timeouts, retries=retries))


def call(
    client: Any, operation: str, parameters: Mapping[str, Any], *, subject: str = "", answers: tuple[str, ...] = ()
) -> dict[str, Any]:
    """AWS's answer. Raises Fault; `subject` is the user its text names, `answers` the codes that are no fault to the
    caller and so are not logged."""
    from botocore import exceptions, xform_name  # type: ignore[import-untyped]

    try:
        answer: dict[str, Any] = getattr(client, xform_name(operation))(**parameters)
    except exceptions.ClientError as error:
        aws_code = error.response.get("Error", {}).get("Code", "")
        special = AT.get((operation, aws_code))
        row = special or FAULTS.get(aws_code, _OURS)
        # What we make of a special one is a reading of it: the log keeps the original.
        if (special or row.code == "internal_error") and aws_code not in answers:
            logger.error("AWS refused", operation=operation, aws_code=aws_code)
        raise Fault(aws_code, row, subject) from None  # its text may quote an e-mail address
    except (exceptions.HTTPClientError, exceptions.ConnectionError) as error:
        fault("AWS did not answer", error, operation=operation)
        raise Fault("", _DOWN, subject) from None
    return answer


def whole(body: Any) -> bytes:
    """What an answer's body holds. Raises Fault where it breaks off."""
    from botocore import exceptions

    try:
        content: bytes = body.read()
    except (exceptions.HTTPClientError, exceptions.IncompleteReadError) as error:
        fault("AWS did not answer", error)
        raise Fault("", _DOWN, "") from None
    return content
