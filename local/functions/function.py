"""What is known of a Lambda function: the configuration Terraform gives it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

ENVIRONMENT_LIMIT = 4096  # bytes of all names and values together; Lambda refuses more


@dataclass(frozen=True, slots=True)
class Function:
    """Raises ValueError for what Lambda would refuse."""

    name: str
    handler: str  # module.function
    code: Path  # unpacked; Lambda's /var/task
    layer: Path | None = None  # unpacked; Lambda's /opt
    environment: Mapping[str, str] = field(default_factory=dict)
    timeout_s: float = 3
    memory_mb: int = 128  # told to the function, not enforced
    concurrency: int = 10  # execution environments at most; one more caller is throttled
    # The role's, under the names of its environment variables: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,
    # AWS_SESSION_TOKEN.
    credentials: Mapping[str, str] = field(default_factory=dict)
    region: str = "us-east-1"
    account_id: str = "123456789012"

    def __post_init__(self) -> None:
        size = sum(len(name.encode()) + len(value.encode()) for name, value in self.environment.items())
        if size > ENVIRONMENT_LIMIT:
            raise ValueError(f"{self.name}: the environment has {size} bytes, Lambda allows {ENVIRONMENT_LIMIT}")
        if not 0 < self.timeout_s <= 900:
            raise ValueError(f"{self.name}: timeout_s is {self.timeout_s}, Lambda allows up to 900")

    @property
    def arn(self) -> str:
        return f"arn:aws:lambda:{self.region}:{self.account_id}:function:{self.name}"


def function_name(reference: str) -> str:
    """The bare name in any form Lambda's API takes: a name, a partial or full ARN, each with or without an alias."""
    parts = reference.split(":")
    return parts[parts.index("function") + 1] if "function" in parts[:-1] else parts[0]
