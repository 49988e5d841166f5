"""Where tokens lie: the operating system's keyring where there is one, else a file for its owner alone."""

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from pennyworth_cli import private
from pennyworth_cli.failure import Code, Failure

_SERVICE = "pennyworth"
_CHUNK = 1000  # characters: Windows keeps 2560 bytes of UTF-16 in one entry, and a sign-in is longer
_GENERATIONS = ("#", "#b")  # one is read while the other is written


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
    """A text in as many entries as it needs, and one more, `name`, that says which: {"generation", "count", "digest"}.

    A new text is written beside the old one before that entry is switched to it. So who reads, or comes after a program
    that died, finds the old text or the new one.
    """

    place = "the system's keyring"

    def __init__(self, keyring: Any, folder: Path) -> None:
        """`folder`: where who writes waits for the others; nothing is kept there."""
        self._keyring, self._folder = keyring, folder

    def read(self, name: str) -> str:
        text = self._text(name, self._index(name))
        if text is None:  # replaced while it was read
            with private.alone(self._folder):
                text = self._text(name, self._index(name))
        return text or ""

    def write(self, name: str, text: str) -> None:
        with private.alone(self._folder):
            old = self._index(name).get("generation", _GENERATIONS[0])
            new = next(each for each in _GENERATIONS if each != old)
            self._clear(name + new)  # what a program that died has left
            chunks = [text[start : start + _CHUNK] for start in range(0, len(text), _CHUNK)]
            for number, chunk in enumerate(chunks):
                self._ask(self._keyring.set_password, _SERVICE, f"{name}{new}{number}", chunk)
            index = {"generation": new, "count": len(chunks), "digest": _digest(text)}
            self._ask(self._keyring.set_password, _SERVICE, name, json.dumps(index))
            self._clear(name + old)

    def remove(self, name: str) -> None:
        with private.alone(self._folder):
            if self._get(name):
                self._ask(self._keyring.delete_password, _SERVICE, name)
            for generation in _GENERATIONS:
                self._clear(name + generation)

    def _index(self, name: str) -> dict[str, Any]:
        """Empty for what nobody, or an earlier version, wrote."""
        try:
            found = json.loads(self._get(name))
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    def _text(self, name: str, index: dict[str, Any]) -> str | None:
        """None where the chunks are not what the index promises."""
        start = f"{name}{index.get('generation', '')}"
        text = "".join(self._get(f"{start}{number}") for number in range(index.get("count", 0)))
        return text if _digest(text) == index.get("digest", _digest("")) else None

    def _clear(self, start: str) -> None:
        """From the last one on, so that what is left by a program that died is found by counting, too."""
        count = 0
        while self._get(f"{start}{count}"):
            count += 1
        for number in reversed(range(count)):
            self._ask(self._keyring.delete_password, _SERVICE, f"{start}{number}")

    def _get(self, entry: str) -> str:
        return self._ask(self._keyring.get_password, _SERVICE, entry) or ""

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


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


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
