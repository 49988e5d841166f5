"""What the suites of others need here: the gateway they are pointed at, and the files they would fetch from the web."""

import base64

import httpx
import pytest

# The smallest there are: what is in them is nobody's concern here.
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n%%EOF\n"
FILES = {".png": PNG, ".pdf": PDF}


@pytest.fixture(autouse=True)
def _files_of_the_web(monkeypatch):
    """The standard suites send files that they fetch first; sockets reach this machine alone."""

    def get(url, **_):
        return httpx.Response(200, content=FILES[url[url.rindex(".") :]])

    monkeypatch.setattr(httpx, "get", get)
