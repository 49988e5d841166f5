"""`pennyworth login` and what comes after it: passwords, codes, tokens, and whom they are shown to."""

import json
import time

import httpx
import pytest

from local.aws import totp
from tests.e2e.terminal import PASSWORD, Machine, ended, person, recording, signed_in, tokens_of

ROUTE = "/.well-known/pennyworth-configuration"


@pytest.fixture
def machine(gateway, tmp_path):
    return Machine(tmp_path, gateway.base_url)


def test_an_expired_token_is_refreshed_unseen(gateway, cognito, machine):
    email, _ = person(gateway, cognito)
    signed_in(machine, email)
    _, change = tokens_of(machine)
    change(id_token="ended", access_token="ended", expires_at=int(time.time()) - 3600)
    done = machine.run("whoami")
    assert (done.returncode, email in done.stdout, done.stderr) == (0, True, "")
    renewed, _ = tokens_of(machine)
    assert renewed["id_token"] != "ended"
    assert renewed["expires_at"] > time.time() + 3000
    assert (machine.settings / "tokens.json").stat().st_mode & 0o777 == 0o600


def test_a_sign_in_that_was_revoked_says_what_to_do(gateway, cognito, machine):
    email, _ = person(gateway, cognito)
    signed_in(machine, email)
    tokens, change = tokens_of(machine)
    change(expires_at=0)
    cognito.idp.revoke_token(Token=tokens["refresh_token"], ClientId=tokens["client_id"])
    done = machine.run("whoami")
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == "pennyworth: The sign-in has ended. Run `pennyworth login`.\n"


def test_signing_out_ends_the_sign_in_at_cognito_too(gateway, cognito, machine):
    signed_in(machine, person(gateway, cognito)[0])
    tokens, _ = tokens_of(machine)
    machine.out("logout")
    assert json.loads((machine.settings / "tokens.json").read_text()) == {}
    with pytest.raises(cognito.idp.exceptions.NotAuthorizedException):
        cognito.idp.initiate_auth(
            ClientId=tokens["client_id"],
            AuthFlow="REFRESH_TOKEN_AUTH",
            AuthParameters={"REFRESH_TOKEN": tokens["refresh_token"]},
        )


def test_ctrl_c_at_the_password_leaves_nothing_behind(machine):
    with machine.terminal("login", "--email", "me@example.com") as screen:
        screen.expect("Password of .*: ")
        screen.sendintr()
        said, code = ended(screen)
    assert (code, "Traceback" in said) == (130, False)
    assert not machine.settings.exists()


@pytest.mark.parametrize("password", ["not-the-password", "", "An-own-password-2 "])
def test_a_wrong_password_is_refused(gateway, cognito, machine, password):
    email, _ = person(gateway, cognito)
    done = machine.run("login", "--email", email, stdin=f"{password}\n")
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == "pennyworth: The e-mail address or the password is wrong.\n"
    assert not (machine.settings / "tokens.json").exists()


def test_nobody_is_told_whether_an_address_is_known(gateway, cognito, machine):
    done = machine.run("login", "--email", "nobody@cli.example.com", stdin="whatever\n")
    assert (done.returncode, done.stderr) == (3, "pennyworth: The e-mail address or the password is wrong.\n")


def test_a_disabled_account_is_told_so(gateway, cognito, machine):
    email, user = person(gateway, cognito)
    cognito.idp.admin_disable_user(**cognito.pool, Username=user)
    done = machine.run("login", "--email", email, stdin=f"{PASSWORD}\n")
    assert (done.returncode, "disabled" in done.stderr) == (4, True)


def test_tokens_go_to_no_other_gateway(gateway, cognito, machine):
    signed_in(machine, person(gateway, cognito)[0])
    done = machine.run("whoami", "--endpoint", "http://localhost:9/v1")
    assert (done.returncode, "Nobody is signed in" in done.stderr) == (3, True)
    done = machine.run("whoami", "--endpoint", "http://llm.example.com/v1")
    assert (done.returncode, "https://" in done.stderr) == (2, True)


def test_profiles_tell_gateways_apart(gateway, cognito, machine):
    email, _ = person(gateway, cognito)
    none = {"PENNYWORTH_ENDPOINT": ""}
    assert machine.run("whoami", **none).returncode == 2
    machine.out("login", "--profile", "work", "--endpoint", gateway.base_url, "--email", email, stdin=PASSWORD, **none)
    assert email in machine.out("whoami", **none)  # the only one there is
    assert json.loads(machine.out("profiles", "list", "--json", **none)) == [
        {"name": "work", "endpoint": gateway.base_url, "email": email, "current": True}
    ]
    assert machine.run("--profile", "home", "whoami", **none).returncode == 2
    assert machine.run("profiles", "use", "home").returncode == 5
    machine.out("profiles", "remove", "work")
    assert json.loads((machine.settings / "tokens.json").read_text()) == {}


def code_now(secret, ago=0):
    """Of the step that runs, or of one before it, with some seconds left to use it."""
    while (now := time.time()) % totp.STEP_S > totp.STEP_S - 6:
        time.sleep(0.2)
    return totp.code(secret, int(now) // totp.STEP_S - ago)


def test_one_time_codes_are_set_up_and_asked_for(gateway, cognito, machine):
    email, _ = person(gateway, cognito)
    signed_in(machine, email)
    with machine.terminal("mfa", "enable") as screen:
        screen.expect(r"otpauth://totp/Pennyworth:\S+\?secret=(\w+)&issuer=Pennyworth")
        secret = screen.match[1]
        screen.expect("One-time code: ")
        screen.sendline("12 34")
        screen.expect("six digits")
        screen.expect("One-time code: ")
        screen.sendline(code_now(secret, ago=1))
        assert ended(screen)[1] == 0
    with machine.terminal("login", "--email", email) as screen:
        screen.expect("Password of .*: ")
        screen.sendline(PASSWORD)
        screen.expect("One-time code: ")
        screen.sendline("000000")
        screen.expect("The code is wrong")
        screen.expect("One-time code: ")
        screen.sendline(code_now(secret))
        said, code = ended(screen)
    assert (code, f"as {email}" in said) == (0, True)
    wrong = machine.run("login", "--email", email, stdin=f"{PASSWORD}\n000000\n")
    assert (wrong.returncode, wrong.stderr) == (3, "pennyworth: The code is wrong.\n")
    machine.out("mfa", "disable")
    signed_in(machine, email)


def test_the_password_itself_is_never_sent(gateway, cognito, machine):
    """What Cognito's stand-in was asked, seen by a proxy between."""
    email, _ = person(gateway, cognito)
    with recording(gateway) as (base_url, seen):
        machine.out("login", "--email", email, stdin=PASSWORD, PENNYWORTH_ENDPOINT=base_url)
    sent = b"".join(seen)
    assert b"PASSWORD_CLAIM_SIGNATURE" in sent
    assert b"SRP_A" in sent
    assert PASSWORD.encode() not in sent


def test_where_to_sign_in_is_told_to_anybody_and_holds_no_secret(gateway):
    with httpx.Client(base_url=gateway.base_url, timeout=30, trust_env=False) as anybody:
        told = anybody.get(ROUTE).raise_for_status().json()
        refused = anybody.get(ROUTE, params={"pool": "other"})
    assert told == {
        "base_url": gateway.base_url,
        "region": gateway.facts["region"],
        "issuer": f"https://cognito-idp.{gateway.facts['region']}.amazonaws.com/{gateway.facts['user_pool_id']}",
        "client_id": gateway.facts["client_id"],
        "cognito_url": gateway.aws_url,
    }
    assert refused.status_code == 400
