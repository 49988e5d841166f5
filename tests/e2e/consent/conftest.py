"""Somebody with a browser, a program that wants to act for them, and somebody who means ill."""

import uuid

import pytest

from tests.browser.chromium import chromium
from tests.browser.sites import site
from tests.browser.visitor import Visitor
from tests.e2e.consent.client import Client
from tests.e2e.mcp_sign_in import person


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with chromium(tmp_path_factory.mktemp("browser")) as browser:
        yield browser


@pytest.fixture(scope="module")
def email(gateway, cognito):
    return person(gateway, cognito, f"{uuid.uuid4().hex[:8]}@example.com")


@pytest.fixture
def newcomer(browser):
    """A person with a browser that knows nothing yet."""
    made = []

    def new(**options):
        made.append(browser.new_context(**options))
        return Visitor(made[-1])

    yield new
    for context in made:
        context.close()


@pytest.fixture
def visitor(newcomer):
    return newcomer()


@pytest.fixture
def client(gateway):
    with site() as here:
        yield Client(gateway, here)


@pytest.fixture
def evil():
    """A site of somebody who means ill."""
    with site() as here:
        yield here
