"""Times, sums, findings, profiles and tokens: what is computed and not asked."""

import json
from base64 import urlsafe_b64encode
from decimal import Decimal

import pytest

from pennyworth_cli.amounts import dollars
from pennyworth_cli.failure import Code, Failure
from pennyworth_cli.findings import findings
from pennyworth_cli.moments import seconds
from pennyworth_cli.people import segment
from pennyworth_cli.profiles import Profile, Profiles, chosen
from pennyworth_cli.tokens import Tokens, claims
from pennyworth_cli.totals import lines, total

DAY_S = 86_400
NOW = 1_800_000_000
KEY = {
    "created_at": NOW - DAY_S,
    "rotated_at": None,
    "expires_at": NOW + DAY_S,
    "models": ["nova-*"],
    "previous": [],
    "last_used_at": NOW - 60,
    "owner_project_access": "active",
}


@pytest.mark.parametrize(
    ("text", "wanted"), [("90s", 90), ("15m", 900), ("12h", 43_200), (" 30D ", 2_592_000), ("2w", 1_209_600), ("0s", 0)]
)
def test_a_duration_is_a_number_and_a_unit(text, wanted):
    assert seconds(text, "--overlap") == wanted


@pytest.mark.parametrize("text", ["", "1", "-1h", "1.5h", "1y", "h", "\uff11h", "9" * 12 + "d"])
def test_what_is_no_duration_names_the_option(text):
    with pytest.raises(Failure, match="--overlap") as failed:
        seconds(text, "--overlap")
    assert failed.value.code is Code.WRONG


def test_money_adds_up_to_the_micro_dollar():
    """As floats a thousand times 0.000001 and 0.1 + 0.2 would not."""
    results = [{"model": "m", "input_tokens": 1, "amount": {"value": 0.1, "currency": "usd"}}] * 3
    results += [{"model": "n", "num_model_requests": 2, "amount": {"value": 1e-06, "currency": "usd"}}] * 1000
    found = lines([{"start_time": 0, "results": results}, {"start_time": DAY_S, "results": []}], ["model"])
    assert found[0].groups == ("m",)
    summed = total(found)
    assert summed.usd == Decimal("0.301")
    assert summed.counts == (2000, 3, 0, 0)
    assert dollars(summed.usd) == "$0.301"


def test_an_unknown_price_is_no_price():
    found = lines([{"start_time": 0, "results": [{"amount": None}, {"amount": {"value": None}}]}], [])
    assert total(found).usd is None
    assert dollars(None) == ""
    assert total([]) == (0, (), (0, 0, 0, 0), None)


def test_a_narrow_young_key_in_use_is_worth_no_word():
    assert findings(KEY, NOW, 90 * DAY_S) == []


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"expires_at": NOW - 1}, "expired"),
        ({"expires_at": None}, "never expires"),
        ({"owner_project_access": "inactive"}, "its owner is disabled"),
        ({"created_at": NOW - 91 * DAY_S}, "its secret is 91 days old"),
        ({"last_used_at": NOW - 100 * DAY_S}, "unused for 100 days"),
        ({"models": ["*"]}, "opens every model of its group"),
        ({"previous": [{}, {}]}, "2 former secrets still work"),
    ],
)
def test_a_key_is_worth_a_look(changed, told):
    assert findings(KEY | changed, NOW, 90 * DAY_S) == [told]


def test_a_rotated_secret_is_young_again():
    assert findings(KEY | {"created_at": 0, "rotated_at": NOW - DAY_S}, NOW, 90 * DAY_S) == []


def test_the_command_line_counts_before_the_environment_and_that_before_the_file(tmp_path, monkeypatch):
    held = Profiles(tmp_path / "config.json")
    held.keep(Profile("work", "https://work.example.com/v1", "me@example.com"))
    held.keep(Profile("home", "https://home.example.com/v1"))
    held = Profiles(tmp_path / "config.json")
    assert chosen(held, "", "") == Profile("work", "https://work.example.com/v1", "me@example.com")
    monkeypatch.setenv("PENNYWORTH_PROFILE", "home")
    assert chosen(held, "", "").endpoint == "https://home.example.com/v1"
    assert chosen(held, "work", "").name == "work"
    monkeypatch.setenv("PENNYWORTH_ENDPOINT", "https://other.example.com")
    assert chosen(held, "work", "").endpoint == "https://other.example.com/v1"
    assert chosen(held, "work", "https://third.example.com/v1").endpoint == "https://third.example.com/v1"
    assert chosen(held, "new", "").name == "new"
    with pytest.raises(Failure, match=r"home, work"):
        held.use("new")


def test_a_name_cannot_reach_another_route():
    assert segment("../../me") == "..%2F..%2Fme"
    assert segment("a?b#c") == "a%3Fb%23c"
    for name in ("", ".", ".."):
        with pytest.raises(Failure):
            segment(name)


def test_tokens_are_renewed_a_minute_early_and_keep_their_refresh_token():
    held = Tokens("i", "a", "r", NOW, "client", "https://cognito")
    assert held.fresh(NOW - 61)
    assert not held.fresh(NOW - 60)
    renewed = held.renewed({"IdToken": "j", "AccessToken": "b", "ExpiresIn": 3600}, NOW)
    assert (renewed.id_token, renewed.refresh_token, renewed.expires_at) == ("j", "r", NOW + 3600)
    assert Tokens.parse(renewed.dump()) == renewed
    rotated = held.renewed({"IdToken": "j", "AccessToken": "b", "ExpiresIn": 60, "RefreshToken": "s"}, NOW)
    assert rotated.refresh_token == "s"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"id_token": "i"}', '"text"'])
def test_what_is_no_sign_in_is_nobodys(text):
    assert Tokens.parse(text) is None


def test_a_token_is_read_without_trust():
    body = urlsafe_b64encode(json.dumps({"email": "ada@example.com"}).encode()).decode().rstrip("=")
    assert claims(f"header.{body}.signature") == {"email": "ada@example.com"}
    assert claims("nonsense") == {}
    assert claims("a.!.c") == {}
