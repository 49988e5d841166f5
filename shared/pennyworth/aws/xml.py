"""STS answers in XML: its leaves by name are all there is to know."""

from xml.parsers import expat


def leaves(document: bytes) -> dict[str, str]:
    """Text of every element without children, by local name; the first wins. Raises ValueError.

    Document types are refused: AWS sends none, and they are how XML attacks its readers.
    """
    found: dict[str, str] = {}
    text: list[str] = []
    leaf = False

    def start(_name: str, _attributes: object) -> None:
        nonlocal leaf
        leaf = True
        text.clear()

    def end(name: str) -> None:
        nonlocal leaf
        if leaf:
            found.setdefault(name.rsplit(":", 1)[-1], "".join(text))
        leaf = False

    def doctype(*_: object) -> None:
        raise ValueError("a document type")

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = text.append
    parser.StartDoctypeDeclHandler = doctype
    try:
        parser.Parse(document, True)
    except expat.ExpatError as error:
        raise ValueError("not XML") from error
    return found
