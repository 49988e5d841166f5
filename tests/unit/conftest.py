import io
import json

import pytest

from pennyworth.logs import logger


@pytest.fixture
def log():
    """What was logged so far, as the log shows it: a list of JSON lines."""
    (handler,) = logger.handlers
    written = io.StringIO()
    before = handler.setStream(written)
    yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    handler.setStream(before)
