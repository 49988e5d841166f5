"""The names of the catalogue alone: no environment says of other providers."""

import pytest

from services.openai import routing
from services.openai.catalogue import catalogue
from services.openai.names import Names


@pytest.fixture(autouse=True)
def catalogued_names(monkeypatch):
    names = Names(catalogue(), {})
    monkeypatch.setattr(routing, "names", lambda: names)
    return names
