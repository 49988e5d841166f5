"""What somebody else wrote, for a person to read: a client's name, the parameter that it sent twice."""

import re

# Characters that show nothing and yet are letters, marks or symbols to Unicode: fillers, the blank of Braille,
# variation selectors. The rest of what is unseen (controls, what turns the direction of text, joiners, tags, lone
# surrogates) is not printable to Python. Source: Default_Ignorable_Code_Point in Unicode's DerivedCoreProperties.txt
# (read 2026-11).
_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)


def plain(text: str) -> str:
    """The text on one line, without what nobody sees: nothing in it turns or hides what stands beside it."""
    seen = "".join(each for each in " ".join(text.split()) if each.isprintable())
    return " ".join(_UNSEEN.sub("", seen).split())
