"""What a caller may use of a source, by their group, their key and the toolset they chose."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from pennyworth.principal import Principal
from services.mcp.access.guarded import Grants
from services.mcp.protocol import INVALID_REQUEST, RpcError

Toolsets = Mapping[str, tuple[str, ...]]  # name → shell patterns of tools

TOOLSET = "@"  # before the name of a toolset, in a key's patterns


def grants(caller: Principal, chosen: Sequence[str] | None, toolsets: Toolsets, actions: Mapping[str, str]) -> Grants:
    """Of the gateway's own source. `chosen`: the patterns a request confines itself to, if it does; `actions`: what a
    caller must be allowed to do for a tool to be of any use, by its name."""
    own = foreign(caller, chosen, toolsets, own=True)

    def granted(name: str) -> bool:
        needed = actions.get(name)
        return (needed is None or needed in caller.actions) and own(name)

    return granted


def foreign(caller: Principal, chosen: Sequence[str] | None, toolsets: Toolsets, *, own: bool = False) -> Grants:
    """Of another server's source."""
    caller = replace(caller, key_tools=tuple(_expanded(caller.key_tools, toolsets)))

    def granted(name: str) -> bool:
        within = chosen is None or any(fnmatchcase(name, pattern) for pattern in chosen)
        return within and caller.may_call(name, own=own)

    return granted


def chosen(names: str, toolsets: Toolsets) -> tuple[str, ...] | None:
    """The patterns of the toolsets a request names, parted by commas; None if it names none. Raises RpcError for one
    that there is not: who wants few tools is not to get all of them for a mistyped word."""
    wanted = [name.strip() for name in names.split(",") if name.strip()]
    if not wanted:
        return None
    for name in wanted:
        if name not in toolsets:
            known = ", ".join(sorted(toolsets)) or "none"
            raise RpcError(INVALID_REQUEST, f"There is no toolset '{name[:100]}'. There are: {known}.", status=404)
    return tuple(pattern for name in wanted for pattern in toolsets[name])


def _expanded(patterns: Sequence[str], toolsets: Toolsets) -> list[str]:
    """With a toolset's patterns in its place; one that is not there any more holds nothing."""
    found: list[str] = []
    for pattern in patterns:
        found += toolsets.get(pattern[1:], ()) if pattern.startswith(TOOLSET) else (pattern,)
    return found
