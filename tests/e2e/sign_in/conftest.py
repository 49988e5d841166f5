"""People with a browser, and somebody who has proved nothing."""

from urllib.parse import urlsplit

import httpx
import pytest

from tests.e2e.sign_in.browser import Browser


@pytest.fixture
def anybody(gateway):
    """Who has no key and no token."""
    with httpx.Client(base_url=gateway.base_url, timeout=20, trust_env=False) as http:
        yield http


@pytest.fixture(scope="module")
def browser(gateway):
    """Makes one that knows nothing yet, for the person with that address."""
    ours = {urlsplit(gateway.base_url).netloc, urlsplit(gateway.aws_url).netloc}
    made = []

    def new(email="x@example.com"):
        made.append(Browser(email, ours))
        return made[-1]

    yield new
    for each in made:
        each.close()
