import pytest
from pydantic import BaseModel, ConfigDict

from pennyworth.body import load, parse
from pennyworth.errors import Problem


class Inner(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")
    size: int


class Outer(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")
    name: str
    items: list[Inner] = []


def test_a_good_body_is_the_model():
    assert parse(Outer, b'{"name": "x", "items": [{"size": 1}]}').items[0].size == 1


def test_a_number_that_merely_looks_huge_is_one():
    document = load('{"id": "Infinity", "digits": %s, "small": 1e-400}' % ("9" * 4300))
    assert document == {"id": "Infinity", "digits": int("9" * 4300), "small": 0}


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        (None, "invalid_json", None),
        ("", "invalid_json", None),
        ("{", "invalid_json", None),
        (b"\xff", "invalid_json", None),
        ('{"name": "\\ud800"}', "invalid_json", None),
        ('{"name": NaN}', "invalid_json", None),
        ('{"name": 1e999}', "invalid_json", None),
        (b'{"name": [-1E0400]}', "invalid_json", None),
        ('{"name": ' + "9" * 400 + ".0}", "invalid_json", None),
        ("[" * 5000 + "]" * 5000, "invalid_json", None),
        ("[]", "invalid_request", None),
        ("{}", "missing_required_parameter", "name"),
        ('{"name": 1}', "invalid_value", "name"),
        ('{"name": "x", "colour": "red"}', "unsupported_parameter", "colour"),
        ('{"name": "x", "items": [{"size": 1}, {"size": "2"}]}', "invalid_value", "items[1].size"),
    ],
)
def test_a_bad_body_is_a_problem_that_names_the_field(body, code, param):
    with pytest.raises(Problem) as raised:
        parse(Outer, body)
    assert (raised.value.code, raised.value.param, raised.value.status) == (code, param, 400)
    assert param is None or param in raised.value.message
