"""When to try again, and after how long: the SDKs' standard mode, narrower where a call costs money."""

from collections.abc import Callable

from pennyworth.aws.error import AwsError, TransportError

# botocore's retries/standard.py has the same names; a test compares them.
THROTTLED = frozenset(
    [
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "RequestThrottledException",
        "TooManyRequestsException",
        "ProvisionedThroughputExceededException",
        "TransactionInProgressException",
        "RequestLimitExceeded",
        "BandwidthLimitExceeded",
        "LimitExceededException",
        "RequestThrottled",
        "SlowDown",
        "PriorRequestNotComplete",
        "EC2ThrottledException",
    ]
)
TRANSIENT = frozenset({"RequestTimeout", "RequestTimeoutException", "PriorRequestNotComplete"})
# AWS compares the signature's date with its own clock, 5 minutes either way.
SKEWED = frozenset(
    [
        "RequestTimeTooSkewed",
        "RequestExpired",
        "RequestInTheFuture",
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
        "AuthFailure",
    ]
)
_TRANSIENT_STATUS = frozenset({500, 502, 503, 504})
_MAX_WAIT_S = 5.0  # a client waits better than a Lambda that is paid by the millisecond


def wait_s(error: AwsError, attempt: int, *, idempotent: bool, random: Callable[[], float]) -> float | None:
    """Seconds until the next attempt; None to give up. `attempt` counts from 0; `random` is in [0, 1).

    A call that is not idempotent may have been carried out, and billed, when the connection broke or AWS failed: it is
    tried again only if it was never sent or was turned away.
    """
    throttled = error.status == 429 or error.code in THROTTLED
    if isinstance(error, TransportError):
        again = idempotent or not error.sent
    elif throttled or error.status == 503:
        again = True
    else:
        again = idempotent and (error.status in _TRANSIENT_STATUS or error.code in TRANSIENT)
    if not again:
        return None
    wait = random() * (1.0 if throttled else 0.05) * 2.0**attempt  # full jitter; botocore's scale
    if error.retry_after_s is not None:
        wait = max(wait, error.retry_after_s)
    return wait if wait <= _MAX_WAIT_S else None
