import json

import pytest

from pennyworth.secret import Secret


def shows(value, text):
    secret = Secret(lambda: value)
    secret.value()
    return secret.shows(text)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("hunter2hunter2", "it was hunter2hunter2!"),
        ("Basic dXNlcjpodW50ZXIyMg==", "dXNlcjpodW50ZXIyMg=="),
        ('abc"def\\ghi', 'abc"def\\ghi'),
        ('abc"def\\ghi', json.dumps({"said": 'abc"def\\ghi'})),
    ],
)
def test_a_secret_is_found_however_it_is_written(value, text):
    assert shows(value, text)


def test_what_is_no_secret_is_not():
    assert not shows("Bearer short", "the word short")
    assert not Secret(lambda: "never read").shows("")
    assert not shows("hunter2hunter2", "hunter2")
