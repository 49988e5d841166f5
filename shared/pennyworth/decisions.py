"""Whom credentials proved of late: what answers where API Gateway keeps nothing, and while Cognito does not answer."""

from collections import OrderedDict
from dataclasses import dataclass
from hashlib import sha256

from pennyworth.principal import Principal

OUTAGE_S = 300  # no decision counts for longer after Cognito was asked, API Gateway's cache of it included
_MOST = 1000  # some 1 KB each


@dataclass(slots=True)
class Decision:
    principal: Principal
    verified_at: float  # when Cognito said so
    asked_at: float  # when it was last asked, whether or not it answered


class Decisions:
    """Decisions by the hash of their credential, the least used given up first. `now` is in unix seconds."""

    def __init__(self, ttl_s: float, most: int = _MOST) -> None:
        self._ttl_s, self._most = ttl_s, most
        self._kept: OrderedDict[bytes, Decision] = OrderedDict()

    def recent(self, credential: str, now: float) -> Principal | None:
        """Whom it proved when Cognito was last asked, if that was within the TTL."""
        found = self._found(credential, now)
        return found.principal if found and now - found.asked_at < self._ttl_s else None

    def known(self, credential: str, now: float) -> Principal | None:
        """Whom it proved when Cognito last answered: for when it does not. It is not asked for this one again before
        the TTL is over."""
        found = self._found(credential, now)
        # What is answered now counts for another TTL.
        if found is None or now + self._ttl_s > found.verified_at + OUTAGE_S:
            return None
        found.asked_at = now
        return found.principal

    def keep(self, credential: str, principal: Principal | None, now: float) -> None:
        """What Cognito's answer came to; of None nothing is kept, nor what was kept before."""
        key = _key(credential)
        self._kept.pop(key, None)
        if principal is not None:
            self._kept[key] = Decision(principal, now, now)
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)

    def _found(self, credential: str, now: float) -> Decision | None:
        key = _key(credential)
        found = self._kept.get(key)
        if found is None or found.principal.expired(now):
            return None
        self._kept.move_to_end(key)
        return found


def _key(credential: str) -> bytes:
    """Secrets are not kept, not even here."""
    return sha256(credential.encode()).digest()
