"""IAM's evaluation held to AWS's documentation, case by case."""

import json
from typing import Any

import pytest

from local import permissions
from local.aws.policy import Access, access, denied, statements

MODEL = "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0"
INVOKE = "bedrock:InvokeModel"
EXPLICIT = "with an explicit deny in an identity-based policy"
IMPLICIT = "because no identity-based policy allows the bedrock:InvokeModel action"


def policy(*statements: dict[str, Any], version: str = "2012-10-17") -> str:
    return json.dumps({"Version": version, "Statement": list(statements)})


def allow(action: Any = "bedrock:*", resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: Any = "bedrock:*", resource: Any = "*", **more: Any) -> dict[str, Any]:
    return allow(action, resource, **more) | {"Effect": "Deny"}


def allows(statement: dict[str, Any], action: str, resource: str) -> bool:
    return Access((policy(statement),)).refusal(action, resource) is None


@pytest.mark.parametrize(
    ("policies", "boundary", "reason"),
    [
        ([], None, IMPLICIT),
        ([policy(allow("s3:*"))], None, IMPLICIT),
        ([policy(allow())], None, None),
        ([policy(allow("s3:*")), policy(allow())], None, None),  # the policies of an identity add up
        ([policy(allow(), deny())], None, EXPLICIT),
        ([policy(allow()), policy(deny())], None, EXPLICIT),
        ([policy(allow(), deny(resource="arn:aws:bedrock:us-west-2::*"))], None, None),
        ([policy(allow())], policy(allow("bedrock:Invoke*")), None),  # a boundary and the policies intersect
        (
            [policy(allow())],
            policy(allow("s3:*")),
            "because no permissions boundary allows the bedrock:InvokeModel action",
        ),
        ([policy(allow())], policy(allow(), deny()), "with an explicit deny in a permissions boundary"),
        ([], policy(allow()), IMPLICIT),  # a boundary alone allows nothing
        ([policy(deny())], policy(deny()), EXPLICIT),
    ],
)
def test_a_deny_wins_and_without_an_allow_nothing_is_allowed(
    policies: list[str], boundary: str | None, reason: str | None
) -> None:
    assert Access(tuple(policies), boundary).refusal(INVOKE, MODEL) == reason


@pytest.mark.parametrize(
    ("pattern", "action", "fits"),
    [
        ("bedrock:InvokeModel", INVOKE, True),
        ("BEDROCK:invokemodel", INVOKE, True),  # actions know no case
        ("bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream", False),
        ("bedrock:InvokeModel*", "bedrock:InvokeModelWithResponseStream", True),
        ("bedrock:Invoke?odel", INVOKE, True),
        ("bedrock:Invoke?Model", INVOKE, False),
        ("*", INVOKE, True),
        ("*:InvokeModel", INVOKE, True),
        ("s3:*", INVOKE, False),
        (["s3:*", "bedrock:*"], INVOKE, True),
    ],
)
def test_actions(pattern: Any, action: str, fits: bool) -> None:
    assert allows(allow(pattern), action, MODEL) is fits


@pytest.mark.parametrize(
    ("pattern", "resource", "fits"),
    [
        (MODEL, MODEL, True),
        (MODEL, MODEL.upper(), False),  # resources do
        (MODEL, f"{MODEL}0", False),
        ("*", MODEL, True),
        ("arn:aws:bedrock:*::foundation-model/amazon.nova-lite-v1:0", MODEL, True),
        ("arn:aws:bedrock:*::foundation-model/amazon.nova-*", MODEL, True),
        ("arn:aws:bedrock:eu-*::foundation-model/amazon.nova-*", MODEL, False),
        ("arn:aws:bedrock:us-east-?::foundation-model/*", MODEL, True),
        ("arn:aws:bedrock:us-east-1:*", MODEL, True),  # at the end of its part it reaches beyond colons
        ("arn:aws:bedrock:us*1:*:foundation-model/*", MODEL, True),
        ("arn:aws:bedrock*east-1::foundation-model/*", MODEL, False),  # elsewhere it does not
        ("arn:aws:bedrock:us-east-1?:foundation-model/*", MODEL, False),
        ("arn:aws:bedrock:::foundation-model/x", "arn:aws:bedrock:::foundation-model/x", True),
        ("arn:aws:s3:::files/*/a", "arn:aws:s3:::files/b/c/a", True),  # slashes are no parts
        ("arn:aws:s3:::files/[ab].c", "arn:aws:s3:::files/a.c", False),  # no other pattern language
        ("arn:aws:s3:::files/a.c", "arn:aws:s3:::files/abc", False),
        ("arn:aws:s3:::files/*", "arn:aws:s3:::files/a\nb", True),
        (["arn:aws:s3:::a", "arn:aws:s3:::b"], "arn:aws:s3:::b", True),
    ],
)
def test_resources(pattern: Any, resource: str, fits: bool) -> None:
    assert allows(allow(resource=pattern), INVOKE, resource) is fits


def test_all_but() -> None:
    without = {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}
    assert allows(without, INVOKE, MODEL)
    assert not allows(without, "iam:CreateUser", "*")
    elsewhere = {"Effect": "Allow", "Action": "*", "NotResource": f"{MODEL[:-3]}*"}
    assert allows(elsewhere, INVOKE, "arn:aws:bedrock:us-east-1::foundation-model/x")
    assert not allows(elsewhere, INVOKE, MODEL)


HOME = "arn:aws:s3:::files/users/${aws:PrincipalTag/user}/*"


@pytest.mark.parametrize(
    ("pattern", "tags", "resource", "fits"),
    [
        (HOME, {"user": "ada"}, "arn:aws:s3:::files/users/ada/x", True),
        (HOME, {"User": "ada"}, "arn:aws:s3:::files/users/ada/x", True),  # keys know no case
        (HOME, {"user": "ada"}, "arn:aws:s3:::files/users/bob/x", False),
        (HOME, {"user": "ada"}, "arn:aws:s3:::files/users/adab/x", False),
        (HOME, {}, "arn:aws:s3:::files/users//x", False),  # without a value nothing fits
        (HOME, {}, "arn:aws:s3:::files/users/${aws:PrincipalTag/user}/x", False),
        (HOME, {"user": "*"}, "arn:aws:s3:::files/users/bob/x", False),  # a value holds no wildcards
        (HOME, {"user": "b?b"}, "arn:aws:s3:::files/users/bob/x", False),
        (HOME, {"user": "*"}, "arn:aws:s3:::files/users/*/x", True),
        ("arn:aws:s3:::${aws:PrincipalTag/user, 'all'}", {}, "arn:aws:s3:::all", True),
        ("arn:aws:s3:::${aws:PrincipalTag/user, 'all'}", {"user": "ada"}, "arn:aws:s3:::all", False),
        ("arn:aws:s3:::a${*}b${?}c${$}", {}, "arn:aws:s3:::a*b?c$", True),
        ("arn:aws:s3:::a${*}b", {}, "arn:aws:s3:::axb", False),
    ],
)
def test_variables(pattern: str, tags: dict[str, str], resource: str, fits: bool) -> None:
    found = access([policy(allow("s3:*", pattern))], None, tags)
    assert (found.refusal("s3:GetObject", resource) is None) is fits


def test_an_older_policy_has_no_variables() -> None:
    old = Access(
        (policy(allow("s3:*", HOME, Condition={}), version="2008-10-17"),), None, {"aws:principaltag/user": "a"}
    )
    assert old.refusal("s3:GetObject", "arn:aws:s3:::files/users/a/x")
    assert old.refusal("s3:GetObject", HOME.replace("*", "x")) is None


@pytest.mark.parametrize(
    ("condition", "context", "holds"),
    [
        ({"StringEquals": {"k": "a"}}, {"k": "a"}, True),
        ({"StringEquals": {"K": ["b", "a"]}}, {"k": "a"}, True),  # values are alternatives
        ({"StringEquals": {"k": "a"}}, {"k": "A"}, False),
        ({"StringEquals": {"k": "a*"}}, {"k": "ab"}, False),
        ({"StringEquals": {"k": "a"}}, {}, False),  # a key that is not there
        ({"StringEquals": {"k": "a", "l": "b"}}, {"k": "a", "l": "b"}, True),  # keys come together
        ({"StringEquals": {"k": "a", "l": "b"}}, {"k": "a"}, False),
        ({"StringEquals": {"k": "a"}, "StringLike": {"l": "b*"}}, {"k": "a", "l": "c"}, False),  # and operators
        ({"StringEqualsIfExists": {"k": "a"}}, {}, True),
        ({"StringEqualsIfExists": {"k": "a"}}, {"k": "b"}, False),
        ({"StringNotEquals": {"k": "a"}}, {"k": "b"}, True),
        ({"StringNotEquals": {"k": ["a", "b"]}}, {"k": "b"}, False),  # none of them
        ({"StringNotEquals": {"k": "a"}}, {}, True),
        ({"StringEqualsIgnoreCase": {"k": "a"}}, {"k": "A"}, True),
        ({"StringLike": {"k": "a*"}}, {"k": "a:b/c"}, True),  # no parts between colons here
        ({"StringLike": {"k": "?*"}}, {"k": ""}, False),
        ({"StringLike": {"k": "?*"}}, {}, False),
        ({"StringNotLike": {"k": "a*"}}, {"k": "b"}, True),
        ({"ArnLike": {"k": "arn:aws:*:*:1:x/*"}}, {"k": "arn:aws:a:b:1:x/y"}, True),
        ({"Bool": {"k": "true"}}, {"k": "true"}, True),
        ({"Bool": {"k": False}}, {"k": "false"}, True),
        ({"Bool": {"k": "true"}}, {}, False),
        ({"Null": {"k": "true"}}, {}, True),
        ({"Null": {"k": "true"}}, {"k": "a"}, False),
        ({"Null": {"k": "false"}}, {"k": "a"}, True),
        ({"ForAnyValue:StringLike": {"k": "a*"}}, {"k": ("b", "ab")}, True),
        ({"ForAnyValue:StringLike": {"k": "a*"}}, {"k": ("b", "c")}, False),
        ({"ForAnyValue:StringEquals": {"k": "a"}}, {}, False),
        ({"ForAllValues:StringEquals": {"k": ["a", "b"]}}, {"k": ("a", "b")}, True),
        ({"ForAllValues:StringEquals": {"k": ["a", "b"]}}, {"k": ("a", "c")}, False),
        ({"ForAllValues:StringEquals": {"k": "a"}}, {}, True),
        ({"StringEquals": {"k": "a"}}, {"k": ("a", "b")}, False),  # several values want a quantifier
        ({"StringEquals": {"k": "${aws:PrincipalTag/user}"}}, {"k": "ada", "aws:principaltag/user": "ada"}, True),
        ({"StringLike": {"k": "users/${aws:PrincipalTag/user}/*"}}, {"k": "users//x"}, False),
    ],
)
def test_conditions(condition: dict[str, Any], context: dict[str, Any], holds: bool) -> None:
    found = Access((policy(allow(Condition=condition)),))
    assert (found.refusal(INVOKE, MODEL, context) is None) is holds


@pytest.mark.parametrize(
    "statement",
    [
        {"Effect": "allow", "Action": "*", "Resource": "*"},
        {"Effect": "Allow", "Resource": "*"},
        {"Effect": "Allow", "Action": "*", "NotAction": "*", "Resource": "*"},
        allow(Condition={"NumericLessThan": {"k": "1"}}),
        allow(Condition={"NotBool": {"k": "true"}}),
        allow(Condition={"ForNoValue:StringEquals": {"k": "1"}}),
        allow(Wish="x"),
    ],
)
def test_what_is_not_understood_is_said(statement: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"statement|operator"):
        statements(policy(statement))


def test_a_refusal_is_in_awss_words() -> None:
    said = denied("arn:aws:iam::1:user/ada", INVOKE, MODEL, IMPLICIT)
    assert (
        said == f"User: arn:aws:iam::1:user/ada is not authorized to perform: {INVOKE} on resource: {MODEL} {IMPLICIT}"
    )


GUARD = "arn:aws:bedrock:us-east-1:1:guardrail/abc"
PROFILE = "arn:aws:bedrock:us-east-1:1:inference-profile/us.meta.llama-v1:0"
BEHIND = "arn:aws:bedrock:us-west-2::foundation-model/meta.llama-v1:0"


@pytest.mark.parametrize(
    ("resource", "context", "fits"),
    [
        (PROFILE, {"bedrock:guardrailidentifier": f"{GUARD}:2"}, True),
        (PROFILE, {}, False),
        (PROFILE, {"bedrock:guardrailidentifier": f"{GUARD}:1"}, False),
        (PROFILE, {"bedrock:guardrailidentifier": GUARD}, False),
        (BEHIND, {"bedrock:guardrailidentifier": f"{GUARD}:2", "bedrock:inferenceprofilearn": PROFILE}, True),
        (BEHIND, {"bedrock:guardrailidentifier": f"{GUARD}:2"}, False),
        (BEHIND, {"bedrock:inferenceprofilearn": PROFILE}, False),
        (BEHIND, {"bedrock:guardrailidentifier": f"{GUARD}:2", "bedrock:inferenceprofilearn": f"{PROFILE}x"}, False),
    ],
)
def test_a_groups_own_policy_says_what_it_is_meant_to(resource: str, context: dict[str, str], fits: bool) -> None:
    guardrail = {"id": "abc", "version": "2"}
    document = permissions.group(["us.meta.llama-v1:0"], "us-east-1", "1", "arn:aws:s3:::files", guardrail)
    assert (Access((json.dumps(document),)).refusal(INVOKE, resource, context) is None) is fits
