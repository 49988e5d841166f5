import pytest

from pennyworth.errors import Problem
from services.admin.query import Query, only, parse

ID = "3f2a0000-0000-4000-8000-000000000001"


def test_without_parameters_it_is_the_first_twenty():
    assert parse({}) == Query(limit=20, after="", emails=())


def test_addresses_are_compared_in_lower_case_and_once():
    assert parse({"emails[]": ["Ada@Example.com", "ada@example.com", "bob@example.com"]}).emails == (
        "ada@example.com",
        "bob@example.com",
    )


@pytest.mark.parametrize(
    ("parameters", "param"),
    [
        ({"limit": ["0"]}, "limit"),
        ({"limit": ["61"]}, "limit"),
        ({"limit": ["-1"]}, "limit"),
        ({"limit": ["1.0"]}, "limit"),
        ({"limit": [""]}, "limit"),
        ({"limit": ["ten"]}, "limit"),
        ({"limit": ["\u0661"]}, "limit"),
        ({"limit": ["9" * 5000]}, "limit"),
        ({"after": ["last"]}, "after"),
        ({"after": [""]}, "after"),
        ({"after": [ID.upper()]}, "after"),
        ({"emails[]": ["ada"]}, "emails[]"),
        ({"emails[]": ['a"@example.com']}, "emails[]"),
        ({"emails[]": [f"a{number}@example.com" for number in range(61)]}, "emails[]"),
        ({"emails": ["ada@example.com"]}, "emails"),
        ({"order": ["asc"]}, "order"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_name(parameters, param):
    with pytest.raises(Problem) as raised:
        parse(parameters)
    assert raised.value.status == 400
    assert raised.value.param == param


def test_a_url_without_parameters_says_so():
    only({})
    with pytest.raises(Problem, match="takes no parameters"):
        only({"after": [ID]})
