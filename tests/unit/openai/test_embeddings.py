"""Texts as vectors: each folder of tests/golden/embeddings is a case, its request one call."""

import base64
import json
import struct
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pennyworth.aws import UNSIGNED, AwsError
from pennyworth.body import check
from pennyworth.errors import Problem
from services.openai.catalogue import find, models
from services.openai.embeddings import Batch, EmbeddingRequest, batches, embedding_list, encoded, pieces
from services.openai.makers import from_invoke, to_invoke
from services.openai.providers.bedrock import Bedrock

CASES = sorted((Path(__file__).parents[2] / "golden" / "embeddings").iterdir())
TITAN, COHERE, NOVA = "titan-embed-text-v2", "cohere-embed-english-v3", "nova-2-multimodal-embeddings"


def read(case, name):
    return json.loads((case / f"{name}.json").read_text())


def asked(case):
    request = check(EmbeddingRequest, read(case, "request"))
    model = find(request.model)
    (batch,) = batches(request, model)
    return request, model, batch


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_request_becomes_this_body(case):
    request, model, batch = asked(case)
    assert to_invoke(batch, request, model) == read(case, "invoke")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_reply_becomes_this_list(case):
    request, model, batch = asked(case)
    reply = read(case, "reply")
    made = from_invoke(reply["body"], reply["headers"], batch, request, model)
    assert json.loads("".join(pieces(embedding_list([made], request)))) == read(case, "embeddings")


def body(model=TITAN, given="a", **more):
    return {"model": model, "input": given, **more}


REFUSED = [
    # request, code, param, what the message says
    ({"model": TITAN}, "missing_required_parameter", "input", "Missing"),
    (body(given=None), "invalid_value", "input", "string"),
    (body(given=7), "invalid_value", "input", "string"),
    (body(given={"text": "a"}), "invalid_value", "input", "string"),
    (body(given=""), "invalid_value", "input", "not empty"),
    (body(given=[]), "invalid_value", "input", "not empty"),
    (body(given=["a", ""]), "invalid_value", "input[1]", "not be empty"),
    (body(given=["a", 1]), "invalid_value", "input[1]", "string"),
    (body(given=["a", None]), "invalid_value", "input[1]", "string"),
    (body(given=["a", ["b"]]), "invalid_value", "input[1]", "string"),
    (body(given=[1, 100256]), "invalid_value", "input", "the id 100256 at 1 is no token of cl100k_base"),
    (body(given=[-1]), "invalid_value", "input", "the id -1 at 0"),
    (body(given=[[1, 2], [3, 10**3000]]), "invalid_value", r"input[1]", "the id 100000000000 at 1"),
    (body(given=[[1, 2], []]), "invalid_value", "input[1]", "not be empty"),
    (body(given=[[]]), "invalid_value", "input[0]", "not be empty"),
    (body(given=[[1], [True]]), "invalid_value", "input[1]", "token ids"),
    (body(given=[[1], [1.0]]), "invalid_value", "input[1]", "token ids"),
    (body(given=[[1], [[1]]]), "invalid_value", "input[1]", "token ids"),
    (body(given=[1, "a"]), "invalid_value", "input[0]", "string"),
    (body(given=[True]), "invalid_value", "input[0]", "string"),
    (body(given=[1] * 8193), "invalid_value", "input", "8192 are the most: split it"),
    (body(given=[[1], [1] * 8193]), "invalid_value", "input[1]", "8192 are the most: split it"),
    (body(given=[[1] * 8000] * 38), "invalid_value", "input", "304000 token ids, and 300000 are the most"),
    (body(given=[[1]] * 2049), "invalid_value", "input", "2048 are the most"),
    (body(given=["a"] * 2049), "invalid_value", "input", "2048 are the most"),
    (body(given="a" * 50001), "invalid_value", "input", "split it"),
    (body(COHERE, ["a", "a" * 2049]), "invalid_value", "input[1]", "reads 2048: split it"),
    (body(dimensions=300), "invalid_value", "dimensions", "1024 or 512 or 256"),
    (body(dimensions=True), "invalid_value", "dimensions", "integer"),
    (body(dimensions="256"), "invalid_value", "dimensions", "integer"),
    (body(COHERE, dimensions=256), "invalid_value", "dimensions", "makes 1024"),
    (body(NOVA, dimensions=512), "invalid_value", "dimensions", "384"),
    (body(encoding_format="int8"), "invalid_value", "encoding_format", "base64"),
    (body(input_type="search_query"), "unsupported_parameter", "input_type", "Leave it out"),
    (body(COHERE, input_type="image"), "invalid_value", "input_type", "clustering"),
    (body(user=7), "invalid_value", "user", "string"),
    (body(truncate="END"), "unsupported_parameter", "truncate", "Leave it out"),
]


@pytest.mark.parametrize(("request_", "code", "param", "words"), REFUSED)
def test_a_bad_request_names_its_parameter_and_the_remedy(request_, code, param, words):
    with pytest.raises(Problem, match=words) as raised:
        batches(check(EmbeddingRequest, request_), find(request_["model"]))
    assert (raised.value.status, raised.value.code, raised.value.param) == (400, code, param)


@pytest.mark.parametrize(
    ("given", "texts"),
    [
        ([9906, 1917], ["Hello world"]),
        ([[9906], [1917]], ["Hello", " world"]),
        (["a", [9906]], ["a", "Hello"]),  # OpenAI's SDK says nothing of mixing them, and it does no harm
        ([0], ["!"]),
        ([100255], [" Conveyor"]),
        ([9468, 99, 231], ["\U0001f989"]),  # an owl of several tokens
        ([9468], ["\ufffd"]),  # and half of one, where a long text was split
        ([9906] * 8192, ["Hello" * 8192]),
    ],
)
def test_token_ids_become_their_text(given, texts):
    assert check(EmbeddingRequest, body(given=given)).input == texts


@pytest.mark.parametrize("answer", [{}, {"data": []}, {"data": None}, {"data": [1]}, {"x": "é", "data": [{}, [2]]}])
def test_whatever_an_upstream_answers_is_written_as_it_is(answer):
    assert json.loads("".join(pieces(answer))) == answer


FLOATS = st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1, max_size=20)


@given(FLOATS)
def test_base64_is_of_little_endian_32_bit_floats(vector):
    made = encoded(vector, check(EmbeddingRequest, body(encoding_format="base64")))
    assert list(struct.unpack(f"<{len(vector)}f", base64.b64decode(made))) == vector


@given(st.sampled_from([model.name for model in models().values() if model.embedding]), st.integers(1, 300))
def test_every_input_is_in_one_call_in_its_order(name, count):
    texts = [str(number) for number in range(count)]
    calls = batches(check(EmbeddingRequest, body(name, texts)), find(name))
    assert [text for call in calls for text in call.texts] == texts
    assert max(len(call.texts) for call in calls) <= find(name).embedding.inputs_per_call


def test_a_text_that_was_cut_short_is_refused_rather_than_embedded():
    reply = {"embeddings": [{"embeddingType": "TEXT", "embedding": [1.0], "truncatedCharLength": 9}]}
    with pytest.raises(Problem) as raised:
        from_invoke(reply, {}, Batch(["a"], "input[3]"), check(EmbeddingRequest, body(NOVA)), find(NOVA))
    assert (raised.value.code, raised.value.param) == ("context_length_exceeded", "input[3]")


def test_fewer_vectors_than_texts_are_no_answer():
    with pytest.raises(Problem) as raised:
        from_invoke(
            {"embeddings": [[1.0]]}, {}, Batch(["a", "b"], "input"), check(EmbeddingRequest, body(COHERE)), find(COHERE)
        )
    assert raised.value.code == "upstream_error"


class Aws:
    """Embeds a text of digits as that number; the calls of a first pair are answered in the other's order."""

    def __init__(self, error=None):
        self.error, self.paths, self.waits = error, [], []
        self.second = threading.Event()
        self.ending = None  # what the calls after the failing one wait for

    def invoke(self, service, path, payload, *, credentials, timeout_s):
        self.paths.append((service, path))
        self.waits.append(timeout_s)
        number = int(payload["inputText"])
        if self.error and number == 3:
            raise self.error
        if number == 0:
            assert self.second.wait(5)
        if number == 1:
            self.second.set()
        if self.ending and number > 3:
            assert self.ending.wait(5)
        return {"embedding": [float(number)], "inputTextTokenCount": 2}, {}


def provider(aws, model=TITAN):
    return Bedrock(aws, lambda _: UNSIGNED, None, find(model))


def test_a_model_of_one_input_is_called_for_each_side_by_side_and_in_order():
    aws = Aws()
    answer = provider(aws).embed(body(given=[str(number) for number in range(40)]))
    assert [list(made["embedding"]) for made in answer["data"]] == [[float(number)] for number in range(40)]
    assert [made["index"] for made in answer["data"]] == list(range(40))
    assert answer["usage"] == {"prompt_tokens": 80, "total_tokens": 80}
    assert set(aws.paths) == {("bedrock-runtime", "/model/amazon.titan-embed-text-v2%3A0/invoke")}
    assert max(aws.waits) <= 270


def test_the_first_failure_ends_the_rest(monkeypatch):
    aws = Aws(AwsError("ThrottlingException", 429, "AWS's own words"))
    shutdown, aws.ending = ThreadPoolExecutor.shutdown, threading.Event()

    def ended(*args, **kwargs):
        aws.ending.set()
        shutdown(*args, **kwargs)

    monkeypatch.setattr(ThreadPoolExecutor, "shutdown", ended)
    with pytest.raises(Problem) as raised:
        provider(aws).embed(body(given=[str(number) for number in range(2000)]))
    assert (raised.value.code, raised.value.headers["retry-after"]) == ("rate_limit_exceeded", "1")
    assert len(aws.paths) <= 12  # of eight lanes four were free again, and took one more


@pytest.mark.parametrize(("given_", "param"), [(["0", "1", "2", "3"], "input[3]"), ("3", "input"), (["3"], "input")])
def test_the_input_that_is_too_long_is_named(given_, param):
    aws = Aws(AwsError("ValidationException", 400, "400 Bad Request: Too many input tokens. Max input tokens: 8192"))
    with pytest.raises(Problem) as raised:
        provider(aws).embed(body(given=given_))
    assert (raised.value.code, raised.value.param) == ("context_length_exceeded", param)


def test_credentials_that_are_refused_are_a_problem():
    def refused(_):
        raise AwsError("AccessDenied", 403, "AWS's own words")

    with pytest.raises(Problem) as raised:
        Bedrock(Aws(), refused, None, find(TITAN)).embed(body())
    assert raised.value.code == "provider_denied"
