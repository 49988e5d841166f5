"""What AWS reports as the Problem a client reads. No AWS text goes further than our log."""

from pennyworth.aws import AwsError
from pennyworth.errors import Problem
from pennyworth.logs import logger

# Every error Bedrock declares, and those of SigV4, the identity pool and the wire. A contract test compares with
# botocore's service model.
PROBLEMS = {
    "ValidationException": "invalid_request",
    "AccessDeniedException": "provider_denied",
    "ResourceNotFoundException": "model_not_found",
    "ModelTimeoutException": "timeout",
    "ThrottlingException": "rate_limit_exceeded",
    "TooManyRequestsException": "rate_limit_exceeded",
    "ModelNotReadyException": "rate_limit_exceeded",
    "ServiceQuotaExceededException": "insufficient_quota",
    "ModelErrorException": "upstream_error",
    "ModelStreamErrorException": "upstream_error",
    "InternalServerException": "internal_error",
    "ServiceUnavailableException": "service_unavailable",
    "ConflictException": "service_unavailable",
    "ExpiredTokenException": "internal_error",
    "ExpiredToken": "internal_error",
    "UnrecognizedClientException": "internal_error",
    "InvalidSignatureException": "internal_error",
    # STS has names of its own for these, and so has the identity pool for the last.
    "AccessDenied": "provider_denied",
    "Throttling": "rate_limit_exceeded",
    "ServiceUnavailable": "service_unavailable",
    "InternalFailure": "service_unavailable",
    "InternalErrorException": "service_unavailable",
    # An answer that names no error, as a load balancer's, goes by its status.
    "403": "provider_denied",
    "404": "model_not_found",
    "408": "timeout",
    "429": "rate_limit_exceeded",
    "502": "service_unavailable",
    "503": "service_unavailable",
    "504": "service_unavailable",
    "Timeout": "timeout",
    "ConnectionError": "service_unavailable",
}
# Ours to mend, not the client's: an alarm watches for this level in the log.
ALARMING = frozenset(
    {"ExpiredTokenException", "ExpiredToken", "UnrecognizedClientException", "InvalidSignatureException"}
)
_RETRY_AFTER_S = 1
_BY_PROFILE = (
    "in Bedrock this model answers through an inference profile alone: name it by the profile's id, as 'us.' before "
    "the model's, or its ARN"
)
_REFUSED = "The model refused the request. Check the input and the parameters against what the model takes."


def problem(error: AwsError, model: str, param: str | None = None) -> Problem:
    """The Problem for a failed call to the named model; `param` is what it was given to read."""
    code = _code(error)
    log = logger.error if error.code in ALARMING or code == "internal_error" else logger.warning
    log(
        "provider error",
        provider="bedrock",
        model=model,
        error=error.code,
        status=error.status,
        aws_id=error.request_id,
    )
    retry_after_s = (error.retry_after_s or _RETRY_AFTER_S) if code == "rate_limit_exceeded" else error.retry_after_s
    named = {"model_not_found": "model", "invalid_value": "model", "context_length_exceeded": param}.get(code)
    reason = _BY_PROFILE if code == "invalid_value" else _REFUSED
    return Problem(code, param=named, retry_after_s=retry_after_s, model=model, reason=reason)


def _code(error: AwsError) -> str:
    if error.code == "ValidationException":
        # The only text of AWS's that is read: it alone tells these cases apart (facts gathered 2026-11).
        text = error.message.lower()
        if "too long" in text or "too many input tokens" in text:
            return "context_length_exceeded"
        if "model identifier is invalid" in text:
            return "model_not_found"
        if "with on-demand throughput" in text:
            return "invalid_value"
    if error.status == 413:  # under which name, AWS does not document
        return "input_too_large"
    return PROBLEMS.get(error.code, "internal_error")
