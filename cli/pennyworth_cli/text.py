"""Others' words, names and answers, as a terminal may show them. Pure."""

import json
import unicodedata
from itertools import chain

# What turns the order of the characters around it, has no width or only looks blank: a line would read as another one.
# The joiners U+200C and U+200D and variation selectors stay, which scripts and emoji are written with. Source:
# Unicode's Default_Ignorable_Code_Point, and Bidi_Control within it (Unicode 17, DerivedCoreProperties.txt).
_UNSEEN = frozenset(
    map(
        chr,
        chain(
            (0x00AD, 0x034F, 0x061C, 0x180E, 0x200B, 0x200E, 0x200F, 0x3164, 0xFEFF, 0xFFA0),
            range(0x115F, 0x1161),
            range(0x17B4, 0x17B6),
            range(0x202A, 0x202F),
            range(0x2060, 0x2070),
            range(0xFFF0, 0xFFFC),
            range(0x1BCA0, 0x1BCA4),
            range(0x1D173, 0x1D17B),
            range(0xE0000, 0xE0080),
        ),
    )
)
_STEERING = ("Cc", "Cs")  # Unicode's categories: controls, and halves of a character
_LINE_ENDS = str.maketrans(dict.fromkeys("\n\t\u2028\u2029", " "))


def plain(text: object) -> str:
    """Without what a terminal would obey: an escape sequence could rewrite the screen. Tabs and line ends stay."""
    return "".join(char for char in str(text) if char in "\n\t" or not steers(char))


def inline(text: object) -> str:
    """The same as a part of a line, or a name could look like a row of its own."""
    return plain(text).translate(_LINE_ENDS)


def escaped(char: str) -> str:
    """As JSON writes what a terminal would obey, or show as something else: still the same JSON."""
    return json.dumps(char)[1:-1] if char != "\n" and steers(char) else char


def steers(char: str) -> bool:
    return char in _UNSEEN or unicodedata.category(char) in _STEERING
