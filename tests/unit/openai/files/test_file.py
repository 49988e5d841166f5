"""Ids and keys of files: they say all, sort the newest first, and can be no path."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pennyworth.errors import Problem
from services.openai.files.file import FOLDER, PURPOSES, File, checked_name, expiry, is_id, new_id, stored

names = st.text(min_size=1, max_size=60).filter(lambda name: acceptable(name))
moments = st.floats(1_700_000_000, 4_000_000_000)


def acceptable(name):
    try:
        return checked_name(name, "file") == name
    except Problem:
        return False


@given(names, moments, st.sampled_from(sorted(PURPOSES)), st.binary(min_size=8, max_size=8))
def test_a_key_says_all_of_a_file(name, now, purpose, random):
    file = File(new_id(purpose, now, random), name, 5, int(now) + 9)
    assert stored(file.key, 5) == file
    assert (file.purpose, file.created_at) == (purpose, int(int(now * 1000) / 1000))
    assert is_id(file.id)
    assert len(file.key) < 500
    assert set(file.key[len(FOLDER) :]) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./")


@given(moments, moments)
def test_the_newer_file_comes_first(one, other):
    ids = [new_id("batch", now, bytes(8)) for now in (one, other)]
    assert (ids[0] < ids[1]) == (int(one * 1000) > int(other * 1000))


@pytest.mark.parametrize("text", ["", None, 5, "file-pw-", "file-abc", "file-pw-000000000000z0000000000000000"])
def test_what_is_no_id_of_ours_is_none(text):
    assert not is_id(text)
    if isinstance(text, str):
        assert not is_id(f"{new_id('batch', 1e9, bytes(8))}{text}/")


@pytest.mark.parametrize(
    "name", ["", None, "a/b", "a\\b", "a\nb", "a\0", ".", "..", "é" * 128, "\x85", "\u2028", "\ud800"]
)
def test_no_file_is_called_so(name):
    with pytest.raises(Problem):
        checked_name(name, "file")


def test_a_file_ends_with_the_buckets_lifecycle_at_the_latest():
    assert expiry(100.7, None, 1) == 86_500
    assert expiry(100.7, 3_600, 1) == 3_700
    assert expiry(100.7, 999_999, 1) == 86_500


@pytest.mark.parametrize(
    ("name", "plain"),
    [("report.pdf", "report.pdf"), ("März (2).pdf", "M_rz (2).pdf"), ('a"b%22;c', "a_b_22_c"), (".bashrc", "_bashrc")],
)
def test_a_name_is_told_to_those_that_read_plain_ones_alone(name, plain):
    file = File(new_id("batch", 1e9, bytes(8)), name, 1, 2)
    assert file.disposition == f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
