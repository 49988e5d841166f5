"""OpenAI-compatible providers of a run, as whoever starts it names them."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

_NAME = re.compile(r"[a-z][a-z0-9-]{0,31}")
_OURS = "bedrock"


class ProviderError(Exception):
    """A provider that cannot be; the message is for whoever named it, and shows no key."""


@dataclass(frozen=True, slots=True)
class Provider:
    """As a row of Terraform's `providers`, with the key itself."""

    name: str
    url: str
    key: str = field(default="", repr=False)
    models: tuple[str, ...] = ()
    key_header: str | None = None
    responses: bool = False
    stream_usage: bool = True

    @classmethod
    def of(cls, name: str, row: Mapping[str, Any]) -> "Provider":
        """Raises ProviderError."""
        if not _NAME.fullmatch(name) or name == _OURS:
            raise ProviderError(f"{name}: a provider's name is of a-z, 0-9 and -, and not {_OURS}")
        unknown = row.keys() - {each.name for each in fields(cls)} | row.keys() & {"name"}
        if unknown or "url" not in row:
            known = ", ".join(each.name for each in fields(cls) if each.name not in ("name", "url"))
            raise ProviderError(f"{name}: url, and perhaps {known}; not {sorted(unknown)}")
        switches = [
            each.name for each in fields(cls) if each.type is bool and not isinstance(row.get(each.name, True), bool)
        ]
        if switches:
            raise ProviderError(f"{name}: {' and '.join(switches)} must be true or false")
        parts = urlsplit(str(row["url"]))
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.fragment:
            raise ProviderError(f"{name}: url is a base URL such as https://api.openai.com/v1")
        return cls(**{**row, "name": name, "models": tuple(row.get("models", ()))})

    @property
    def has_key(self) -> bool:
        return bool(self.key)

    def settings(self, parameters: str) -> dict[str, Any]:
        """What the functions are told of it; its key they find below `parameters`."""
        usual = {each.name: each.default for each in fields(self)}
        told = {name: value for name, value in asdict(self).items() if value != usual[name]}
        told = {name: value for name, value in told.items() if name not in ("name", "key")}
        return {**told, **({"key_parameter": f"{parameters}/providers/{self.name}"} if self.has_key else {})}


def providers(given: str) -> tuple[Provider, ...]:
    """Of JSON, or of the name of a file with it: {name: {url, key, models, …}}. Raises ProviderError."""
    try:
        rows = json.loads(given if given.lstrip().startswith("{") else Path(given).read_text())
        return tuple(Provider.of(name, row) for name, row in rows.items())
    except OSError as error:
        raise ProviderError(f"{given}: {error.strerror}") from None
    except (ValueError, AttributeError, TypeError):
        raise ProviderError(
            'it is JSON, or a file of it, such as {"ollama": {"url": "http://127.0.0.1:11434/v1"}}'
        ) from None
