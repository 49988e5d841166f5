"""When everybody's keys were last seen in the usage log, as far as it was looked through. Pure."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace

LOOKED_BACK_S = 30 * 86_400  # a key that was not used for longer shows nothing
ASKED_EVERY_S = 60  # the log is not asked again before
OVERLAP_S = 120  # of two searches: a record may come to the log this late
_LEAST_S = 2 * OVERLAP_S
_MOST = 20_000  # keys, some 35 bytes each


@dataclass(frozen=True, slots=True)
class Sightings:
    """All times are in unix seconds."""

    asked_at: int = 0  # whether or not the log answered
    until: int = 0  # the log was looked through up to here
    reach_s: int = LOOKED_BACK_S  # the furthest that the next search looks back
    keys: Mapping[str, int] = field(default_factory=dict)  # the last use by key id

    def due(self, now: float) -> bool:
        return abs(now - self.asked_at) >= ASKED_EVERY_S  # two processes' clocks may differ

    def start(self, now: float) -> int:
        """Where the next search begins."""
        return max(self.until - OVERLAP_S, int(now) - self.reach_s)

    def shorter(self) -> "Sightings":
        """After a search that took too long: the next one looks back half as far."""
        return replace(self, reach_s=max(self.reach_s // 2, _LEAST_S))

    def with_(self, found: Mapping[str, int], start: int, now: float) -> "Sightings":
        """With what a search from `start` found. Where that was after the last one ended, nobody knows what was used
        in between, and what was seen before is forgotten: better no time than one that is too old."""
        known = self.keys if start <= self.until else {}
        earliest = int(now) - LOOKED_BACK_S
        latest = {key: max(at, known.get(key, 0)) for key, at in found.items()}
        kept = sorted((at, key) for key, at in {**known, **latest}.items() if at >= earliest)
        return replace(self, until=int(now), reach_s=LOOKED_BACK_S, keys={key: at for at, key in kept[-_MOST:]})

    def dump(self) -> str:
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def parse(cls, text: str | bytes) -> "Sightings":
        """Nothing seen for what `dump` did not write: the log tells it again."""
        try:
            document = json.loads(text)
            numbers = {name: int(document[name]) for name in ("asked_at", "until", "reach_s")}
            return cls(**numbers, keys={str(key): int(at) for key, at in document["keys"].items()})
        except (ValueError, KeyError, TypeError, AttributeError):
            return cls()
