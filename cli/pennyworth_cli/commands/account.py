"""Signing in and out, and the second factor."""

import time
from typing import Annotated, Any

import typer

from pennyworth_cli import address, budgets, command, private, profiles
from pennyworth_cli.cognito import Cognito, CognitoFailure
from pennyworth_cli.failure import Code, Failure
from pennyworth_cli.output import listed, moment
from pennyworth_cli.profiles import Profile
from pennyworth_cli.session import Session
from pennyworth_cli.sign_in import SignIn, one_time_code, retried, show_secret
from pennyworth_cli.tokens import Tokens, claims

# What Cognito says to a refresh token that opens nothing any more: ended, or its user or app client are gone.
_ENDED = {"NotAuthorizedException", "UserNotFoundException", "ResourceNotFoundException"}

group = command.group("One-time codes of an authenticator app, as a second factor.")

Email = Annotated[str, typer.Option("--email", metavar="EMAIL", help="Who signs in; asked for otherwise.")]


def register(app: typer.Typer) -> None:
    for name, function in (("login", login), ("logout", logout), ("whoami", whoami)):
        command.command(app, name)(function)


def login(session: Session, email: Email = "") -> None:
    """Sign in, and remember this gateway.

    The password is proved by Secure Remote Password and does not leave this machine. At a terminal you are asked for
    it; a script writes it to stdin, a line each for what is asked: the address (without --email), the password, then a
    new password or a one-time code where Cognito wants one.
    """
    endpoint = session.endpoint
    with session.out.working("Asking the gateway where to sign in"):
        told = session.configuration()
    url = address.cognito_url(told["cognito_url"], endpoint)
    email = email or session.profile.email or session.person.line("E-mail address")
    password = session.person.secret(f"Password of {email}")
    pool_id = told["issuer"].rpartition("/")[2]
    cognito = Cognito(session.http, url, told["client_id"])
    result = SignIn(cognito, pool_id, session.person).result(email, password)
    if "RefreshToken" not in result:
        raise Failure("Cognito gave no refresh token. Tell who runs the gateway.", Code.FAILED)
    empty = Tokens("", "", "", 0, told["client_id"], url)
    # The profile first: it tells later which tokens there are to forget.
    session.profiles.keep(Profile(session.profile.name, endpoint, email))
    session.vault.write(session.entry, empty.renewed(result, time.time()).dump())
    signed_in = {"email": email, "endpoint": endpoint, "profile": session.profile.name, "tokens": session.vault.place}
    session.out.done(signed_in, f"Signed in to {endpoint} as {email}. The tokens are in {session.vault.place}.")


def logout(session: Session) -> None:
    """Sign out.

    The refresh token is revoked, then the tokens are deleted here. Where Cognito does not answer the tokens are kept,
    to sign out with later.
    """
    with private.alone(profiles.folder()):  # no other program renews meanwhile what is revoked here
        held = Tokens.parse(session.vault.read(session.entry))
        if held is not None:
            _revoke(session, held)
        session.vault.remove(session.entry)
    told = {"signed_out": held is not None, "endpoint": session.endpoint}
    session.out.done(told, f"Signed out of {session.endpoint}." if held else "Nobody was signed in.")


def whoami(session: Session) -> None:
    """Who is signed in, and what they may do and spend."""
    me = session.people.get("/me")
    user, policy, limits = me["user"], me["policy"], me["limits"]
    session.out.one(
        me,
        {
            "user": f"{user['email']} ({user['id']})",
            "name": user.get("name"),
            "role": user["role"],
            "groups": listed(user["groups"]),
            "actions": listed(policy["actions"]),
            "models": listed(policy["models"]),
            "guardrail": (policy.get("guardrail") or {}).get("id"),
            "keys": f"{limits['api_keys_in_use']} of {limits['api_keys']}",
            "spent": budgets.spending(limits.get("spent_usd"), limits.get("budget_usd")),
            "group spent": _groups_spending(me),
            "begins anew": moment(limits.get("budget_resets_at")),
            "gateway": session.endpoint,
            "profile": session.profile.name,
        },
    )


def _groups_spending(me: dict[str, Any]) -> str:
    """Where the group has a budget: what its people spent of it together, as of one's own last request."""
    limits = me["limits"]
    if limits.get("group_budget_usd") is None:
        return ""
    spent = budgets.spending(limits.get("group_spent_usd") or 0, limits["group_budget_usd"])
    return f"{spent}, by everybody in {me.get('group')}"


def _revoke(session: Session, held: Tokens) -> None:
    """Raises Failure while the sign-in may go on: without its refresh token nobody could end it."""
    try:
        session.cognito(held).revoke(held.refresh_token)
    except Failure as failure:
        if isinstance(failure, CognitoFailure) and failure.aws_code in _ENDED:
            return
        raise Failure(
            f"{failure} Nobody is signed out: the sign-in goes on, and its tokens are still here. Run `pennyworth "
            f"logout` again, or forget them without ending it: `pennyworth profiles remove {session.profile.name}`.",
            failure.code,
        ) from None


@command.command(group, "enable")
def enable(session: Session) -> None:
    """Ask for a one-time code at every sign-in from now on. Shows a secret for an authenticator app, once."""
    tokens = session.tokens()
    cognito = session.cognito(tokens)
    secret = cognito.associate(AccessToken=tokens.access_token)["SecretCode"]
    show_secret(session.person, str(claims(tokens.id_token).get("email", "")), secret)
    retried(session.person, lambda: cognito.verify(one_time_code(session.person), AccessToken=tokens.access_token))
    cognito.prefer(tokens.access_token, one_time_codes=True)
    session.out.done({"one_time_codes": True}, "Every sign-in asks for a one-time code from now on.")


@command.command(group, "disable")
def disable(session: Session) -> None:
    """Ask for no one-time code any more."""
    tokens = session.tokens()
    session.cognito(tokens).prefer(tokens.access_token, one_time_codes=False)
    session.out.done({"one_time_codes": False}, "Sign-ins ask for the password alone.")
