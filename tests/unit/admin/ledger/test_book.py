import json

import pytest

from services.admin.ledger.archive import FOLDER
from services.admin.ledger.batch import Batch, Use
from services.admin.ledger.book import CLOCKS_S, KEPT_S, MOST, Counted, Page

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


def full(count=MOST):
    return Page(counted=tuple(Counted(f"b{number}", NOW + number) for number in range(count)))


def test_a_page_names_so_many_batches_and_of_more_the_older_half_goes_into_an_archive():
    assert full().overfull() == ()
    page = entered(full(), "last", use(), now=NOW + MOST)
    put_away = page.overfull()
    assert [each.name for each in put_away] == [f"b{number}" for number in range(MOST // 2)]
    shorter = page.archived(f"{FOLDER}1.json")
    assert shorter.counted[0] == Counted(f"{FOLDER}1.json", NOW + MOST // 2 - 1)
    assert [shorter.holds(Batch(name)) for name in ("b0", f"b{MOST // 2}", "last")] == [False, True, True]
    assert shorter.overfull() == ()
    assert Page.parse(shorter.dump()) == shorter


def test_only_a_batch_that_may_be_in_an_archive_has_it_looked_into():
    first, second = (Counted(f"{FOLDER}{number}.json", NOW + 1000 * number) for number in (1, 2))
    page = Page(counted=(first, second, Counted("b", NOW + 3000)))

    def looked(at):
        return page.archives(Batch("x", at=at))

    assert looked(NOW + 3000) == []
    assert looked(NOW + 2000 + CLOCKS_S + 1) == []
    assert looked(NOW + 2000 + CLOCKS_S) == [second.name]
    assert looked(NOW + 1000) == [second.name, first.name]


def test_an_archive_is_named_for_as_long_as_a_batch_of_it_can_come_again():
    page = Page(counted=(Counted(f"{FOLDER}1.json", NOW), Counted("b", NOW + 1)))
    assert entered(page, "b2", use(), now=NOW + KEPT_S - 1).archives(Batch("x"))
    assert not entered(page, "b2", use(), now=NOW + KEPT_S).archives(Batch("x"))


def test_a_release_that_knows_of_no_archives_reads_the_page():
    """As before there were any: each of `counted` a text and a whole number, and no field besides."""
    document = json.loads(entered(full(), "last", use()).archived(f"{FOLDER}1.json").dump())
    assert sorted(document) == ["cost_microusd", "counted", "groups", "keys", "month", "tokens"]
    assert all(len(each) == 2 and type(each[0]) is str and type(each[1]) is int for each in document["counted"])
