"""Our copy of cl100k_base, held to tiktoken: to the hash it demands of OpenAI's file, and to what it makes of it."""

import hashlib
import json
from importlib import metadata
from pathlib import Path

import pytest
import tiktoken.load
import tiktoken.registry
from hypothesis import given
from hypothesis import strategies as st
from tiktoken_ext import openai_public

from services.openai import vocabulary
from tests.vocabulary import original, tiktoken_cache
from tools.vocabulary import SHA256, TARGET, packed

SOURCE = Path(tiktoken.__file__).parents[1] / "tiktoken_ext/openai_public.py"


@pytest.fixture(scope="module")
def encoding(tmp_path_factory):
    """tiktoken's, which reads the file from its cache, finds the hash to be right, and asks no network."""
    folder = tiktoken_cache(tmp_path_factory.mktemp("tiktoken"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TIKTOKEN_CACHE_DIR", str(folder))
        patch.setattr(tiktoken.load, "read_file", lambda _: pytest.fail("the network was asked"))
        return tiktoken.Encoding(**openai_public.cl100k_base())


def test_the_copy_is_of_the_file_that_openai_publishes():
    assert hashlib.sha256(original()).hexdigest() == SHA256
    assert SHA256 in SOURCE.read_text()
    assert packed(original()) == TARGET.read_bytes()


def test_the_models_for_embeddings_and_completions_share_it():
    models = ("text-embedding-3-small", "text-embedding-3-large", "text-embedding-ada-002", "gpt-3.5-turbo-instruct")
    assert {tiktoken.encoding_name_for_model(model) for model in models} == {"cl100k_base"}


@given(text=st.text())
def test_a_text_comes_back_from_its_ids(encoding, text):
    assert vocabulary.text(encoding.encode_ordinary(text)) == text


@given(ids=st.lists(st.integers(0, vocabulary.SIZE - 1)))
def test_any_ids_are_what_tiktoken_makes_of_them(encoding, ids):
    assert vocabulary.text(ids) == encoding.decode(ids)


def test_marks_are_no_text(encoding):
    for one in (encoding.eot_token, encoding.max_token_value, vocabulary.SIZE):
        with pytest.raises(ValueError, match="no token of cl100k_base"):
            vocabulary.text([one])


def test_a_long_text_that_was_split_between_tokens_loses_nothing_but_the_character_at_the_edge(encoding):
    text = "\U0001f989\u732b" * 2000
    ids = encoding.encode_ordinary(text)
    pieces = [vocabulary.text(ids[at : at + 8191]) for at in range(0, len(ids), 8191)]
    assert all(piece.strip("\ufffd") in text for piece in pieces)
    assert len("".join(pieces).replace("\ufffd", "")) >= len(text) - len(pieces)
    assert json.loads(json.dumps(pieces)) == pieces


def test_the_copy_comes_with_its_licence():
    assert TARGET.with_suffix(".LICENSE").read_text() == metadata.distribution("tiktoken").read_text("licenses/LICENSE")
