"""What a prompt offers to fill arguments with: quoted strings, numbers, names and truths, taken in order."""

import re
from collections.abc import Sequence

QUOTED = re.compile(r"\"([^\"\n]+)\"|“([^”\n]+)”|`([^`\n]+)`|(?<!\w)'([^'\n]+)'(?!\w)")
EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]*\w")
URL = re.compile(r"https?://[^\s\"'<>)]*[^\s\"'<>).,!?]")
DATE_TIME = re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?")
DATE = re.compile(r"\b\d{4}-\d\d-\d\d\b")
TIME = re.compile(r"\b\d\d:\d\d(?::\d\d)?\b")
UUID = re.compile(r"\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b")
NUMBER = re.compile(r"(?<![\w.,])-?\d+(?:\.\d+)?(?![\w])")
TRUTH = re.compile(r"\b(true|false|yes|no|on|off)\b", re.IGNORECASE)
# A capitalised name that does not merely begin a sentence.
NAME = re.compile(r"(?<=[a-z0-9,;:)] )[A-Z][\w'-]*(?: [A-Z][\w'-]*)*")
KINDS = ("quoted", "numbers", "names")
FORMATS = {"email": EMAIL, "uri": URL, "url": URL, "date-time": DATE_TIME, "date": DATE, "time": TIME, "uuid": UUID}


class Material:
    """Each kind is handed out in the order of the prompt, and again only when nothing is left.

    `rest` is a wider prompt to fall back on.
    """

    def __init__(self, prompt: str, rest: "Material | None" = None) -> None:
        self.prompt, self.rest = prompt, rest
        self.quoted = [next(filter(None, found)) for found in QUOTED.findall(prompt)]
        bare = QUOTED.sub(" ", prompt)
        for pattern in (URL, EMAIL, DATE_TIME, UUID, DATE, TIME):
            bare = pattern.sub(" ", bare)
        self.numbers = NUMBER.findall(bare) or [text for text in self.quoted if NUMBER.fullmatch(text)]
        self.truths = [word.lower() in ("true", "yes", "on") for word in TRUTH.findall(bare)]
        self.names = NAME.findall(bare)
        self.used: set[tuple[str, int]] = set()

    def left(self, kind: str) -> list[int]:
        """The positions of what was not handed out yet."""
        return [at for at in range(len(getattr(self, kind))) if (kind, at) not in self.used]

    def take(self, kind: str, again: bool = False) -> str | bool | None:
        """The next unused value of a kind; with `again`, the last one when all are used, or one of the rest."""
        values, left = getattr(self, kind), self.left(kind)
        if not left and again and not values and self.rest:
            return self.rest.take(kind, again)
        if not left:
            return values[-1] if values and again else None
        self.used.add((kind, left[0]))
        return values[left[0]]

    def formatted(self, name: str) -> str | None:
        """What the prompt holds in a JSON schema format, as `email`."""
        if name not in FORMATS:
            return None
        found = FORMATS[name].search(self.prompt)
        return found.group() if found else self.rest.formatted(name) if self.rest else None

    def stated(self, name: str) -> str | None:
        """What the prompt says of a property outright: `name: value`, `name=value`, `name "value"`."""
        found = re.search(
            rf"(?<!\w){spelled(name)}(?:\s*[:=]\s*|\s+(?:is\s+|of\s+|to\s+|as\s+)?(?=[\"“`]))"
            r"(?:\"([^\"\n]+)\"|“([^”\n]+)”|`([^`\n]+)`|([^\s,;\"“`]*[^\s,;.!?\"“`]))",
            self.prompt,
            re.IGNORECASE,
        )
        if found is None:
            return self.rest.stated(name) if self.rest else None
        return next(filter(None, found.groups()))

    def given(self, name: str) -> str | None:
        """`stated`, as often as the prompt holds it: the second item of a list is not the first again."""
        text = self.stated(name)
        held = [(kind, at) for kind in KINDS for at, value in enumerate(getattr(self, kind)) if value == text]
        left = [place for place in held if place not in self.used]
        if held and not left:
            return None
        self.used |= set(left[:1])
        return text

    def mentions(self, name: str) -> bool:
        return re.search(rf"(?<!\w){spelled(name)}(?!\w)", self.prompt, re.IGNORECASE) is not None

    def denies(self, name: str) -> bool:
        """Does the prompt mention a property only to say no?"""
        refusal = rf"\b(?:not|no|without|never|don't)\s+(?:\w+\s+)?{spelled(name)}(?!\w)"
        return re.search(refusal, self.prompt, re.IGNORECASE) is not None

    def first(self, words: Sequence[object]) -> object | None:
        """Of the words of an enum, the one the prompt mentions first."""
        found = [(self.position(str(word)), word) for word in words]
        here = min((pair for pair in found if pair[0] >= 0), key=lambda pair: pair[0], default=None)
        return here[1] if here else self.rest.first(words) if self.rest else None

    def position(self, word: str) -> int:
        found = re.search(rf"(?<!\w){re.escape(word)}(?!\w)", self.prompt, re.IGNORECASE)
        return found.start() if found else -1


def spelled(name: str) -> str:
    """A pattern for a name as people write it: `unit_price`, `unit-price`, `unit price`, `unitPrice`."""
    words = re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])", name) or [name]
    return r"[\s_-]?".join(map(re.escape, words))
