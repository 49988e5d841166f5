import pytest

from services.admin.ledger.batch import Batch, Use
from services.admin.ledger.book import KEPT_S, MOST, Counted, Page

ADA = "3f0c9d4e-7a51-4a38-9b1f-0d5f8f1f2a3b"
NOW = 1_795_000_000


def use(cost=5, key="key_a", month="2026-11", group="developers", tokens=2):
    return Use(month, ADA, key, group, cost, tokens)


def entered(page, name, *uses, now=NOW, of_group=False):
    return page.with_(Batch(name, uses), uses, now, of_group=of_group)


def test_uses_add_up_by_key_and_group():
    page = entered(Page(), "b1", use(), use(7, key="key_b"), use(1, key="", group=""))
    page = entered(page, "b2", use(10, group="admins"))
    assert (page.month, page.cost_microusd, page.tokens) == ("2026-11", 23, 8)
    assert page.keys == {"key_a": 15, "key_b": 7}
    assert page.groups == ("admins", "developers")


def test_a_groups_page_holds_sums_alone():
    page = entered(Page(), "b1", use(), use(7, key="key_b"), of_group=True)
    assert (page.cost_microusd, page.keys, page.groups) == (12, {}, ())


def test_a_page_is_read_as_it_was_written():
    page = entered(entered(Page(), "b1", use()), "b2", use(3, key=""))
    assert Page.parse(page.dump()) == page


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"month": "2026-11"}', Page().dump().replace("}", ',"more":1}')])
def test_a_page_that_cannot_be_read_is_not_taken_for_a_blank_one(text):
    with pytest.raises((ValueError, KeyError, TypeError)):
        Page.parse(text)


def test_a_new_month_turns_the_page_over_and_late_records_of_the_old_one_stay_out():
    old = entered(Page(), "b1", use(100))
    new = entered(old, "b2", use(3, month="2026-12"), use(50))
    assert (new.month, new.cost_microusd, new.keys, new.groups) == ("2026-12", 3, {"key_a": 3}, ("developers",))
    late = entered(new, "b3", use(50))
    assert (late.month, late.cost_microusd) == ("2026-12", 3)
    assert all(late.holds(Batch(name)) for name in ("b1", "b2", "b3"))  # and what was counted stays known


def test_a_batch_is_remembered_for_longer_than_it_can_come_again():
    assert KEPT_S > 6 * 3600
    page = entered(Page(), "b1", use())
    assert entered(page, "b2", use(), now=NOW + KEPT_S - 1).holds(Batch("b1"))
    assert not entered(page, "b2", use(), now=NOW + KEPT_S).holds(Batch("b1"))


def test_a_page_remembers_so_many_batches_and_the_newest_of_them():
    page = Page(counted=tuple(Counted(f"b{number}", NOW) for number in range(MOST)))
    page = entered(page, "last", use())
    assert len(page.counted) == MOST
    assert [page.holds(Batch(name)) for name in ("last", "b0", "b1")] == [True, False, True]
