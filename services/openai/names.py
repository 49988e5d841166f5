"""From the name a client uses to the model it means. Pure: the catalogue and the providers' patterns come in."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import NamedTuple

from services.openai.catalogue import Catalogue, Model, Route, is_pattern

BEDROCK = "bedrock"
# An id as Bedrock's makers write them, with or without a geography before it. Narrower than Bedrock's own pattern,
# which fits `gpt-4.1` and `qwen2.5:7b` too: no label begins with a digit.
_ID = r"(?:[a-z]+(?:-[a-z]+)?\.)?[a-z][a-z0-9]*\.[a-z][a-z0-9-]*(?:[.:][a-z0-9-]+)*"
# Source: botocore's bedrock-runtime model, ConversationalModelId and InvokeModelIdentifier (1.43).
_ARN = (
    r"arn:aws(?:-[a-z-]+)?:bedrock:[a-z0-9-]{1,20}:(?:"
    rf":foundation-model/{_ID}"
    r"|[0-9]{12}:custom-model/[a-z0-9-]{1,63}\.[a-z0-9-]{1,63}/[a-z0-9]{12}"
    r"|[0-9]{12}:(?:imported-model|provisioned-model|custom-model-deployment)/[a-z0-9]{12}"
    r"|[0-9]{12}:(?:inference-profile|application-inference-profile)/[a-zA-Z0-9:.-]+)"
)
_RAW = re.compile(f"{_ID}|{_ARN}")
# A pattern over those: as terraform/modules/identity tells it from one over names.
_RAW_PATTERN = re.compile(
    r"arn:aws[a-z-]*:bedrock:[a-z0-9-]+:[0-9]*:[a-z-]+/.+|[a-z][a-z0-9-]*\.[A-Za-z*][A-Za-z0-9.:*?-]*"
)
_LONGEST = 2048
_REMEMBERED = 512  # names by what the rules make of them: every request asks it of the few that its model has
_GEOGRAPHY = re.compile(r"(?:us|us-gov|eu|apac|au|ca|jp|global)\.(?=[a-z0-9]+\.)")


def raw(name: str) -> bool:
    """Whether that is written as Bedrock writes an id or ARN of a model or profile."""
    return len(name) <= _LONGEST and _RAW.fullmatch(name) is not None


def grants(name: str, pattern: str) -> bool:
    """Whether a group's pattern allows what has that name.

    Bedrock's own ids and ARNs are allowed by patterns that are written as such, and by no other: IAM has no names, so
    the group's role holds what stands behind the names that match a pattern, and a pattern over ids as it is.
    """
    if raw(name.removeprefix(f"{BEDROCK}/")) and not _RAW_PATTERN.fullmatch(pattern):
        return False
    return fnmatchcase(name, pattern)


class _Rule(NamedTuple):
    pattern: str
    provider: str
    id: str | None  # None for the whole name; `*` stands for what the pattern's does
    row: Model | None

    @property
    def literal(self) -> int:
        """Length of what stands before the first wildcard."""
        return next((at for at, letter in enumerate(self.pattern) if is_pattern(letter)), len(self.pattern))


_Meaning = tuple[tuple[str, str], _Rule | None]  # the provider and its id of a model, and the rule that says so


class Names:
    """All names that mean a model here.

    A catalogue's row comes first, then what is written as Bedrock writes its ids, then patterns: those of the
    catalogue, `PROVIDER/*` of every provider, and those by which a provider claims bare names. The longest literal
    prefix wins. However a model is named, if the catalogue has a row for its provider and id, that row is meant.
    """

    def __init__(self, catalogue: Catalogue, claims: Mapping[str, tuple[str, ...]]) -> None:
        """`claims`: patterns of bare names by provider; a provider without any is known by `PROVIDER/id` alone."""
        self._catalogue = catalogue
        self._providers = {BEDROCK, *claims}
        rules = [_Rule(pattern, row.provider, row.id, row) for pattern, row in catalogue.wildcards.items()]
        rules += [_Rule(f"{provider}/*", provider, "*", None) for provider in claims]
        rules += [_Rule(pattern, provider, None, None) for provider, patterns in claims.items() for pattern in patterns]
        known = (rule for rule in rules if rule.provider in self._providers)
        self._rules = sorted(known, key=lambda rule: -rule.literal)
        self._rows = {(model.provider, model.id): model for model in catalogue.models.values()}
        self._relatives = {
            foundation_id(model.id): model for model in catalogue.models.values() if model.provider == BEDROCK
        }
        self._ruled = lru_cache(_REMEMBERED)(self._by_rule)

    def find(self, name: str) -> Model | Route | None:
        """What the name means; None for nothing."""
        own = self._catalogue.aliases.get(name, name)
        if own in self._catalogue.routes:
            return self._catalogue.routes[own]
        meaning = self._meaning(name)
        if meaning is None:
            return None
        (provider, model_id), rule = meaning
        if (row := self._rows.get((provider, model_id))) is not None:
            return row
        if provider == BEDROCK:
            return self._unlisted(rule, model_id)
        row = (rule and rule.row) or self._wildcard(f"{provider}/{model_id}")
        blank = row or Model(name="", provider=provider, id="", owned_by=provider)
        return replace(blank, name=model_id if self.bare(provider, model_id) else name, id=model_id)

    def model(self, name: str) -> Model | None:
        """As `find`, of models alone."""
        found = self.find(name)
        return found if isinstance(found, Model) else None

    def permits(self, model: Model, asked: str = "") -> Iterator[str]:
        """Every name by which a policy may allow the model: its own, its provider's id, and `PROVIDER/id`, each as far
        as it means this model and no other. No alias is one: it is another name, never another permission."""
        for name in dict.fromkeys((model.name, asked, model.id, f"{model.provider}/{model.id}")):
            if name not in self._catalogue.aliases and self._means(name, model.provider, model.id):
                yield name

    def bare(self, provider: str, model_id: str) -> bool:
        """Whether that id alone, without its provider, means that provider's model."""
        return self._means(model_id, provider, model_id)

    def _means(self, name: str, provider: str, model_id: str) -> bool:
        meaning = self._meaning(name)
        return meaning is not None and meaning[0] == (provider, model_id)

    def _meaning(self, name: str) -> _Meaning | None:
        """What the catalogue says of the name, else the first rule that fits it."""
        own = self._catalogue.aliases.get(name, name)
        if own in self._catalogue.models:
            model = self._catalogue.models[own]
            return ((model.provider, model.id), None) if model.provider in self._providers else None
        if own in self._catalogue.routes or not _is_name(name):
            return None
        return self._ruled(name)

    def _by_rule(self, name: str) -> _Meaning | None:
        written = f"{BEDROCK}/{name}" if raw(name) else name
        rule = next((rule for rule in self._rules if fnmatchcase(written, rule.pattern)), None)
        return rule and ((rule.provider, _id(rule, written)), rule)

    def _unlisted(self, rule: _Rule | None, model_id: str) -> Model | None:
        """A model of Bedrock's that the catalogue lacks, by its id; None for what is no id. What a row says of the same
        model in another geography holds for it, but for the price."""
        if not raw(model_id) or rule is None or rule.row is None:
            return None
        relative = self._relatives.get(foundation_id(model_id))
        if relative is not None:
            own = {"name": model_id, "id": model_id, "price": None, "near_price": relative.price}
            return replace(relative, **own, aliases=(), fallbacks=())  # type: ignore[arg-type]
        return replace(rule.row, name=model_id, id=model_id)

    def _wildcard(self, qualified: str) -> Model | None:
        rows = (rule.row for rule in self._rules if rule.row is not None and fnmatchcase(qualified, rule.pattern))
        return next(rows, None)


def _is_name(name: str) -> bool:
    """Whether that may be a model's name: it goes into a header of the answer, and into the log."""
    return len(name) <= _LONGEST and name.isascii() and name.isprintable()


def _id(rule: _Rule, name: str) -> str:
    if rule.id is None:
        return name
    rest = len(rule.pattern) - rule.pattern.find("*") - 1
    return rule.id.replace("*", name[rule.literal : len(name) - rest])


def foundation_id(model_id: str) -> str:
    """The foundation model's id within a profile's or an ARN."""
    return _GEOGRAPHY.sub("", model_id.rpartition("/")[2], count=1)
