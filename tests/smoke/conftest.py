"""`make smoke`: what a deployed environment shows to real clients. docs/unproven.md says what each check is for."""

import json
import os
import time
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import openai
import pytest

ROOT = Path(__file__).resolve().parents[2]


def _by_price(kind, tokens):
    models = json.loads((ROOT / "services/openai/models.json").read_text(encoding="utf-8"))
    priced = {
        name: model["price"] for name, model in models.items() if model.get("kind") == kind and model.get("price")
    }
    return sorted(priced, key=lambda name: priced[name][tokens])


CATALOGUE = _by_price("chat", "completion")  # names of chat models, the cheapest first
EMBEDDING = _by_price("embedding", "prompt")
_TIMEOUT_S = 60
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class Target:
    """What is checked and with what; everything but the base URL may be empty."""

    base_url: str
    key: str = field(repr=False)
    admin_token: str = field(repr=False)
    access_token: str = field(repr=False)
    sha: str
    wanted_model: str
    slow: bool

    def http(self, token=""):
        """A client without the SDK's comforts, so that every answer shows."""
        headers = {"authorization": f"Bearer {token}"} if token else {}
        return httpx.Client(base_url=self.base_url, headers=headers, timeout=_TIMEOUT_S)

    def openai(self):
        return openai.OpenAI(base_url=self.base_url, api_key=self.key, max_retries=0, timeout=_TIMEOUT_S)

    @cached_property
    def models(self):
        """Names of the models the key may use."""
        return [model.id for model in self.openai().models.list()]

    @cached_property
    def model(self):
        """The one asked for, else the cheapest of this checkout's catalogue that the key may use."""
        known = [name for name in CATALOGUE if name in self.models]
        if not self.wanted_model and not known:
            pytest.skip("the key may use no chat model of the catalogue: name one it may use, MODEL=")
        return self.wanted_model or known[0]

    @cached_property
    def embedding_model(self):
        """The cheapest of this checkout's catalogue that the key may use."""
        known = [name for name in EMBEDDING if name in self.models]
        if not known:
            pytest.skip("the key may use no embedding model of the catalogue")
        return known[0]

    @cached_property
    def version(self):
        with self.http() as client:
            return client.get("/version").raise_for_status().json()


def pytest_configure(config):
    """Refuse what cannot be checked before anything is."""
    given = {name: os.environ.get(name, "").strip() for name in ("BASE_URL", "KEY", "ADMIN_TOKEN", "ACCESS_TOKEN")}
    target = Target(
        base_url=_base_url(given["BASE_URL"]),
        key=given["KEY"],
        admin_token=given["ADMIN_TOKEN"],
        access_token=given["ACCESS_TOKEN"],
        sha=os.environ.get("SHA", "").strip(),
        wanted_model=os.environ.get("MODEL", "").strip(),
        slow=os.environ.get("SLOW", "") not in ("", "0"),
    )
    try:
        with target.http() as client:
            client.get("/version")
    except httpx.HTTPError as error:
        raise pytest.UsageError(f"{target.base_url} does not answer: {error}") from None
    config.stash[_TARGET] = target


_TARGET = pytest.StashKey[Target]()


def _base_url(text):
    example = "make smoke BASE_URL=https://….execute-api.us-east-1.amazonaws.com/v1 KEY=sk-pw-…"
    if not text:
        raise pytest.UsageError(f"BASE_URL is missing: {example}")
    try:
        parts = urlsplit(text)
        local = parts.hostname in _LOOPBACK
        usable = parts.hostname and parts.scheme in ("https", "http") and not (parts.query or parts.fragment)
        _ = parts.port
    except ValueError:
        usable = local = False
    if not usable:
        raise pytest.UsageError(f"BASE_URL={text} is no base URL: {example}")
    if parts.scheme == "http" and not local:
        raise pytest.UsageError(f"BASE_URL={text} would send the key in the clear: begin it with https://")
    return text.rstrip("/")


def _given(value, name, purpose):
    if not value:
        pytest.skip(f"{name}= was not given: {purpose}")


@pytest.fixture(scope="session")
def root():
    return ROOT


@pytest.fixture(scope="session")
def catalogue():
    """Names of this checkout's chat models, the cheapest first."""
    return CATALOGUE


@pytest.fixture(scope="session")
def target(request):
    return request.config.stash[_TARGET]


@pytest.fixture(scope="session")
def keyed(target):
    """The target, with an API key to ask it."""
    _given(target.key, "KEY", "an API key of a person who may use a model")
    return target


@pytest.fixture(scope="session")
def administered(target):
    """The target, with the ID token of an administrator."""
    _given(target.admin_token, "ADMIN_TOKEN", "a Cognito ID token of a person in a group that allows admin")
    return target


@pytest.fixture(scope="session")
def signed_in(target):
    """The target, with the access token of somebody who signed in."""
    _given(target.access_token, "ACCESS_TOKEN", "a Cognito access token of any person")
    return target


@pytest.fixture
def slow(target):
    _given(target.slow, "SLOW", "1 for the check that takes a minute and some thousand tokens")


@pytest.fixture
def within():
    """Ask until what comes back is wanted, or the seconds are over; the last answer."""

    def ask_until(wanted, ask, seconds, pause_s=0.5):
        deadline = time.monotonic() + seconds
        while not wanted(answer := ask()) and time.monotonic() < deadline:
            time.sleep(pause_s)
        return answer

    return ask_until
