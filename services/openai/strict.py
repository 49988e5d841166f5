"""How every schema of a request is read: types as they are, no field unknown."""

from pydantic import ConfigDict

# Built when first used: one within another is built with it, and a route may never be called in a process's life.
STRICT = ConfigDict(strict=True, extra="forbid", frozen=True, defer_build=True)
