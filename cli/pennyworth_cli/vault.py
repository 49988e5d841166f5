"""Where tokens lie: the operating system's keyring where there is one, else a file for its owner alone."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from pennyworth_cli import private
from pennyworth_cli.failure import Code, Failure

_SERVICE = "pennyworth"
_CHUNK = 1000  # characters: Windows keeps 2560 bytes of UTF-16 in one entry, and a sign-in is longer


class Vault(Protocol):
    place: str  # for people

    def read(self, name: str) -> str: ...  # empty where nothing is kept
    def write(self, name: str, text: str) -> None: ...
    def remove(self, name: str) -> None: ...


class FileVault:
    def __init__(self, path: Path) -> None:
        self._path, self.place = path, str(path)

    def read(self, name: str) -> str:
        return str(private.read(self._path).get(name, ""))

    def write(self, name: str, text: str) -> None:
        with private.alone(self._path.parent):
            private.write(self._path, private.read(self._path) | {name: text})

    def remove(self, name: str) -> None:
        with private.alone(self._path.parent):
            held = private.read(self._path)
            if held.pop(name, None) is not None:
                private.write(self._path, held)


class KeyringVault:
    """A text in as many entries as it needs, `name#0` and on."""

    place = "the system's keyring"

    def __init__(self, keyring: Any, folder: Path) -> None:
        """`folder`: where who writes waits for the others; nothing is kept there."""
        self._keyring, self._folder = keyring, folder

    def read(self, name: str) -> str:
        chunks: list[str] = []
        while chunk := self._ask(self._keyring.get_password, _SERVICE, f"{name}#{len(chunks)}"):
            chunks.append(chunk)
        return "".join(chunks)

    def write(self, name: str, text: str) -> None:
        with private.alone(self._folder):
            self.remove(name)
            for start in range(0, len(text), _CHUNK):
                entry = f"{name}#{start // _CHUNK}"
                self._ask(self._keyring.set_password, _SERVICE, entry, text[start : start + _CHUNK])

    def remove(self, name: str) -> None:
        count = 0
        with private.alone(self._folder):
            while self._ask(self._keyring.get_password, _SERVICE, f"{name}#{count}"):
                self._ask(self._keyring.delete_password, _SERVICE, f"{name}#{count}")
                count += 1

    def _ask(self, method: Callable[..., Any], *given: str) -> Any:
        from keyring.errors import KeyringError

        try:
            return method(*given)
        except KeyringError as error:
            raise Failure(
                f"The system's keyring refused ({error or type(error).__name__}). Unlock it, or set "
                "PENNYWORTH_KEYRING=off to keep tokens in a file that only you can read.",
                Code.FAILED,
            ) from None


def vault(folder: Path) -> Vault:
    """PENNYWORTH_KEYRING=off means the file, whatever there is."""
    found = _keyring() if os.environ.get("PENNYWORTH_KEYRING", "") != "off" else None
    return KeyringVault(found, folder) if found is not None else FileVault(folder / "tokens.json")


def _keyring() -> Any:
    """The system's keyring, if the library is installed and found a real one; its stand-ins have a priority below 1."""
    try:
        import keyring
    except ImportError:
        return None
    backend = keyring.get_keyring()
    return backend if backend.priority >= 1 else None
