"""AWS's errors as the REST-JSON protocol shapes them: a status, `x-amzn-ErrorType`, and {"message"}."""

from typing import Any

from starlette.responses import JSONResponse

# What AWS's front end says before a service sees the request. They are in no service model.
# Source: Amazon Bedrock API reference, Common errors.
COMMON_STATUSES = {
    "ExpiredTokenException": 403,
    "IncompleteSignatureException": 403,
    "InvalidSignatureException": 403,
    "MissingAuthenticationTokenException": 403,
    "SerializationException": 400,
    "UnknownOperationException": 404,
    "UnrecognizedClientException": 403,
}
# Members of modelled exceptions beside the message.
DETAILS: dict[str, dict[str, Any]] = {
    "ModelErrorException": {"originalStatusCode": 500, "resourceName": "simulated-model"},
    "ModelStreamErrorException": {"originalStatusCode": 500, "originalMessage": "The simulated model broke off."},
}


class AwsError(Exception):
    """An answer that is an error. `status` is HTTP's."""

    def __init__(self, code: str, message: str, status: int) -> None:
        super().__init__(message)
        self.code, self.message, self.status = code, message, status

    def response(self, request_id: str) -> JSONResponse:
        headers = {"x-amzn-RequestId": request_id, "x-amzn-ErrorType": self.code}
        return JSONResponse(self.body, self.status, headers)

    @property
    def body(self) -> dict[str, Any]:
        return {"message": self.message, **DETAILS.get(self.code, {})}


def openais(error: AwsError) -> dict[str, Any]:
    """The error object of OpenAI's API, in which Bedrock's chat completions answer what is wrong with a request."""
    kind = "invalid_request_error" if error.status < 500 else "server_error"
    code = {404: "model_not_found", 400: "validation_error"}.get(error.status, str(error.status))
    return {"code": code, "message": error.message, "param": None, "type": kind}


def invalid(message: str) -> AwsError:
    """What is wrong with the request, in Bedrock's words where they are known."""
    return AwsError("ValidationException", message, 400)


def refused_by_model(message: str) -> AwsError:
    """Converse passes on what the model's own API refuses behind these words."""
    return invalid(f"The model returned the following errors: {message}")


def unsupported(field: str) -> AwsError:
    return invalid(f"This model doesn't support the {field} field. Remove {field} and try again.")


def malformed(message: str) -> AwsError:
    """What InvokeModel says of a body that is not the model's."""
    return invalid(f"Malformed input request: {message}, please reformat your input and try again.")


def not_found(message: str) -> AwsError:
    return AwsError("ResourceNotFoundException", message, 404)
