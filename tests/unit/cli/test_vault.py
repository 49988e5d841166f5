"""Where tokens lie."""

import os
import stat
from contextlib import suppress

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked, PasswordDeleteError

from pennyworth_cli import private
from pennyworth_cli.failure import Failure
from pennyworth_cli.vault import FileVault, KeyringVault, vault


class Held(KeyringBackend):
    """A keyring as small in its entries as Windows': 2560 bytes of UTF-16."""

    priority = 5

    def __init__(self):
        self.entries, self.locked = {}, False

    def get_password(self, service, username):
        if self.locked:
            raise KeyringLocked("it is locked")
        return self.entries.get((service, username))

    def set_password(self, service, username, password):
        assert len(password.encode("utf-16-le")) <= 2560
        self.entries[service, username] = password

    def delete_password(self, service, username):
        if self.entries.pop((service, username), None) is None:
            raise PasswordDeleteError(username)


@pytest.fixture
def held():
    before, backend = keyring.get_keyring(), Held()
    keyring.set_keyring(backend)
    yield backend
    keyring.set_keyring(before)


@pytest.fixture(params=["file", "keyring"])
def place(request, tmp_path, held):
    return FileVault(tmp_path / "new" / "tokens.json") if request.param == "file" else KeyringVault(held, tmp_path)


def test_what_is_written_is_read_again_and_gone_once_removed(place):
    long, short = "ä" * 5000, "b"
    assert place.read("one") == ""
    for text in (long, short, long):
        place.write("one", text)
        assert place.read("one") == text
    place.write("two", "other")
    place.remove("one")
    place.remove("one")
    assert (place.read("one"), place.read("two")) == ("", "other")


def test_nothing_is_left_in_the_keyring(held, tmp_path):
    place = KeyringVault(held, tmp_path)
    place.write("one", "x" * 5000)
    place.write("one", "y")
    place.remove("one")
    assert held.entries == {}


class Died(Exception):  # noqa: N818 -- a program's end, no error of its own
    pass


@pytest.mark.parametrize("steps", range(14))
def test_a_keyring_holds_the_old_text_or_the_new_at_every_moment(held, tmp_path, steps, monkeypatch):
    """Another program reads at each step of a change, and the one that writes dies at one of them."""
    place, old, new = KeyringVault(held, tmp_path), "a" * 3500, "b" * 2500
    place.write("one", old)
    seen, left = [], [steps]

    def stepped(change):
        def run(*given):
            if not left[0]:
                raise Died
            left[0] -= 1
            change(*given)
            seen.append(KeyringVault(held, tmp_path).read("one"))

        return run

    with monkeypatch.context() as patched:
        patched.setattr(held, "set_password", stepped(held.set_password))
        patched.setattr(held, "delete_password", stepped(held.delete_password))
        with suppress(Died):
            place.write("one", new)
    assert len(seen) == min(steps, 8)  # three chunks, the switch, and four chunks that are gone
    assert seen == [old] * min(len(seen), 3) + [new] * (len(seen) - 3)
    assert place.read("one") == (new if steps > 3 else old)
    place.write("one", "c" * 1500)
    assert place.read("one") == "c" * 1500
    place.remove("one")
    assert held.entries == {}


def test_a_text_that_is_replaced_while_it_is_read_is_never_half_of_each(held, tmp_path):
    place, other = KeyringVault(held, tmp_path), KeyringVault(held, tmp_path)
    place.write("one", "a" * 3000)
    plain, asked = held.get_password, []

    def interrupted(service, name):
        asked.append(name)
        if len(asked) == 3:  # after the index and the first chunk
            other.write("one", "b" * 3000)
            other.write("one", "c" * 3000)  # in the place of the first
        return plain(service, name)

    held.get_password = interrupted
    assert place.read("one") == "c" * 3000


def test_what_an_earlier_version_kept_is_nobodys_and_goes(held, tmp_path):
    held.entries |= {("pennyworth", "one#0"): "a", ("pennyworth", "one#1"): "b"}
    place = KeyringVault(held, tmp_path)
    assert place.read("one") == ""
    place.write("one", "new")
    assert ("pennyworth", "one#0") not in held.entries
    place.remove("one")
    assert held.entries == {}


def test_a_locked_keyring_says_what_to_do(held, tmp_path):
    held.locked = True
    with pytest.raises(Failure, match="PENNYWORTH_KEYRING=off"):
        KeyringVault(held, tmp_path).read("one")


def test_the_keyring_is_taken_where_there_is_one(held, tmp_path, monkeypatch):
    assert isinstance(vault(tmp_path), KeyringVault)
    monkeypatch.setenv("PENNYWORTH_KEYRING", "off")
    assert isinstance(vault(tmp_path), FileVault)
    monkeypatch.delenv("PENNYWORTH_KEYRING")
    held.__class__.priority = 0
    try:
        assert isinstance(vault(tmp_path), FileVault)
    finally:
        held.__class__.priority = 5


def test_the_file_is_its_owners_alone(tmp_path):
    path = tmp_path / "settings" / "tokens.json"
    before = os.umask(0)
    try:
        FileVault(path).write("one", "secret")
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert {each.name for each in path.parent.iterdir()} == {"tokens.json", "lock"}
    path.chmod(0o640)
    with pytest.raises(Failure, match="chmod 600"):
        FileVault(path).read("one")


@pytest.mark.parametrize("content", ["{", "[]", "\x00"])
def test_a_broken_file_is_named(tmp_path, content):
    path = tmp_path / "config.json"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(Failure, match=r"config\.json"):
        private.read(path)
