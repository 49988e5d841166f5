"""A process with the service in it: answers the events of a file, one after the other."""

import json
import sys
from pathlib import Path

from services.admin.app import handler

for event in json.loads(Path(sys.argv[1]).read_text()):
    print("reply " + json.dumps(handler(event, None)), flush=True)
