"""Profiles: gateways by name, and which of them counts. No secret is in this file."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from pennyworth_cli import address, private
from pennyworth_cli.failure import Code, Failure
from pennyworth_cli.vault import Vault

DEFAULT = "default"


def folder() -> Path:
    """The platform's place for settings: ~/.config/pennyworth, ~/Library/Application Support/pennyworth, %APPDATA%."""
    return Path(os.environ.get("PENNYWORTH_CONFIG_DIR") or typer.get_app_dir("pennyworth"))


@dataclass(frozen=True)
class Profile:
    name: str
    endpoint: str  # base URL; empty where none is known
    email: str = ""


def entry(profile: Profile) -> str:
    """What a profile's tokens are kept under: those of one gateway are never sent to another."""
    return f"{profile.name} {profile.endpoint}"


class Profiles:
    """The file `config.json`: {"profile": name, "profiles": {name: {"endpoint": url, "email": address, "endpoints":
    [url]}}}. `endpoints`: where tokens of the profile may be kept for, those of before included: no keyring can be
    asked what it holds."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read()

    def _read(self) -> None:
        held = private.read(self._path)
        self._rows: dict[str, dict[str, Any]] = dict(held.get("profiles", {}))
        self.current: str = held.get("profile", DEFAULT)

    def names(self) -> list[str]:
        return sorted(self._rows)

    def find(self, name: str) -> Profile:
        """An unknown one has no endpoint yet."""
        row = self._rows.get(name, {})
        return Profile(name, row.get("endpoint", ""), row.get("email", ""))

    def known(self, name: str) -> Profile:
        """Raises Failure for an unknown one."""
        if name not in self._rows:
            have = ", ".join(self.names()) or "none so far"
            raise Failure(f"There is no profile {name!r}. There is: {have}.", Code.NOT_FOUND)
        return self.find(name)

    def keep(self, profile: Profile) -> None:
        """The first profile that is kept is the one that counts."""
        with self._changing():
            if not self._rows:
                self.current = profile.name
            endpoints = [*self._endpoints(profile.name), profile.endpoint]
            row = {"endpoint": profile.endpoint, "email": profile.email, "endpoints": list(dict.fromkeys(endpoints))}
            self._rows[profile.name] = row

    def use(self, name: str) -> Profile:
        with self._changing():
            found = self.known(name)
            self.current = name
        return found

    def forget(self, name: str, vault: Vault) -> None:
        """With all its tokens, of every address that it ever had; the profile last, so that it can be tried again.
        Raises Failure."""
        with self._changing():
            self.known(name)
            for endpoint in self._endpoints(name):
                vault.remove(entry(Profile(name, endpoint)))
            del self._rows[name]

    def _endpoints(self, name: str) -> list[str]:
        row = self._rows.get(name, {})
        return list(row.get("endpoints") or filter(None, [row.get("endpoint")]))

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """What lies there now, and what it is afterwards: another program may have kept a profile meanwhile."""
        with private.alone(self._path.parent):
            self._read()
            yield
            private.write(self._path, {"profile": self.current, "profiles": self._rows})


def chosen(profiles: Profiles, name: str, endpoint: str) -> Profile:
    """What counts: the command line, then PENNYWORTH_PROFILE and PENNYWORTH_ENDPOINT, then the file. `name` and
    `endpoint` are empty where the command line does not say."""
    name = name or os.environ.get("PENNYWORTH_PROFILE", "") or profiles.current
    found = profiles.find(name)
    told = endpoint or os.environ.get("PENNYWORTH_ENDPOINT", "") or found.endpoint
    return Profile(name, address.base_url(told) if told else "", found.email)
