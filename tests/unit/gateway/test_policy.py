from typing import Any

import pytest

from local.gateway.policy import Policy

ARN = "arn:aws:execute-api:us-east-1:1:local/v1/POST/chat/completions"


def statement(effect: str, *resources: str, action: Any = "execute-api:Invoke") -> dict[str, Any]:
    return {"Effect": effect, "Action": action, "Resource": list(resources)}


@pytest.mark.parametrize(
    ("statements", "allowed"),
    [
        ([statement("Allow", ARN)], True),
        ([statement("Allow", "*")], True),
        ([statement("Allow", "arn:aws:execute-api:*:1:local/v1/*")], True),
        ([statement("Allow", "arn:aws:execute-api:us-east-?:1:local/*/POST/chat/*")], True),
        ([statement("Allow", "arn:aws:execute-api:us-east-??:1:local/v1/*")], False),
        ([statement("Allow", ARN[:-1])], False),
        ([statement("Allow", ARN + "/more")], False),
        ([statement("Allow", ARN.replace(".", "x").replace("/", "."))], False),
        ([statement("Allow", "other", ARN)], True),
        ([statement("Deny", ARN)], False),
        ([statement("Allow", "*"), statement("Deny", "*/POST/*")], False),
        ([statement("Deny", "*/GET/*"), statement("Allow", "*")], True),
        ([statement("Allow", "*", action="execute-api:*")], True),
        ([statement("Allow", "*", action="EXECUTE-API:invoke")], True),
        ([statement("Allow", "*", action=["s3:GetObject", "*"])], True),
        ([statement("Allow", "*", action="s3:GetObject")], False),
        ([statement("Allow", "*"), statement("Deny", "*", action="s3:*")], True),
    ],
)
def test_a_policy_allows_what_it_says(statements: list[dict[str, Any]], allowed: bool) -> None:
    assert Policy({"Version": "2012-10-17", "Statement": statements}).allows(ARN) is allowed


def test_a_single_statement_needs_no_list() -> None:
    assert Policy({"Version": "2012-10-17", "Statement": {**statement("Allow"), "Resource": ARN}}).allows(ARN)


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {},
        {"Version": "2012-10-17"},
        {"Version": "2012-10-17", "Statement": []},
        {"Version": "2012-10-17", "Statement": ["Allow"]},
        {"Version": "yesterday", "Statement": [statement("Allow", ARN)]},
        {"Version": "2012-10-17", "Statement": [statement("allow", ARN)]},
        {"Version": "2012-10-17", "Statement": [statement("Allow")]},
        {"Version": "2012-10-17", "Statement": [statement("Allow", "")]},
        {"Version": "2012-10-17", "Statement": [statement("Allow", ARN, action=None)]},
        {"Version": "2012-10-17", "Statement": [statement("Allow", ARN, action=[1])]},
        {"Version": "2012-10-17", "Statement": [{**statement("Allow", ARN), "Condition": {}}]},
        {"Version": "2012-10-17", "Statement": [{**statement("Allow", ARN), "NotAction": "x"}]},
    ],
)
def test_what_is_no_policy_is_refused(document: Any) -> None:
    with pytest.raises(ValueError, match=r"policyDocument|statement"):
        Policy(document)
