"""Variables that are on or off: AUTO_APPROVE=1."""

import os


def on(name: str) -> bool:
    return os.environ.get(name, "").lower() in ("1", "true", "yes", "on")
