"""The ledger's Lambda handler with another clock: a module of the admin artifact that a test builds.

CloudWatch Logs takes no line from more than two hours ahead. So the log stays on the real clock, and each line is dated
by the other one when the ledger is told of it.
"""

import gzip
import json
from base64 import b64decode, b64encode
from functools import cache

from pennyworth import clock
from pennyworth.settings import settings
from services.admin.aws import client
from services.admin.ledger import app
from services.admin.ledger.ledger import Ledger
from services.admin.ledger.shelf import Shelf
from services.admin.objects import Objects


@cache
def ledger():
    """As the ledger's own module composes it, but for the clock."""
    shelf = Shelf(Objects(client("s3"), settings().bucket))
    return Ledger(shelf, client("cognito-idp"), settings().user_pool_id, clock.now)


def handler(event, context):
    message = json.loads(gzip.decompress(b64decode(event["awslogs"]["data"])))
    for line in message["logEvents"]:
        line["timestamp"] += int(clock.ahead_s() * 1e3)
    return app.handler({"awslogs": {"data": b64encode(gzip.compress(json.dumps(message).encode()))}}, context)


app.ledger = ledger
