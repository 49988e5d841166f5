import pytest

from tools.ops.errors import OpsError
from tools.ops.releases import Function, Published, complete, matching

OLD, MIDDLE, NEW = "aaaa111" + "0" * 33, "bbbb222" + "0" * 33, "cccc333" + "0" * 33


def function(key, *published, live="1", weights=None):
    """`published`: (version, commit), the oldest first."""
    numbered = [Published(number, *release) for number, release in enumerate(published, 1)]
    return Function(key, f"pennyworth-dev-{key}", tuple(reversed(numbered)), live, weights or {}, "")


def three(key, **alias):
    return function(key, ("0.1.0", OLD), ("0.2.0", MIDDLE), ("0.2.0", NEW), **alias)


def test_a_release_is_what_every_function_has_a_version_of():
    functions = [three("openai"), function("mcp", ("0.1.0", OLD), ("0.2.0", NEW))]
    assert [(each.git_sha, each.numbers) for each in complete(functions)] == [
        (NEW, {"openai": 3, "mcp": 2}),
        (OLD, {"openai": 1, "mcp": 1}),
    ]


def test_of_a_release_published_twice_the_newest_version_counts():
    functions = [function("openai", ("0.1.0", OLD), ("0.2.0", NEW), ("0.1.0", OLD))]
    assert [(each.version, each.numbers) for each in complete(functions)] == [
        ("0.1.0", {"openai": 3}),
        ("0.2.0", {"openai": 2}),
    ]


@pytest.mark.parametrize(
    ("wanted", "commit"),
    [("0.1.0", OLD), ("v0.1.0", OLD), ("0.2.0", NEW), ("bbbb", MIDDLE), ("BBBB222", MIDDLE), (MIDDLE, MIDDLE)],
)
def test_a_version_or_the_beginning_of_a_commit_finds_the_newest_release(wanted, commit):
    assert matching(complete([three("openai")]), wanted).git_sha == commit


@pytest.mark.parametrize("wanted", ["0.3.0", "0", "0.1", "aaa", "dddd", "unknown", "latest"])
def test_what_matches_nothing_is_answered_with_all_there_are(wanted):
    with pytest.raises(OpsError, match=r"0\.2\.0 \(cccc333\), 0\.2\.0 \(bbbb222\), 0\.1\.0 \(aaaa111\)"):
        matching(complete([three("openai")]), wanted)


def test_nothing_published_is_said():
    with pytest.raises(OpsError, match=r"functions: none\.$"):
        matching(complete([function("openai")]), "0.1.0")


@pytest.mark.parametrize(
    ("alias", "is_live"), [({"live": "3"}, True), ({"live": "2"}, False), ({"live": "3", "weights": {"2": 0.1}}, False)]
)
def test_a_release_is_live_when_every_alias_points_to_it_alone(alias, is_live):
    functions = [three("openai", live="3"), three("mcp", **alias)]
    assert complete(functions)[0].is_live(functions) is is_live
