"""A process with the service in it: answers the events of a file, one after the other."""

import json
import sys
from pathlib import Path

from services.admin.app import handler

for event in json.loads(Path(sys.argv[1]).read_text()):
    reply = handler(event, None)
    while reply["statusCode"] == 409:  # the others kept the lock for long: try again, as OpenAI's client does
        reply = handler(event, None)
    print("reply " + json.dumps(reply), flush=True)
