"""The ledger's Lambda handler: CloudWatch Logs invokes it with the usage records of one log stream, as they come."""

import time
from functools import cache
from typing import Any

from pennyworth.logs import logger
from pennyworth.settings import settings
from services.admin.aws import client
from services.admin.ledger.batch import batch
from services.admin.ledger.ledger import Ledger
from services.admin.ledger.shelf import Shelf
from services.admin.objects import Objects

_RESERVE_S = 5.0  # of the function's time, to say what was left undone


def handler(event: dict[str, Any], context: Any) -> dict[str, int]:
    """A subscription's message -> how many usage records it held.

    Nobody reads the answer; what matters is whether there is one. Where this raises, Lambda tries twice more, a minute
    and two later.
    """
    found = batch(event)
    if found.skipped:
        logger.error("usage records that cannot be counted", batch=found.id, records=found.skipped)
    if found.uses:
        ends_at = time.monotonic() + context.get_remaining_time_in_millis() / 1e3 - _RESERVE_S
        ledger().count(found, ends_at)
        cost = sum(use.cost_microusd for use in found.uses)
        logger.info("counted", batch=found.id, records=len(found.uses), cost_microusd=cost)
    return {"records": len(found.uses)}


@cache
def ledger() -> Ledger:
    """The ledger of this process."""
    return Ledger(Shelf(Objects(client("s3"), settings().bucket)), client("cognito-idp"), settings().user_pool_id)
