"""Who is calling, read fresh: the claims of an ID token are up to an hour old, and an hour is long for an ex-admin."""

from pennyworth.errors import Problem
from pennyworth.http import Event
from pennyworth.policy import authorize, effective, require
from pennyworth.principal import Principal
from services.admin.directory import Directory
from services.admin.people import is_user_id


def caller(event: Event, directory: Directory) -> Principal:
    """The signed-in person whose token API Gateway verified, as Cognito has them now.

    Raises Problem: invalid_api_key without claims, account_disabled for a person who is deleted.
    """
    user_id = _subject(event)
    person = directory.find(user_id)
    if person is None or person.id != user_id:
        raise Problem("account_disabled")
    group = effective(directory.groups_of(user_id))
    return Principal(
        user_id=person.id,
        name=person.email,
        key_id="",
        group=group.name,
        role_arn=group.role_arn,
        actions=group.policy.actions,
        models=group.policy.models,
        active=person.enabled,
        guardrail=group.policy.guardrail,
        guardrails=group.policy.guardrails,
        tools=group.policy.tools,
    )


def administrator(event: Event, directory: Directory) -> Principal:
    """The caller, who may administer. Raises Problem."""
    admin = caller(event, directory)
    authorize(admin, "admin")
    return admin


def oneself(event: Event, directory: Directory) -> Principal:
    """The caller, whatever they may do, as long as their account is not disabled. Raises Problem."""
    person = caller(event, directory)
    require(person.active, "account_disabled")
    return person


def _subject(event: Event) -> str:
    try:
        subject = event["requestContext"]["authorizer"]["claims"]["sub"]
    except (KeyError, TypeError):
        subject = None
    if not isinstance(subject, str) or not is_user_id(subject):
        raise Problem("invalid_api_key")
    return subject
