"""How every schema of a request is read: types as they are, no field unknown."""

from pydantic import ConfigDict

STRICT = ConfigDict(strict=True, extra="forbid", frozen=True)
