"""`pennyworth` against a running system: the ops engineer's day, by hand and by script."""

import json
import re
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest

from tests.e2e.terminal import PASSWORD, Machine, address, ended, person, signed_in

TEMPORARY = "A-temporary-password-1"


@pytest.fixture
def machine(gateway, tmp_path):
    return Machine(tmp_path, gateway.base_url)


@pytest.fixture
def administrator(gateway, cognito, machine):
    """An administrator at a machine, signed in."""
    return signed_in(machine, person(gateway, cognito, "admins")[0])


def test_the_ops_engineers_day(gateway, machine):
    """From the temporary password in the mail to a revoked key, in a terminal."""
    email, colleague = address(), address()
    gateway.user(email, "admins")
    with machine.terminal("login") as screen:
        screen.expect("E-mail address: ")
        screen.sendline(email)
        screen.expect("Password of .*: ")
        screen.sendline(TEMPORARY)
        screen.expect("Choose your own")
        screen.expect("New password: ")
        screen.sendline("short")
        screen.expect("New password again: ")
        screen.sendline("short")
        screen.expect("password")  # why Cognito does not take it
        screen.expect("New password: ")
        screen.sendline(PASSWORD)
        screen.expect("New password again: ")
        screen.sendline("Another-password-3")
        screen.expect("not the same")
        for _ in range(2):
            screen.expect("New password(?: again)?: ")
            screen.sendline(PASSWORD)
        said, code = ended(screen)
    assert code == 0
    assert f"Signed in to {gateway.base_url} as {email}" in said
    assert PASSWORD not in said  # nothing that is typed there is shown

    with machine.terminal("whoami") as screen:
        said, code = ended(screen)
    assert (code, email in said, "admins" in said) == (0, True, True)

    invited = machine.run("users", "invite", colleague, "--group", "restricted", "--show-password")
    temporary = invited.stdout.strip()
    assert len(temporary) == 23, invited.stderr
    assert temporary not in invited.stderr
    assert signs_in_with(machine, colleague, temporary)
    assert "restricted" in machine.out("users", "show", colleague)
    machine.out("groups", "add", "developers", colleague)
    machine.out("groups", "remove", "restricted", colleague)
    assert colleague in machine.out("groups", "members", "developers")

    made = machine.run("keys", "create", "laptop", "--user", colleague, "--model", "nova-*", "--expires-in", "30d")
    secret = made.stdout.strip()
    assert re.fullmatch(r"sk-pw-\S{76}", secret)
    key = re.search(r"key_\w+", made.stderr)[0]
    assert secret not in machine.out("keys", "list", "--user", colleague)
    models = machine.out("models", PENNYWORTH_API_KEY=secret)
    assert "nova-lite" in models
    assert "claude" not in models
    rotated = machine.out("keys", "rotate", key, "--overlap", "0s", "--user", colleague).strip()
    assert rotated.startswith("sk-pw-")
    assert machine.run("models", PENNYWORTH_API_KEY=rotated).returncode == 0

    with machine.terminal("keys", "revoke", key, "--user", colleague) as screen:
        screen.expect(r"Revoke key_\w+\? \[y/N\]: ")
        screen.sendline("y")
        said, code = ended(screen)
    assert (code, "dead within" in said) == (0, True)
    assert "There is no key" in machine.run("keys", "list", "--user", colleague).stderr
    assert "(reader)" in machine.run("users", "disable", colleague).stderr
    assert "disabled" in machine.out("users", "show", colleague)

    records = wait_for(lambda: machine.out("audit", "--user", colleague), "user.updated")
    for kind in ("invite.sent", "role.assignment.created", "api_key.created", "api_key.updated", "api_key.deleted"):
        assert kind in records
    assert email in records
    refused = machine.run("users", "delete", colleague)
    assert (refused.returncode, "--yes" in refused.stderr) == (2, True)  # nobody there to ask
    machine.out("users", "delete", colleague, "--yes")
    assert machine.run("users", "show", colleague).returncode == 5
    machine.out("logout")
    assert machine.run("whoami").returncode == 3


def test_an_invitation_goes_by_mail_and_once(administrator):
    email = address()
    mailed = administrator.run("users", "invite", email, "--name", "Ada")
    assert (mailed.returncode, mailed.stdout) == (0, ""), mailed.stderr
    assert "Cognito has mailed them a temporary password." in mailed.stderr
    again = administrator.run("users", "invite", email)
    assert (again.returncode, "already" in again.stderr) == (8, True)
    assert email in administrator.out("users", "list", "--invited")


def signs_in_with(machine, email, temporary):
    other = Machine(machine.home / uuid.uuid4().hex, machine.endpoint)
    other.home.mkdir()
    return other.run("login", "--email", email, stdin=f"{temporary}\n{PASSWORD}\n").returncode == 0


def wait_for(told, wanted):
    deadline = time.monotonic() + 20
    while wanted not in (said := told()):
        assert time.monotonic() < deadline, said
        time.sleep(0.2)
    return said


def test_a_script_reads_json(gateway, cognito, administrator):
    """`pennyworth users list --json | python -c …`, by a shell."""
    email, user = person(gateway, cognito)
    gateway.key(user, name="nightly")
    count = "import json, sys; print([each['email'] for each in json.load(sys.stdin)])"
    pipe = f'{sys.executable} -m pennyworth_cli users list --search {email} --json | {sys.executable} -c "{count}"'
    done = subprocess.run(  # noqa: S602 -- the pipe is what is tested
        pipe, shell=True, env=administrator.environment, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == str([email])
    [key] = json.loads(administrator.out("keys", "list", "--user", user, "--json"))
    assert (key["object"], key["name"]) == ("organization.user.api_key", "nightly")
    assert {row["name"] for row in json.loads(administrator.out("groups", "list", "--json"))} >= {
        "admins",
        "developers",
    }
    [found] = json.loads(administrator.out("keys", "audit", "--user", user, "--json"))
    assert found["findings"] == ["never expires", "opens every model of its group"]
    everybody = json.loads(administrator.out("keys", "audit", "--all", "--json"))
    assert key["id"] in {each["id"] for each in everybody}
    assert administrator.run("keys", "audit", "--user", user, "--fail").returncode == 1


def test_a_pipe_gets_a_line_an_object_and_no_colour(administrator):
    lines = administrator.out("groups", "list").splitlines()
    assert lines[0].split()[:2] == ["NAME", "PRECEDENCE"]
    assert len(lines) > 2
    assert not any("\x1b" in line or line != line.rstrip() for line in lines)
    with administrator.terminal("groups", "list", NO_COLOR="1") as screen:
        said, _ = ended(screen)
    assert not re.search(r"\x1b\[[0-9;]*3[0-7]m", said)


def test_an_unreachable_gateway_is_told_from_a_refusing_one(machine, gateway, cognito):
    done = machine.run("status", PENNYWORTH_ENDPOINT="http://127.0.0.1:9/v1")
    assert (done.returncode, done.stdout) == (6, "")
    assert done.stderr == (
        "pennyworth: 127.0.0.1:9 did not answer: no connection. Check the endpoint, and that the gateway runs.\n"
    )
    signed_in(machine, person(gateway, cognito)[0])
    refused = machine.run("users", "list")
    assert refused.returncode == 4
    assert "x-request-id" in refused.stderr
    assert "You may not do 'admin': your group, 'developers', does not allow it. Ask an administrator" in refused.stderr
    assert "key" not in refused.stderr
    missing = machine.run("keys", "revoke", "key_nothing", "--yes")
    assert missing.returncode == 5
    assert machine.run("keys", "create", "k", "--scope", "everything").returncode == 2
    assert machine.run("keys", "create", "k", "--model", "no such").returncode == 2


def test_a_secret_is_written_to_stdout_once_and_nowhere_else(gateway, cognito, machine):
    """Not into the settings, the gateway's log, or a process's command line, where `ps` and a history would show it."""
    signed_in(machine, person(gateway, cognito)[0])
    made = machine.run("keys", "create", "secret")
    secret = made.stdout.strip()
    assert secret.startswith("sk-pw-")
    assert secret not in made.stderr
    with machine.terminal("chat", PENNYWORTH_API_KEY=secret, PENNYWORTH_MODEL=gateway.model) as screen:
        screen.expect("> ")
        command_line = Path(f"/proc/{screen.pid}/cmdline").read_bytes().decode()
        assert "pennyworth_cli" in command_line
        assert secret not in command_line
        screen.sendeof()
        ended(screen)
    for folder in (machine.home, gateway.folder):
        for path in folder.rglob("*"):
            if path.is_file():
                assert secret.encode() not in path.read_bytes(), path
                assert PASSWORD.encode() not in path.read_bytes() or path.name == "state", path


def test_status_tells_what_runs_and_who_is_signed_in(gateway, cognito, machine):
    before = json.loads(machine.out("status", "--json"))
    assert (before["health"], before["signed_in"], before["environment"]) == ("ok", "", "local")
    email, _ = person(gateway, cognito)
    signed_in(machine, email)
    assert json.loads(machine.out("status", "--json"))["signed_in"] == email
    assert email in machine.out("status")
