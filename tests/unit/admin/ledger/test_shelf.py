"""S3's answers to a conditional write, those too that the stand-in never gives."""

import io

import pytest
from botocore.exceptions import ClientError

from pennyworth.errors import Problem
from services.admin.ledger.book import Page
from services.admin.ledger.shelf import Shelf, group_page, user_page
from services.admin.objects import Objects

ONE = Page("2026-11", 1)


class S3:
    """One object; `answers` are errors by which the next writes are refused."""

    def __init__(self, page=None, answers=()):
        self.page, self.version, self.answers, self.writes = page, 1, list(answers), []

    def get_object(self, **asked):
        assert asked == {"Bucket": "bucket", "Key": "ledger/users/u.json"}
        if self.page is None:
            raise ClientError({"Error": {"Code": "AccessDenied"}}, "GetObject")  # nobody may list
        return {"Body": io.BytesIO(self.page.dump().encode()), "ETag": f'"{self.version}"'}

    def put_object(self, **asked):
        self.writes.append({name: value for name, value in asked.items() if name.startswith("If")})
        if self.answers:
            code = self.answers.pop(0)
            raise ClientError({"Error": {"Code": code}}, "PutObject")
        self.page, self.version = Page.parse(asked["Body"]), self.version + 1
        return {"ETag": f'"{self.version}"'}


def shelf(s3, clock=lambda: 0):
    return Shelf(Objects(s3, "bucket"), clock, lambda _: None)


def change(s3, clock=lambda: 0):
    return shelf(s3, clock).change(user_page("u"), lambda page: Page("2026-11", page.cost_microusd + 1), ends_at=10)


def test_a_new_page_is_made_where_there_is_none_and_a_page_changed_where_it_is_the_one_read():
    s3 = S3()
    assert change(s3).page == ONE
    assert change(s3).page.cost_microusd == 2
    assert s3.writes == [{"IfNoneMatch": "*"}, {"IfMatch": '"2"'}]


@pytest.mark.parametrize("code", ["PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"])
def test_a_page_that_another_wrote_meanwhile_is_read_again(code):
    s3 = S3(ONE, [code, code])
    assert change(s3).page.cost_microusd == 2
    assert len(s3.writes) == 3


def test_who_never_gets_through_says_so_in_time():
    ticks = iter(range(100))
    with pytest.raises(Problem, match="not available"):
        change(S3(ONE, ["PreconditionFailed"] * 100), lambda: next(ticks))


@pytest.mark.parametrize("code", ["AccessDenied", "NoSuchBucket", "InternalError"])
def test_another_refusal_is_no_reason_to_try_again(code):
    s3 = S3(ONE, [code])
    with pytest.raises(Problem):
        change(s3)
    assert len(s3.writes) == 1


def test_a_page_that_stays_as_it_is_is_not_written():
    s3 = S3(ONE)
    assert shelf(s3).change(user_page("u"), lambda page: page, ends_at=10).version == '"1"'
    assert s3.writes == []


def test_no_name_of_a_group_leads_elsewhere():
    assert group_page("developers") == "ledger/groups/developers.json"
    pages = [group_page(name) for name in ("../users/u", "a/b", "ä", "x" * 129, "", "a b")]
    assert all(page.startswith("ledger/groups/sha256:") and page.count("/") == 2 for page in pages)
    assert len(set(pages)) == len(pages)
