"""OpenAI's cl100k_base.tiktoken, out of our copy: tiktoken would download it."""

import base64
import hashlib

from services.openai import vocabulary

_URL = "https://openaipublic.blob.core.windows.net/encodings/cl100k_base.tiktoken"


def original():
    """The file as it was, byte for byte."""
    data, starts = vocabulary._table()
    tokens = (data[starts[one] : starts[one + 1]] for one in range(vocabulary.SIZE))
    return b"".join(b"%s %d\n" % (base64.b64encode(token), one) for one, token in enumerate(tokens))


def tiktoken_cache(folder):
    """The folder, made a TIKTOKEN_CACHE_DIR: tiktoken reads the file there, if its hash is right."""
    folder.mkdir(exist_ok=True)
    name = hashlib.sha1(_URL.encode()).hexdigest()  # noqa: S324 -- tiktoken's way to name it
    (folder / name).write_bytes(original())
    return folder
