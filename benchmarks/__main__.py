"""Measure, print the table, write latest.json.

python -m benchmarks            everything, in about a minute; exit code 1 when a figure is over its budget
python -m benchmarks --quick    one short round of each, to see that everything answers; judges and writes nothing
"""

import argparse
import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.figures import results, table, write
from benchmarks.run import Rounds, measure
from benchmarks.stack import up
from benchmarks.subjects import Broken
from local.children import ChildError
from tools.errors import BuildError

LATEST = Path(__file__).with_name("latest.json")
QUICK = Rounds(warm=1, chats=5, streams=5, cold=1)


async def samples(rounds: Rounds) -> dict[str, list[float]]:
    async with up() as stack:
        return await measure(stack, rounds)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one short round of each; judges and writes nothing")
    options = parser.parse_args()
    if sys.platform != "linux":
        sys.exit("benchmarks: Linux only; other systems do not tell a process's CPU time exactly enough")
    try:
        found = results(asyncio.run(samples(QUICK if options.quick else Rounds())))
    except (Broken, BuildError, ChildError) as error:
        sys.exit(f"benchmarks: {error}")
    print(table(found))
    if options.quick:
        return
    write(found, datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), LATEST)
    print(f"written to {LATEST.parent.name}/{LATEST.name}")
    if over := [each.figure.name for each in found if each.holds is False]:
        sys.exit(f"benchmarks: over budget: {', '.join(over)}")


if __name__ == "__main__":
    main()
