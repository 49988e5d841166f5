from tests.unit.conftest import log  # noqa: F401 -- a fixture
