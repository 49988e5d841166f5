"""The gateway's answer to "may they ask this model?" and IAM's are one, whatever a group's patterns are."""

import re
from collections.abc import Iterator

import pytest

from local import permissions
from local.plan import plan
from pennyworth.principal import Principal
from services.openai import routing
from services.openai.catalogue import Model, catalogue
from services.openai.names import Names

ACCOUNT, REGION = "123456789012", "us-east-1"
UNLISTED = (
    "us.amazon.nova-pro-v1:0",
    "bedrock/us.amazon.nova-pro-v1:0",
    "eu.anthropic.claude-sonnet-4-5-20250929-v1:0",
    "anthropic.claude-opus-9-v1:0",
    "meta.llama9-1b-instruct-v1:0",
    f"arn:aws:bedrock:{REGION}::foundation-model/amazon.nova-lite-v1:0",
    f"arn:aws:bedrock:{REGION}:{ACCOUNT}:application-inference-profile/abcdefabcdef",
    f"arn:aws:bedrock:{REGION}:{ACCOUNT}:imported-model/abcdefabcdef",
)
PATTERNS = (
    ("*",),
    ("nova-*",),
    ("*nova*",),
    ("*2*",),
    ("c*",),
    ("?ova-lite", "us.*"),
    ("amazon.*",),
    ("us.amazon.nova-pro-v1:0",),
    ("global.*",),
    ("eu.anthropic.*", "meta.llama?-*"),
    ("bedrock/*",),
    ("*.nova-pro-v1:0", "*v1:0"),
    ("claude-sonnet-4-5",),
    ("arn:*",),
    (f"arn:aws:bedrock:{REGION}::foundation-model/amazon.*",),
    (f"arn:aws:bedrock:{REGION}:{ACCOUNT}:application-inference-profile/*",),
    (f"arn:aws:bedrock:{REGION}:{ACCOUNT}:imported-model/abc*",),
)


def allowed_by_iam(patterns: tuple[str, ...], model: Model) -> bool:
    """Whether the role's own policy lets the model be invoked by its id."""
    policy = permissions.group(plan().ids(patterns), REGION, ACCOUNT, "arn:aws:s3:::files")
    arn, names = model.id, dict.fromkeys(("Models", "Profiles"))
    if not arn.startswith("arn:"):
        profile = re.match(r"(us|eu|global)\.", arn)
        kind = f"{ACCOUNT}:inference-profile" if profile else ":foundation-model"
        arn = f"arn:aws:bedrock:{REGION}:{kind}/{arn}"
    resources = [each for one in policy["Statement"] if one["Sid"] in names for each in one["Resource"]]
    return any(_like(each).fullmatch(arn) for each in resources)


def _like(resource: str) -> re.Pattern[str]:
    """As IAM reads it."""
    return re.compile(re.escape(resource).replace(r"\*", ".*").replace(r"\?", "."))


def asked(names: Names) -> Iterator[tuple[str, Model]]:
    own = [name for name, row in catalogue().models.items() if row.provider == "bedrock"]
    for name in (*own, *(row.id for row in catalogue().models.values()), *UNLISTED):
        model = names.model(name)
        assert model is not None, name
        yield name, model


@pytest.mark.parametrize("patterns", PATTERNS, ids=" ".join)
def test_the_gateway_and_iam_allow_the_same_models(patterns: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    names = Names(catalogue(), {})
    monkeypatch.setattr(routing, "names", lambda: names)
    caller = Principal("u", "ada@example.com", "", "g", "arn:aws:iam::1:role/g", frozenset({"inference"}), patterns)
    answers = {
        name: (routing.may_use(caller, model, name), allowed_by_iam(patterns, model)) for name, model in asked(names)
    }
    assert {name for name, (gateway, iam) in answers.items() if gateway and not iam} == set()
    # IAM does not tell a model's ARN from its id; a policy allows the one it names.
    spelt = {name for name in (*answers, *patterns) if ":foundation-model/" in name}
    if not spelt & set(patterns):
        assert {name for name, (gateway, iam) in answers.items() if iam and not gateway} <= spelt


def test_what_the_catalogue_lacks_is_not_among_all_of_its_models(monkeypatch: pytest.MonkeyPatch) -> None:
    names = Names(catalogue(), {})
    monkeypatch.setattr(routing, "names", lambda: names)
    caller = Principal("u", "ada@example.com", "", "g", "arn:aws:iam::1:role/g", frozenset({"inference"}), ("*",))
    allowed = {name for name, model in asked(names) if routing.may_use(caller, model, name)}
    assert allowed.isdisjoint(UNLISTED)
    assert set(catalogue().models) <= allowed
