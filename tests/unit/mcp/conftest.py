"""What several tests of the MCP function stand on."""

import pytest

from pennyworth.settings import settings
from services.mcp.oauth import steps
from services.mcp.oauth.cognito import AppClient, SignIn
from tests.unit.mcp.test_app import ENVIRONMENT


@pytest.fixture
def signs_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation whose MCP clients have people sign in."""
    for name, value in {**ENVIRONMENT, "PENNYWORTH_SIGN_IN_URL": "https://x.auth.example"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(steps, "sign_in", lambda: SignIn("https://x.auth.example", lambda: AppClient("a", "b")))
    settings.cache_clear()
