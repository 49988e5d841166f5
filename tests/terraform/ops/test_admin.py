import os
import pty
import select
import shlex
import subprocess
import time

import pytest

from tests.terraform.ops.conftest import LIMIT_S, ROOT, typed_command

_EMAIL, _PASSWORD = "first@example.com", "A-Password-of-14"


def test_the_first_administrator_gets_what_a_shell_needs(ops, client, pool):
    assert ops("deploy").returncode == 0
    for note in (f"Made {_EMAIL}.", f"{_EMAIL} is there already: the password is set anew."):
        done = ops("admin", "--email", _EMAIL, typed=f"{_PASSWORD}\n")
        assert done.returncode == 0
        assert done.stderr.startswith(note)
        script = f'eval {shlex.quote(done.stdout)}; echo "$OPENAI_BASE_URL"; echo "$PENNYWORTH_ADMIN_TOKEN"'
        url, token = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout.split()
        assert url == "https://api.example.com/v1?a=1&b=2"
        assert token.count(".") == 2
    idp = client("cognito-idp")
    groups = idp.admin_list_groups_for_user(UserPoolId=pool["id"], Username=_EMAIL)["Groups"]
    assert [group["GroupName"] for group in groups] == ["admins"]
    person = idp.admin_get_user(UserPoolId=pool["id"], Username=_EMAIL)
    assert person["UserStatus"] == "CONFIRMED"
    assert f"/organization/users/{person['Username']}/api_keys" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "typed", "status", "said"),
    [
        ((), "", 2, "Who? Add EMAIL=, the address they sign in with.\n"),
        (("--email", "first"), "", 2, "EMAIL=first is no e-mail address.\n"),
        (("--email", _EMAIL), "", 1, "No password was given: type one at the terminal, or pipe it in as one line.\n"),
        (
            ("--email", _EMAIL, "--group", "kings"),
            _PASSWORD,
            1,
            "There is no group 'kings': the user pool has admins, developers.\n",
        ),
        (
            ("--email", _EMAIL, "--group", "developers"),
            _PASSWORD,
            1,
            "The group 'developers' does not allow admin: add GROUP=, one of: admins.\n",
        ),
    ],
)
def test_an_administrator_that_cannot_be_is_told_why(ops, arguments, typed, status, said):
    assert ops("deploy").returncode == 0
    done = ops("admin", *arguments, typed=typed)
    assert (done.returncode, done.stdout, done.stderr) == (status, "", said)


@pytest.mark.parametrize(("second", "status"), [(_PASSWORD, 0), ("Another-Password-1", 1)])
def test_at_a_terminal_the_password_is_asked_for_twice_and_never_shown(ops, project, environ, second, status):
    assert ops("deploy").returncode == 0
    terminal, theirs = pty.openpty()
    process = subprocess.Popen(
        [*typed_command(project, "admin", "local"), "--email", _EMAIL],
        cwd=ROOT,
        env=environ,
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        _read_until(process.stderr, b"A new password for first@example.com: ")
        os.write(terminal, f"{_PASSWORD}\n".encode())
        _read_until(process.stderr, b"Once more: ")
        os.write(terminal, f"{second}\n".encode())
        out, err = process.communicate(timeout=LIMIT_S)
    finally:
        process.kill()
        process.wait()
        shown = os.read(terminal, 1000) if select.select([terminal], [], [], 0)[0] else b""
        os.close(terminal)
        os.close(theirs)
    assert process.returncode == status, err
    assert out.startswith(b"export OPENAI_BASE_URL=") is (status == 0)
    assert _PASSWORD.encode() not in shown + out + err


def _read_until(stream, text):
    read, give_up_at = b"", time.monotonic() + LIMIT_S
    while not read.endswith(text):
        assert select.select([stream], [], [], max(0, give_up_at - time.monotonic()))[0], read
        byte = os.read(stream.fileno(), 1)
        assert byte, read
        read += byte
