"""python -m local: the whole system, until Ctrl-C. `make run` starts it; local/options.py lists its variables."""

import asyncio
import os
import signal
import sys

from local.options import Options, UsageError


def say(line: str) -> None:
    print(line, flush=True)


async def serve(options: Options) -> int:
    import httpx
    from botocore.exceptions import BotoCoreError, ClientError

    from local.children import ChildError
    from local.people import PeopleError
    from local.system import run

    task = asyncio.ensure_future(run(options, say))
    stopped = []

    def stop() -> None:
        if not stopped:  # once: a second signal must not break off the clearing up
            stopped.append(True)
            say("\nStopping.")
            task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stop)
    try:
        await task
    except asyncio.CancelledError:
        return 0
    except UsageError as error:
        print(error, file=sys.stderr)
        return 2
    except (ChildError, PeopleError, httpx.HTTPError, BotoCoreError, ClientError, OSError) as error:
        print(f"The local system could not go on: {error}\nIts log is {options.folder / 'log'}.", file=sys.stderr)
        return 1
    return 0


def main() -> int:
    try:
        return asyncio.run(serve(Options.of(os.environ)))
    except UsageError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:  # before the signals were ours
        return 130


if __name__ == "__main__":
    sys.exit(main())
