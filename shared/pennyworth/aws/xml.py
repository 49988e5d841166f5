"""STS and S3 answer in XML: its leaves by name are all there is to know."""

from xml.parsers import expat


def leaves(document: bytes) -> dict[str, str]:
    """Text of every element without children, by local name; the first wins. Raises ValueError."""
    return records(document, "")[0]


def records(document: bytes, name: str) -> list[dict[str, str]]:
    """The leaves outside any element of that name, and then those of each such element. Raises ValueError.

    Document types are refused: AWS sends none, and they are how XML attacks its readers.
    """
    found: list[dict[str, str]] = [{}]
    text: list[str] = []
    leaf = inside = False

    def start(tag: str, _attributes: object) -> None:
        nonlocal leaf, inside
        if tag == name:
            inside = True
            found.append({})
        leaf = True
        text.clear()

    def end(tag: str) -> None:
        nonlocal leaf, inside
        if leaf:
            found[-1 if inside else 0].setdefault(tag.rsplit(":", 1)[-1], "".join(text))
        leaf = False
        inside = inside and tag != name

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
