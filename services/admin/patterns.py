"""Patterns of model names, as they stand in keys and groups: `*` for any letters, `?` for one. Pure."""

from collections.abc import Callable, Iterable

Position = tuple[int, int]  # how far each of the two has been read


def covers(wide: str, narrow: str) -> bool:
    """Whether `wide` matches every name that `narrow` matches. It may say no where only a longer look could tell, as
    of `*?` and `?*`; never yes to what is wider."""

    def after(i: int, j: int) -> Iterable[Position]:
        if i < len(wide) and wide[i] == "*":
            return ((i + 1, j), (i, j + 1))
        alike = i < len(wide) and j < len(narrow) and narrow[j] != "*" and wide[i] in ("?", narrow[j])
        return ((i + 1, j + 1),) if alike else ()

    return _reached(wide, narrow, after)


def meets(one: str, other: str) -> bool:
    """Whether there can be a name that both match."""

    def after(i: int, j: int) -> Iterable[Position]:
        left, right = one[i : i + 1], other[j : j + 1]
        if "*" in (left, right):
            return ((i + 1, j), (i, j + 1))
        alike = left and right and (left == right or "?" in (left, right))
        return ((i + 1, j + 1),) if alike else ()

    return _reached(one, other, after)


def _reached(one: str, other: str, after: Callable[[int, int], Iterable[Position]]) -> bool:
    """Whether both can be read to their ends."""
    end = (len(one), len(other))
    ahead: list[Position] = [(0, 0)]
    seen = set(ahead)
    while ahead and end not in seen:
        new = {(i, j) for i, j in after(*ahead.pop()) if i <= end[0] and j <= end[1]} - seen
        ahead += new
        seen |= new
    return end in seen
