"""Bedrock as the user: short-lived credentials whose session names the person, so that the AWS bill does too.

Cognito's identity pool vouches for the user (developer-authenticated identity), STS gives the group's role for that.
This is the classic flow, because the enhanced one fixes the session's name.
"""

import re
from collections import OrderedDict
from datetime import datetime
from threading import Lock

from pennyworth.aws import UNSIGNED, Aws, AwsError, Credentials
from pennyworth.aws.retry import THROTTLED
from pennyworth.principal import Principal
from pennyworth.settings import Settings

_TOKEN_S = 900
_SESSION_S = 3600  # what a role allows unless told otherwise
_SPARE_S = 300  # a long stream must not outlive its credentials' last check
_LEFT_S = 60  # of a session that could not be renewed: enough to call once more
_NOT_IN_SESSION_NAMES = re.compile(r"[^A-Za-z0-9_+=,.@-]+")
# An address has one `@` and no `=` behind it, so that what is made of other names never looks like one.
_ADDRESS = re.compile(r"[A-Za-z0-9_+=,.-]+@[A-Za-z0-9_+,.-]+")
# STS: \p{L}\p{Z}\p{N}_.:/=+-@ and no more; Cognito lets a group's name have any punctuation.
_NOT_IN_TAGS = re.compile(r"[^\w .:/=+\-@]")


def session_name(name: str, user_id: str) -> str:
    """A name for the role session (2 to 64 of `[A-Za-z0-9_+=,.@-]`) in which a person is recognised, and nobody else.

    An e-mail address, which Cognito gives to one user only, is taken as it is where it fits. Any other name is anyone's
    to choose, and told apart from others by the user's id, a UUID.
    """
    if len(name) <= 64 and (_ADDRESS.fullmatch(name) or name == user_id):
        return name
    return f"{_NOT_IN_SESSION_NAMES.sub('-', name)[:31]}={_NOT_IN_SESSION_NAMES.sub('', user_id).replace('-', '')[:32]}"


def tags(principal: Principal) -> dict[str, str]:
    """The session's tags; a signed-in person has no `key`, and a tag may not be empty.

    Raises ValueError for a user or key whose id is no tag as it is: the files below `users/{user}/` are opened by it.
    """
    ids = {"user": principal.user_id, "key": principal.key_id}
    if any(_NOT_IN_TAGS.search(value) or len(value) > 256 for value in ids.values()):
        raise ValueError("not an id")
    named = {**ids, "group": _NOT_IN_TAGS.sub("_", principal.group)[:256]}
    return {tag: value for tag, value in named.items() if value}


class Sessions:
    """Role sessions by all that is in them, the least used forgotten first."""

    def __init__(self, size: int = 1024) -> None:
        self._size = size
        self._known: OrderedDict[tuple[str, ...], Credentials] = OrderedDict()
        self._lock = Lock()
        # One flight at a time per user: few locks shared by many, for a dictionary of them would grow.
        self._flights = tuple(Lock() for _ in range(16))

    def credentials(self, aws: Aws, principal: Principal, settings: Settings) -> Credentials:
        """Credentials of the principal's role, good for five minutes or more. Raises AwsError."""
        key = (
            settings.identity_pool_id,
            principal.role_arn,
            principal.user_id,
            principal.name,
            principal.group,
            principal.key_id,
        )
        found = self._find(key, aws.now())
        if found is None:
            with self._flights[hash(principal.user_id) % len(self._flights)]:
                found = self._find(key, aws.now())
                if found is None:
                    found = self._renewed(key, aws, principal, settings)
        return found

    def _renewed(self, key: tuple[str, ...], aws: Aws, principal: Principal, settings: Settings) -> Credentials:
        """A new session; while Cognito or STS is out of order, the old one's last minutes."""
        try:
            found = assume(aws, principal, settings)
        except AwsError as error:
            old = self._find(key, aws.now(), _LEFT_S)
            refused = 400 <= error.status < 500 and error.code not in THROTTLED
            if old is None or refused:
                raise
            return old
        self._keep(key, found)
        return found

    def _find(self, key: tuple[str, ...], now: float, spare_s: float = _SPARE_S) -> Credentials | None:
        with self._lock:
            found = self._known.get(key)
            if found is None or found.expires_at - now < spare_s:
                return None
            self._known.move_to_end(key)
            return found

    def _keep(self, key: tuple[str, ...], credentials: Credentials) -> None:
        with self._lock:
            self._known[key] = credentials
            self._known.move_to_end(key)
            if len(self._known) > self._size:
                self._known.popitem(last=False)


user_credentials = Sessions().credentials  # the sessions of this process


def assume(aws: Aws, principal: Principal, settings: Settings) -> Credentials:
    """A new session of the principal's role; two calls to AWS. Raises AwsError."""
    if not principal.role_arn:
        raise AwsError("AccessDeniedException", message="the principal has no role")
    asked_at = aws.now()
    vouched = aws.json(
        "cognito-identity",
        "GetOpenIdTokenForDeveloperIdentity",
        {
            "IdentityPoolId": settings.identity_pool_id,
            "Logins": {settings.developer_provider: principal.user_id},
            "PrincipalTags": tags(principal),
            "TokenDuration": _TOKEN_S,
        },
    )
    session = aws.query(
        "sts",
        "AssumeRoleWithWebIdentity",
        "2011-06-15",
        {
            "RoleArn": principal.role_arn,
            "RoleSessionName": session_name(principal.name, principal.user_id),
            "WebIdentityToken": str(vouched.get("Token", "")),  # STS says what it thinks of an empty one
            "DurationSeconds": str(_SESSION_S),
        },
        credentials=UNSIGNED,
    )
    try:
        return Credentials(
            session["AccessKeyId"],
            session["SecretAccessKey"],
            session["SessionToken"],
            # Of a clock behind AWS's the end must not seem far: no session is longer than was asked for.
            min(datetime.fromisoformat(session["Expiration"]).timestamp(), asked_at + _SESSION_S),
        )
    except (KeyError, ValueError):
        raise AwsError("ConnectionError", message="unreadable reply: no credentials in it") from None
