"""One run of the program: which gateway, who is signed in there, and where the answer goes."""

import os
import time
from functools import cached_property
from typing import Any

from pennyworth_cli import address, private, profiles, vault
from pennyworth_cli.cognito import Cognito, CognitoFailure
from pennyworth_cli.failure import Code, Failure
from pennyworth_cli.gateway import Gateway
from pennyworth_cli.http import Http
from pennyworth_cli.output import Output, Terminal
from pennyworth_cli.profiles import Profile, Profiles
from pennyworth_cli.tokens import Tokens

CONFIGURATION = "/.well-known/pennyworth-configuration"


class Session:
    def __init__(self, profile: str = "", endpoint: str = "", as_json: bool = False) -> None:
        """`profile` and `endpoint` as the command line says them, or empty."""
        self.out, self.http = Output(as_json), Http()
        self._asked = (profile, endpoint)

    @cached_property
    def person(self) -> Terminal:
        return Terminal()

    @cached_property
    def profiles(self) -> Profiles:
        return Profiles(profiles.folder() / "config.json")

    @cached_property
    def profile(self) -> Profile:
        return profiles.chosen(self.profiles, *self._asked)

    @cached_property
    def vault(self) -> vault.Vault:
        return vault.vault(profiles.folder())

    @property
    def endpoint(self) -> str:
        """Raises Failure where none is known."""
        if not self.profile.endpoint:
            have = ", ".join(self.profiles.names())
            told = f"There is no profile {self.profile.name!r}. There is: {have}; `pennyworth profiles use` chooses."
            raise Failure(
                f"{told if have else 'No gateway is known.'} Run `pennyworth login --endpoint https://…/v1`, or set "
                "PENNYWORTH_ENDPOINT.",
                Code.WRONG,
            )
        return self.profile.endpoint

    @property
    def entry(self) -> str:
        """What its tokens are kept under."""
        _ = self.endpoint
        return profiles.entry(self.profile)

    def tokens(self) -> Tokens:
        """Of who is signed in, renewed where they have ended. Raises Failure NOT_SIGNED_IN."""
        held = Tokens.parse(self.vault.read(self.entry))
        if held and held.fresh(time.time()):
            return held
        with private.alone(profiles.folder()):  # a refresh token may be good for one use, and another program at it
            held = Tokens.parse(self.vault.read(self.entry))
            if held is None:
                raise Failure("Nobody is signed in here. Run `pennyworth login`.", Code.NOT_SIGNED_IN)
            return held if held.fresh(time.time()) else self._renewed(held)

    def cognito(self, tokens: Tokens) -> Cognito:
        url = address.cognito_url(tokens.cognito_url, self.endpoint)
        return Cognito(self.http, url, tokens.client_id)

    def _renewed(self, held: Tokens) -> Tokens:
        try:
            answer = self.cognito(held).initiate("REFRESH_TOKEN_AUTH", REFRESH_TOKEN=held.refresh_token)
        except CognitoFailure as failure:
            if failure.code is not Code.NOT_SIGNED_IN:
                raise
            raise Failure("The sign-in has ended. Run `pennyworth login`.", Code.NOT_SIGNED_IN) from None
        renewed = held.renewed(answer["AuthenticationResult"], time.time())
        self.vault.write(self.entry, renewed.dump())
        return renewed

    @cached_property
    def people(self) -> Gateway:
        """The gateway as people administer it: with an ID token."""
        return Gateway(self.http, self.endpoint, self._id_token)

    @cached_property
    def models(self) -> Gateway:
        """The gateway as programs use it: with PENNYWORTH_API_KEY, else as whoever is signed in."""
        return Gateway(self.http, self.endpoint, self._key)

    @cached_property
    def open(self) -> Gateway:
        """The routes that ask for nothing."""
        return Gateway(self.http, self.endpoint, str)

    def configuration(self) -> dict[str, Any]:
        """{client_id, cognito_url, issuer, region, base_url}. Raises Failure."""
        found = self.open.get(CONFIGURATION)
        if not all(isinstance(found.get(name), str) for name in ("client_id", "cognito_url", "issuer")):
            raise Failure("The gateway does not say where to sign in. Check the endpoint.", Code.FAILED)
        return found

    def _id_token(self) -> str:
        return os.environ.get("PENNYWORTH_TOKEN") or self.tokens().id_token

    def _key(self) -> str:
        return os.environ.get("PENNYWORTH_API_KEY") or self.tokens().access_token
