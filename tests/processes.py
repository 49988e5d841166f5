"""Who belongs to a process, by the process table."""

import subprocess


def family(pid: int) -> set[int]:
    """All living descendants, by the process table."""
    table = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,stat="], capture_output=True, text=True, check=True).stdout
    rows = [line.split() for line in table.splitlines()]
    children: dict[int, list[int]] = {}
    for child, parent, state in rows:
        if not state.startswith("Z"):
            children.setdefault(int(parent), []).append(int(child))
    found: set[int] = set()
    waiting = [pid]
    while waiting:
        for child in children.get(waiting.pop(), []):
            found.add(child)
            waiting.append(child)
    return found


def alive(pids: set[int]) -> set[int]:
    table = subprocess.run(["ps", "-A", "-o", "pid=,stat="], capture_output=True, text=True, check=True).stdout
    rows = (line.split() for line in table.splitlines())
    return {int(pid) for pid, state in rows if not state.startswith("Z")} & pids
