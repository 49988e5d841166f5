"""A sign-in's tokens, as they are kept."""

import json
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

_EARLY_S = 60  # renewed before they end, so that none ends on its way


@dataclass(frozen=True)
class Tokens:
    id_token: str  # for administration and one's own keys
    access_token: str  # for models, tools, and Cognito itself
    refresh_token: str
    expires_at: int  # unix seconds by this machine's clock, of the first two
    client_id: str
    cognito_url: str

    def fresh(self, now: float) -> bool:
        return now < self.expires_at - _EARLY_S

    def renewed(self, result: Mapping[str, Any], now: float) -> "Tokens":
        """With Cognito's AuthenticationResult; a refresh brings a new refresh token only where rotation is on."""
        return replace(
            self,
            id_token=result["IdToken"],
            access_token=result["AccessToken"],
            refresh_token=result.get("RefreshToken") or self.refresh_token,
            expires_at=int(now) + int(result["ExpiresIn"]),
        )

    def dump(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def parse(cls, text: str) -> "Tokens | None":
        """None for what an earlier version, or nobody, wrote."""
        try:
            return cls(**json.loads(text))
        except (ValueError, TypeError):
            return None


def claims(token: str) -> dict[str, Any]:
    """What a token says of itself, unverified: for showing alone, the gateway decides. Empty for what is no token."""
    try:
        payload = token.split(".")[1]
        found = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
