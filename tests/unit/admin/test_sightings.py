"""What is kept of the log's searches for keys' last uses."""

import pytest

from services.admin.sightings import LOOKED_BACK_S, OVERLAP_S, Sightings

NOW = 1_800_000_000
DAY_S = 86_400


def test_the_first_search_looks_back_as_far_as_is_shown_and_the_next_from_where_it_ended():
    first = Sightings()
    assert first.start(NOW) == NOW - LOOKED_BACK_S
    kept = first.with_({"key_a": NOW - 5}, first.start(NOW), NOW)
    assert (kept.until, kept.start(NOW + 600)) == (NOW, NOW - OVERLAP_S)
    assert kept.start(NOW + 90 * DAY_S) == NOW + 60 * DAY_S


def test_a_key_has_its_latest_use_and_shows_nothing_after_thirty_days():
    kept = Sightings(until=NOW - 60, keys={"key_a": NOW - 5, "key_b": NOW - 70, "key_c": NOW - LOOKED_BACK_S - 1})
    # A record that came late is no step back.
    found = kept.with_({"key_a": NOW - 90, "key_b": NOW - 3, "key_d": NOW - 1}, kept.start(NOW), NOW)
    assert found.keys == {"key_a": NOW - 5, "key_b": NOW - 3, "key_d": NOW - 1}


def test_a_search_that_takes_too_long_looks_back_half_as_far_until_one_succeeds():
    kept = Sightings()
    for reach_s in (LOOKED_BACK_S // 2, LOOKED_BACK_S // 4):
        kept = kept.shorter()
        assert kept.start(NOW) == NOW - reach_s
    found = kept.with_({}, kept.start(NOW), NOW)
    assert found.start(NOW + 40 * DAY_S) == NOW + 10 * DAY_S  # a later one is given the whole time again
    for _ in range(100):
        kept = kept.shorter()
    assert kept.start(NOW) == NOW - 2 * OVERLAP_S


def test_what_was_seen_before_a_time_nobody_looked_at_is_forgotten():
    """It could have been used since, and who deletes unused keys goes by this."""
    kept = Sightings(until=NOW - DAY_S, reach_s=3600, keys={"key_a": NOW - 2 * DAY_S})
    assert kept.with_({"key_b": NOW - 5}, kept.start(NOW), NOW).keys == {"key_b": NOW - 5}


def test_the_latest_twenty_thousand_keys_are_kept():
    found = Sightings().with_({f"key_{number}": NOW - number for number in range(20_005)}, NOW - DAY_S, NOW)
    assert len(found.keys) == 20_000
    assert "key_0" in found.keys
    assert "key_20000" not in found.keys


def test_it_is_due_a_minute_later_also_by_a_clock_that_goes_before():
    kept = Sightings(asked_at=NOW)
    assert [kept.due(at) for at in (NOW, NOW + 59, NOW - 59, NOW + 60, NOW - 60)] == [False] * 3 + [True] * 2


def test_what_was_kept_is_read_again():
    kept = Sightings(NOW, NOW - 3, 3600, {"key_a": NOW - 5})
    assert Sightings.parse(kept.dump()) == kept


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"null", b"\xff", b'{"asked_at": 1}', b'{"asked_at": "x"}'])
def test_what_cannot_be_read_is_searched_again(text):
    assert Sightings.parse(text) == Sightings()
