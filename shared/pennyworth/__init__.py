"""What the three services and the authorizer share: the Lambda layer."""

from pennyworth import methods as methods  # first of all: before any class that dataclass writes for
