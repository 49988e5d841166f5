"""python -m local.aws --port N [--state FILE]"""

import argparse
import os
import signal
import sys
import threading
from pathlib import Path
from types import FrameType

from local.aws.extensions import install
from local.aws.server import Application, serve
from local.aws.state import InUseError, StateFile


def arguments(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m local.aws", description="AWS on this machine: moto, made stricter")
    parser.add_argument("--port", type=int, default=4566, help="on 127.0.0.1; 0 for a free one")
    parser.add_argument("--state", type=Path, help="keep users, groups, keys and parameters in this file")
    return parser.parse_args(argv)


def main() -> int:
    options = arguments()
    install()
    state = None
    try:
        if options.state:
            state = StateFile(options.state)
            if (unusable := state.restore()) is not None:
                print(unusable, file=sys.stderr, flush=True)
    except InUseError as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"cannot keep the state in {options.state}: {_reason(error)}", file=sys.stderr)
        return 1
    application = Application(state)
    try:
        server = serve(options.port, application)
    except OSError as error:
        print(f"cannot start on port {options.port}: {_reason(error)}", file=sys.stderr)
        return 1

    def stop(_signal: int, _frame: FrameType | None) -> None:
        # From another thread: shutdown() waits for the loop that this handler interrupts.
        threading.Thread(target=server.shutdown).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    print(f"listening on http://127.0.0.1:{server.server_address[1]}", flush=True)
    server.serve_forever()
    application.save()
    return 0


def _reason(error: OSError) -> str:
    return os.strerror(error.errno) if error.errno else str(error)


if __name__ == "__main__":
    sys.exit(main())
