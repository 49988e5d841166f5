from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from pennyworth.body import check, load, parse
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


class Choice(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")
    type: Literal["auto", "none"]
    count: Annotated[int | None, Field(ge=1, le=9)] = None


def short(choice):
    return {"type": choice} if isinstance(choice, str) else choice


class Many(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")
    either: str | list[Inner] = ""
    choice: Annotated[Choice | None, BeforeValidator(short)] = None
    names: Annotated[dict[Annotated[str, StringConstraints(max_length=2)], str], Field(max_length=2)] = {}
    few: Annotated[list[str] | None, Field(min_length=1, max_length=2)] = None

    @model_validator(mode="after")
    def fitting(self):
        if self.few and self.names:
            raise ValueError("'few' and 'names' are one too many")
        return self


@pytest.mark.parametrize(
    ("body", "message", "param"),
    [
        # of a union, the way that was meant
        ({"either": 5}, "Invalid value for 'either': must be a string or an array.", "either"),
        ({"either": [5]}, "Invalid value for 'either[0]': must be an object.", "either[0]"),
        ({"either": [{}]}, "Missing required parameter: 'either[0].size'.", "either[0].size"),
        ({"either": [{"size": "1"}]}, "Invalid value for 'either[0].size': must be an integer.", "either[0].size"),
        # a shorter form has no fields
        ({"choice": "often"}, "Invalid value for 'choice': must be 'auto' or 'none'.", "choice"),
        ({"choice": {"type": "often"}}, "Invalid value for 'choice.type': must be 'auto' or 'none'.", "choice.type"),
        ({"choice": {}}, "Missing required parameter: 'choice.type'.", "choice.type"),
        ({"choice": 1}, "Invalid value for 'choice': must be an object.", "choice"),
        (
            {"choice": {"type": "auto", "count": 10}},
            "Invalid value for 'choice.count': must be at most 9.",
            "choice.count",
        ),
        ({"names": {"long": "x"}}, "Invalid value for 'names.long': must have at most 2 characters.", "names.long"),
        ({"few": []}, "Invalid value for 'few': must hold at least 1.", "few"),
        ({"few": ["a", "b", "c"]}, "Invalid value for 'few': must hold at most 2, and holds 3.", "few"),
        # no field is at fault
        (
            {"few": ["a"], "names": {"a": "b"}},
            "The request body is not valid: 'few' and 'names' are one too many.",
            None,
        ),
    ],
)
def test_a_problem_speaks_of_the_clients_json_and_not_of_our_types(body, message, param):
    with pytest.raises(Problem) as raised:
        check(Many, body)
    assert (raised.value.message, raised.value.param) == (message, param)
