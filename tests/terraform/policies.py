"""IAM policies, wherever a resource carries one, statement by statement."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from tests.terraform.installation import Resource

TRUST, ACCESS = "trust", "access"

# (type, attribute) → what the policy in it is for.
PLACES = {
    ("aws_iam_role", "assume_role_policy"): TRUST,
    ("aws_iam_role_policy", "policy"): ACCESS,
    ("aws_iam_policy", "policy"): ACCESS,
    ("aws_s3_bucket_policy", "policy"): ACCESS,
}
# Where the provider shows one of these once more.
SHOWN_AGAIN = {("aws_iam_role", "inline_policy"), ("aws_s3_bucket", "policy")}
_TYPES = {type_ for type_, _ in PLACES}


@dataclass(frozen=True)
class Statement:
    address: str
    kind: str
    document: dict[str, Any]

    @property
    def sid(self) -> str:
        return self.document.get("Sid", "")

    @property
    def allows(self) -> bool:
        return self.document["Effect"] == "Allow"

    @property
    def actions(self) -> list[str]:
        return _listed(self.document.get("Action", []))

    @property
    def resources(self) -> list[str]:
        return _listed(self.document.get("Resource", []))

    @property
    def principals(self) -> list[str]:
        """As `Service lambda.amazonaws.com`; `*` for everyone."""
        principal = self.document.get("Principal", {})
        if isinstance(principal, str):
            return [principal]
        return [f"{kind} {name}" for kind, names in principal.items() for name in _listed(names)]

    @property
    def conditions(self) -> dict[tuple[str, str], list[str]]:
        """(operator, key) → values."""
        return {
            (operator, key): _listed(values)
            for operator, tests in self.document.get("Condition", {}).items()
            for key, values in tests.items()
        }

    def __str__(self) -> str:
        return f"{self.address} {self.sid or self.document}"


def statements(resources: Iterable[Resource]) -> Iterator[Statement]:
    """Of resources whose values are known."""
    for resource in resources:
        for (type_, attribute), kind in PLACES.items():
            if resource.type == type_:
                for document in _listed(json.loads(resource.values[attribute])["Statement"]):
                    yield Statement(resource.address, kind, document)


def carriers(resources: Iterable[Resource]) -> list[str]:
    """Addresses of what carries a policy."""
    return [resource.address for resource in resources if resource.type in _TYPES]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
