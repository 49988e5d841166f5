"""What about a key is worth somebody's attention. Pure."""

from collections.abc import Mapping
from typing import Any

_DAY_S = 86_400


def findings(key: Mapping[str, Any], now: float, old_s: int) -> list[str]:
    """Of a key as the API shows it, most pressing first; `old_s`: how long a secret may stay the same, or unused.

    Only an administrator's list tells whether the owner is disabled and when a key was last used.
    """
    expires_at, secret_since = key.get("expires_at"), key.get("rotated_at") or key["created_at"]
    used_at = key.get("last_used_at")
    told = {
        "expired": expires_at is not None and expires_at <= now,
        "its owner is disabled": key.get("owner_project_access") == "inactive",
        "never expires": expires_at is None,
        f"its secret is {_days(now - secret_since)} old": now - secret_since > old_s,
        f"unused for {_days(now - (used_at or now))}": used_at is not None and now - used_at > old_s,
        "opens every model of its group": "*" in key.get("models", ()),
        f"{len(key.get('previous', ()))} former secrets still work": bool(key.get("previous")),
    }
    return [finding for finding, holds in told.items() if holds]


def _days(seconds: float) -> str:
    return f"{int(seconds // _DAY_S)} days"
