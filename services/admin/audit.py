"""The record every change leaves: who did what to whom, when and from where. No secret, no address, no name."""

from typing import Any

from pennyworth.http import Event
from pennyworth.logs import logger
from pennyworth.principal import Principal


def audit(event: Event, caller: Principal, action: str, user_id: str, **details: Any) -> None:
    """One line of the log, its time stamped by the logger. `action` is a type of OpenAI's audit log (`user.added`),
    `user_id` whom it was done to, `details` ids and settings of what was changed."""
    context = event["requestContext"]
    logger.info(
        "audit",
        action=action,
        actor=caller.user_id,
        target=user_id,
        source_ip=(context.get("identity") or {}).get("sourceIp"),
        request_id=context["requestId"],
        **details,
    )
