"""`admin`: the first administrator of an installation, made where nobody can yet ask the admin API for one."""

import getpass
import json
import shlex
import sys
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from tools.ops.environment import Environment
from tools.ops.errors import OpsError, UsageError
from tools.ops.workspace import opened


def admin(environment: Environment, email: str, group: str) -> int:
    """Shell lines on stdout, everything else on stderr: for `eval`. Raises OpsError."""
    if not email:
        raise UsageError("Who? Add EMAIL=, the address they sign in with.")
    if email.count("@") != 1 or email.split() != [email] or email[0] == "@" or email[-1] == "@":
        raise UsageError(f"EMAIL={email} is no e-mail address.")
    workspace = opened(environment)
    deployed = workspace.deployed("base_url", "user_pool_id", "client_id")
    directory = Directory(workspace.account.client("cognito-idp"), deployed["user_pool_id"], deployed["client_id"])
    directory.check_group(group)
    password = _password(email)
    user_id = directory.person(email, password, group)
    token = directory.token(email, password)
    print(f"export OPENAI_BASE_URL={shlex.quote(deployed['base_url'])}")
    print(f"export PENNYWORTH_ADMIN_TOKEN={shlex.quote(token)}", flush=True)
    _say_what_next(email, group, user_id)
    return 0


class Directory:
    """People in the user pool. Every method raises OpsError."""

    def __init__(self, client: Any, user_pool_id: str, client_id: str) -> None:
        self._client, self._pool, self._client_id = client, user_pool_id, client_id

    def check_group(self, group: str) -> None:
        """The group is there and allows `admin`."""
        pages = self._client.get_paginator("list_groups").paginate(UserPoolId=self._pool)
        known = {each["GroupName"]: _actions(each) for page in pages for each in page["Groups"]}
        if group not in known:
            raise OpsError(f"There is no group '{group}': the user pool has {', '.join(sorted(known)) or 'none'}.")
        if "admin" not in known[group]:
            able = ", ".join(sorted(name for name, actions in known.items() if "admin" in actions))
            raise OpsError(
                f"The group '{group}' does not allow admin: "
                + (f"add GROUP=, one of: {able}." if able else "give one the action in the environment's values.")
            )

    def person(self, email: str, password: str, group: str) -> str:
        """The id of a person, made or found, who has this password and is in this group."""
        who = {"UserPoolId": self._pool, "Username": email}
        attributes = [{"Name": "email", "Value": email}, {"Name": "email_verified", "Value": "true"}]
        try:
            self._client.admin_create_user(**who, UserAttributes=attributes, MessageAction="SUPPRESS")
            print(f"Made {email}.", file=sys.stderr)
        except self._client.exceptions.UsernameExistsException:
            print(f"{email} is there already: the password is set anew.", file=sys.stderr)
        try:
            self._client.admin_set_user_password(**who, Password=password, Permanent=True)
        except self._client.exceptions.InvalidPasswordException as error:
            raise OpsError(f"The password is not taken: {_message(error)}. Run this again with another.") from None
        self._client.admin_add_user_to_group(**who, GroupName=group)
        return str(self._client.admin_get_user(**who)["Username"])

    def token(self, email: str, password: str) -> str:
        """An ID token, good for an hour."""
        try:
            answer = self._client.admin_initiate_auth(
                UserPoolId=self._pool,
                ClientId=self._client_id,
                AuthFlow="ADMIN_USER_PASSWORD_AUTH",
                AuthParameters={"USERNAME": email, "PASSWORD": password},
            )
        except ClientError as error:
            raise OpsError(f"{email} is made, but Cognito gives no token: {_message(error)}") from None
        if "AuthenticationResult" in answer:
            return str(answer["AuthenticationResult"]["IdToken"])
        if "MFA" in answer["ChallengeName"]:
            raise OpsError(
                f"{email} has a second factor, so the password alone gives no token: sign in with the code of the "
                "authenticator app, or take another EMAIL for a new administrator."
            )
        raise OpsError(
            f"Cognito wants {answer['ChallengeName']} of {email} first: sign in with an application for that."
        )


def _actions(group: Mapping[str, Any]) -> list[str]:
    """What a group allows; its description is its policy."""
    return list(json.loads(group.get("Description") or "{}").get("actions", []))


def _password(email: str) -> str:
    """Asked for at the terminal, twice, or the first line of what is piped in."""
    if not sys.stdin.isatty():
        given = sys.stdin.readline().rstrip("\r\n")
    else:
        given = getpass.getpass(f"A new password for {email}: ", stream=sys.stderr)
        if given and given != getpass.getpass("Once more: ", stream=sys.stderr):
            raise OpsError("The two passwords differ: run this again.")
    if not given:
        raise OpsError("No password was given: type one at the terminal, or pipe it in as one line.")
    return given


def _message(error: ClientError) -> str:
    return str(error.response["Error"].get("Message", error)).rstrip(".")


def _say_what_next(email: str, group: str, user_id: str) -> None:
    print(
        f"""{email} is in the group '{group}'. The token is good for an hour.
An API key of theirs (`value` is shown this once), then a first question:
  curl "$OPENAI_BASE_URL/organization/users/{user_id}/api_keys" -H "Authorization: Bearer $PENNYWORTH_ADMIN_TOKEN" \\
    -H 'Content-Type: application/json' -d '{{"name": "laptop"}}'
  curl "$OPENAI_BASE_URL/models" -H "Authorization: Bearer sk-pw-…\"""",
        file=sys.stderr,
    )
    if sys.stdout.isatty():
        print('To have these in the shell: eval "$(make -s admin ENV=… EMAIL=…)"', file=sys.stderr)
