"""From a model's name to the models that may answer for it, and to their providers."""

import os
from collections.abc import Callable
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from pennyworth.aws import Aws, AwsError
from pennyworth.errors import Problem
from pennyworth.identity import user_credentials
from pennyworth.logs import logger
from pennyworth.policy import authorize, require
from pennyworth.principal import Guardrail, Principal
from pennyworth.settings import settings
from pennyworth.tracing import subsegment
from services.openai.catalogue import Model, Route, catalogue
from services.openai.catalogue import card as catalogued
from services.openai.names import BEDROCK, Names, grants
from services.openai.providers.bedrock import Bedrock
from services.openai.providers.lanes import answers
from services.openai.providers.provider import Provider

if TYPE_CHECKING:
    from services.openai.providers.server import Server

# What the catalogue's kinds of model are for.
_PATHS = {"chat": "chats: POST /chat/completions and its like", "embedding": "embeddings: POST /embeddings"}


def _converse(model: Model, caller: Principal, deadline: float, guardrail: Guardrail | None) -> Provider:
    _require_guarded(guardrail is None or model.kind != "embedding", "embeddings")
    return Bedrock(aws(), partial(user_credentials, aws(), settings=settings()), caller, model, deadline, guardrail)


def _native(model: Model, caller: Principal, deadline: float, guardrail: Guardrail | None) -> Provider:
    if guardrail is not None:  # docs/decisions/0009 says why
        return _converse(model, caller, deadline, guardrail)
    from services.openai.providers.native import Native

    return Native(aws(), partial(user_credentials, aws(), settings=settings()), caller, model, deadline)


def _openai(model: Model, _: Principal, deadline: float, guardrail: Guardrail | None) -> Provider:
    _require_guarded(guardrail is None, "another provider's models")
    from services.openai.providers.upstream import Upstream

    return Upstream(server(model.provider), model, deadline)


# The ways in which providers are asked, by what a catalogue's row calls its `api`.
APIS: dict[str, Callable[[Model, Principal, float, Guardrail | None], Provider]] = {
    "converse": _converse,
    "native": _native,
    "openai": _openai,
}


def provider(model: Model, caller: Principal, deadline: float, guardrail: Guardrail | None = None) -> Provider:
    """Who answers for the model until then, a reading of time.monotonic, with that guardrail around the call.

    Raises Problem: guardrail_not_allowed where the guardrail could not stand around it.
    """
    api = model.api or ("converse" if model.provider == BEDROCK else "openai")
    return APIS[api](model, caller, deadline, guardrail)


def _require_guarded(holds: bool, what: str) -> None:
    """A guardrail that was asked for is applied, or the call is refused: it is never silently absent."""
    reason = f"A guardrail of Amazon Bedrock cannot be applied to {what}, and this call must not go without it."
    require(holds, "guardrail_not_allowed", reason=reason)


def candidates(name: str, caller: Principal, kind: str, draw: Callable[[], float] | None = None) -> list[Model]:
    """The models to ask, in this order: what the name means, then its fallbacks, of which the caller may use all.

    `draw` is in [0, 1), for a name with weights. Raises Problem: model_not_allowed before anything else is said of
    the name, model_not_found, invalid_value for a model of another kind.
    """
    found = names().find(name)
    if found is None:
        authorize(caller, "inference", name)
        raise Problem("model_not_found", param="model", model=name)
    first = _drawn(found, draw or random) if isinstance(found, Route) else [found]
    usable = [model for model in first if may_use(caller, model, name)]
    authorize(caller, "inference")
    require(bool(usable), "model_not_allowed", model=name)
    if found.kind not in ("", kind):
        reason = f"'{name}' is a model for {_PATHS[found.kind]}"
        raise Problem("invalid_value", param="model", reason=reason)
    others = [model for model in map(names().model, found.fallbacks) if model is not None]
    return usable + [model for model in others if model not in usable and may_use(caller, model)]


def may_use(caller: Principal, model: Model, asked: str = "") -> bool:
    """Whether a policy allows the model, by any name that is its own."""
    return caller.may_use(*names().permits(model, asked), grants=grants)


def cards(caller: Principal) -> list[dict[str, Any]]:
    """OpenAI's model objects of all the caller may use, aliases included."""
    here, own = names(), catalogue()
    rows: dict[str, Model | Route] = {**own.models, **own.routes}
    usable = [row for name, row in rows.items() if _usable(caller, here.find(name))]
    listed = [catalogued(row, name) for row in usable for name in (row.name, *row.aliases)]
    known = {card["id"] for card in listed}
    providers = list(settings().providers)
    for name, theirs in zip(providers, answers(_listed, providers) if providers else (), strict=True):
        for card in theirs:
            own_name = card["id"] if here.bare(name, card["id"]) else f"{name}/{card['id']}"
            model = here.model(own_name)
            if model is not None and model.name not in known and may_use(caller, model, own_name):
                listed.append({**card, "id": model.name})
                known.add(model.name)
    return listed


def card(name: str, caller: Principal) -> dict[str, Any]:
    """OpenAI's model object of that name, an alias included. Raises Problem as `candidates` does.

    Of Bedrock's own ids and ARNs, which no list holds, only a call of the model tells whether anything is there.
    """
    found = names().find(name)
    authorize(caller, "inference", None if found else name)
    require(found is None or _usable(caller, found, name), "model_not_allowed", model=name)
    if isinstance(found, Model) and found.provider == BEDROCK:
        return catalogued(found, name)
    listed = {card["id"]: card for card in cards(caller)}
    if found is None or found.name not in listed:
        raise Problem("model_not_found", param="model", model=name)
    return {**listed[found.name], "id": name}


def _usable(caller: Principal, found: Model | Route | None, asked: str = "") -> bool:
    if isinstance(found, Route):
        return any(_usable(caller, names().model(target)) for target, _ in found.targets)
    return found is not None and may_use(caller, found, asked)


def _listed(name: str) -> list[dict[str, Any]]:
    try:
        return server(name).models()
    except Problem:  # logged there; a provider that cannot list must not hide what others have
        return []


def _drawn(route: Route, draw: Callable[[], float]) -> list[Model]:
    """The route's models, each drawn by its weight from those that are left."""
    left = [(model, weight) for name, weight in route.targets if (model := names().model(name)) is not None]
    drawn = []
    while left:
        point = draw() * sum(weight for _, weight in left)
        at = 0
        while at < len(left) - 1 and point >= left[at][1]:
            point -= left[at][1]
            at += 1
        drawn.append(left.pop(at)[0])
    return drawn


@cache
def names() -> Names:
    return Names(catalogue(), {name: endpoint.models for name, endpoint in settings().providers.items()})


@cache
def aws() -> Aws:
    return Aws(settings().region, span=partial(subsegment, namespace="aws"))


@cache
def server(name: str) -> "Server":
    """The OpenAI-compatible provider of that name."""
    from pennyworth.secret import Secret
    from services.openai.providers.server import Server

    endpoint = settings().providers[name]
    key = Secret(partial(_key, name, endpoint.key_parameter)) if endpoint.key_parameter else None
    return Server(name, endpoint, key)


def _key(provider: str, parameter: str) -> str:
    try:
        read = aws().json("ssm", "GetParameter", {"Name": parameter, "WithDecryption": True})
    except AwsError as error:
        logger.error("provider key not read", provider=provider, error=error.code, status=error.status)
        raise Problem("service_unavailable") from None
    return str(read["Parameter"]["Value"]).strip()


def random() -> float:
    """In [0, 1). The `random` module takes 4 ms to import."""
    return int.from_bytes(os.urandom(4), "big") / 2**32
