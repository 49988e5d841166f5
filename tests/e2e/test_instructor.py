"""instructor, in every mode that it has for OpenAI's API."""

from tests.suites import passed


def test_every_mode_gives_what_was_asked_for(gateway):
    assert passed(gateway, "test_instructor.py") >= 65
