"""The list of people over more than one of Cognito's own pages."""

import pytest

USERS = "/organization/users"


@pytest.fixture(scope="module")
def ids(make_user, admin_id):
    """More people than Cognito lists at once."""
    return sorted([admin_id, make_user("developers", "ada@example.com"), *(make_user() for _ in range(60))])


def test_pages_are_in_the_order_of_ids_and_whole(ask, ids):
    seen, query = [], "limit=25"
    while True:
        page = ask("GET", USERS, query=query).json
        assert [page["first_id"], page["last_id"]] == [page["data"][0]["id"], page["data"][-1]["id"]]
        seen += [user["id"] for user in page["data"]]
        if not page["has_more"]:
            break
        query = f"limit=25&after={page['last_id']}"
    assert seen == ids


def test_a_page_goes_on_after_an_id_that_is_gone(ask, ids, make_user):
    gone = make_user()
    ask("DELETE", f"{USERS}/{gone}")
    page = ask("GET", USERS, query=f"limit=3&after={gone}").json
    assert [user["id"] for user in page["data"]] == [user_id for user_id in ids if user_id > gone][:3]


def test_only_the_addresses_asked_for(ask, ids):
    answer = ask("GET", USERS, query="emails[]=ADA@example.com&emails[]=nobody@example.com")
    assert [user["email"] for user in answer.json["data"]] == ["ada@example.com"]
    assert answer.json["has_more"] is False
