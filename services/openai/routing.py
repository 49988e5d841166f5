"""From a model's name to the provider that answers for it."""

from collections.abc import Iterator
from functools import cache, partial
from typing import Any, Protocol

from pennyworth.aws import Aws, AwsError
from pennyworth.errors import Problem
from pennyworth.identity import user_credentials
from pennyworth.logs import logger
from pennyworth.principal import Principal
from pennyworth.settings import settings
from pennyworth.tracing import subsegment
from services.openai import catalogue
from services.openai.catalogue import Price
from services.openai.converse import Envelope
from services.openai.meter import Meter
from services.openai.providers.bedrock import Bedrock
from services.openai.providers.upstream import Upstream


class Provider(Protocol):
    """All raise Problem before their first byte; streams yield server-sent events and tell the meter of them."""

    @property
    def name(self) -> str: ...
    @property
    def price(self) -> Price | None: ...
    def complete(self, body: dict[str, Any], envelope: Envelope, /) -> dict[str, Any]: ...
    def stream(self, body: dict[str, Any], envelope: Envelope, meter: Meter, /) -> Iterator[bytes]: ...
    def complete_prompt(self, body: dict[str, Any], envelope: Envelope, /) -> dict[str, Any]: ...
    def stream_prompt(self, body: dict[str, Any], envelope: Envelope, meter: Meter, /) -> Iterator[bytes]: ...
    def embed(self, body: dict[str, Any], /) -> dict[str, Any]: ...
    def message(self, body: dict[str, Any], envelope: Envelope, /) -> dict[str, Any]: ...
    def stream_message(self, body: dict[str, Any], envelope: Envelope, meter: Meter, /) -> Iterator[bytes]: ...
    def message_tokens(self, body: dict[str, Any], /) -> tuple[int, bool]: ...


# What the catalogue's kinds of model are for.
_PATHS = {"chat": "/chat/completions", "embedding": "/embeddings"}


def provider(name: str, caller: Principal, kind: str = "chat") -> Provider:
    """Bedrock for the catalogue's models; the upstream, if there is one, for every name the catalogue lacks.

    Raises Problem model_not_found, or invalid_value for a model of another kind.
    """
    if name not in catalogue.models() and settings().upstream_url:
        return upstream()
    model = catalogue.find(name)
    if model.kind != kind:
        reason = f"'{name}' is not a model for {_PATHS[kind]}, but for {_PATHS[model.kind]}"
        raise Problem("invalid_value", param="model", reason=reason)
    return Bedrock(aws(), partial(user_credentials, aws(), settings=settings()), caller, model)


def cards(caller: Principal) -> list[dict[str, Any]]:
    """OpenAI's model objects of all the caller may use."""
    own = [catalogue.card(model) for model in catalogue.visible(caller)]
    if not settings().upstream_url:
        return own
    try:
        theirs = upstream().models()
    except Problem:  # logged there; an upstream that cannot list must not hide what the catalogue has
        theirs = []
    names = {card["id"] for card in own}
    return own + [card for card in theirs if card["id"] not in names and caller.may_use(card["id"])]


@cache
def aws() -> Aws:
    return Aws(settings().region, span=partial(subsegment, namespace="aws"))


@cache
def upstream() -> Upstream:
    """The upstream, with its key read once. Raises Problem while the key cannot be read."""
    here = settings()
    key = ""
    if here.upstream_key_parameter:
        request = {"Name": here.upstream_key_parameter, "WithDecryption": True}
        try:
            key = aws().json("ssm", "GetParameter", request)["Parameter"]["Value"]
        except AwsError as error:
            logger.error("upstream key not read", error=error.code, status=error.status)
            raise Problem("service_unavailable") from None
    return Upstream(here.upstream_url, key)
