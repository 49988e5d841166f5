"""Write the vocabulary that services/openai/vocabulary.py reads, from the file that tiktoken reads.

    python -m tools.vocabulary cl100k_base.tiktoken

OpenAI publishes the file at https://openaipublic.blob.core.windows.net/encodings/cl100k_base.tiktoken, and packages
carry copies. Where it is from does not matter: its hash is the one that tiktoken demands.
"""

import argparse
import base64
import hashlib
import sys
from pathlib import Path

TARGET = Path(__file__).resolve().parent.parent / "services/openai/cl100k_base.bin"
# In tiktoken 0.14's tiktoken_ext/openai_public.py.
SHA256 = "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7"


def packed(original: bytes) -> bytes:
    """The tokens in the order of their ids: the length of each in a byte, then all their bytes."""
    tokens = [base64.b64decode(line.split()[0]) for line in original.splitlines()]
    return bytes(map(len, tokens)) + b"".join(tokens)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tools.vocabulary", description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path, help="cl100k_base.tiktoken")
    original = parser.parse_args().file.read_bytes()
    if hashlib.sha256(original).hexdigest() != SHA256:
        sys.exit("vocabulary: this is not OpenAI's cl100k_base.tiktoken: its SHA-256 is another.")
    TARGET.write_bytes(packed(original))


if __name__ == "__main__":
    main()
