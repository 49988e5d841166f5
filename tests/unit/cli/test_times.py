"""Times as people type and read them: UTC, on a machine of whatever time zone."""

from urllib.parse import parse_qs, urlsplit

import pytest

from pennyworth_cli.failure import Code, Failure
from pennyworth_cli.moments import instant
from pennyworth_cli.output import moment

NOVEMBER = 1_793_491_200  # 2026-11-01T00:00:00Z
NOTHING = {"object": "page", "data": [], "has_more": False, "next_page": None}
ZONES = ["UTC", "Pacific/Auckland", "America/Los_Angeles", "Asia/Kathmandu"]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2026-11", NOVEMBER),
        ("2026-11-01", NOVEMBER),
        (" 2026-11-01T00:00 ", NOVEMBER),
        ("2026-11-01 06:30", NOVEMBER + 23_400),
        ("2026-11-01T00:00:00Z", NOVEMBER),
        ("2026-11-01T02:00+02:00", NOVEMBER),
        ("2026-10-31T17:00:00-07:00", NOVEMBER),
        ("2d", 1_800_000_000 - 172_800),
    ],
)
def test_a_date_is_in_utc_unless_it_names_an_offset(text, wanted):
    assert instant(text, "--since", 1_800_000_000) == wanted


@pytest.mark.parametrize(
    "text", ["yesterday", "2026-13", "2026-11-31", "1-1-2026", "1960-01-01", "11:00", "", "0001-01", "99999w"]
)
def test_what_is_no_time_names_the_option_and_what_to_write(text):
    with pytest.raises(Failure, match=r"--since.*in UTC a month, a date or a time") as failed:
        instant(text, "--since", 1_800_000_000)
    assert failed.value.code is Code.WRONG


@pytest.mark.parametrize("zone", ZONES)
def test_the_machines_time_zone_changes_no_question_and_no_answer(server, process, zone):
    server.answers = [(200, {}, NOTHING | {"data": [{"start_time": NOVEMBER, "results": [{"input_tokens": 1}]}]})]
    done = process("usage", "--since", "2026-11", "--until", "2026-11-02T12:00", TZ=zone)
    asked = parse_qs(urlsplit(server.seen[0][1]).query)
    assert (asked["start_time"], asked["end_time"]) == ([str(NOVEMBER)], [str(NOVEMBER + 129_600)])
    assert done.stdout.splitlines()[1].startswith("2026-11-01 00:00 UTC ")


@pytest.mark.parametrize("command", [("usage",), ("costs",), ("audit",)])
def test_help_says_that_dates_are_in_utc(process, command):
    told = " ".join(process(*command, "--help").stdout.split())
    assert "or in UTC a" in told


@pytest.mark.parametrize("command", ["usage", "costs"])
def test_an_end_before_the_beginning_is_told_in_the_commands_words(server, process, command):
    done = process(command, "--since", "2026-11-02", "--until", "2026-11-01")
    assert (done.returncode, server.seen) == (2, [])
    assert "--until must be after --since" in done.stderr


def test_a_time_of_day_is_printed_with_its_zone():
    assert moment(NOVEMBER) == "2026-11-01 00:00 UTC"
    assert moment(None) == ""
