"""LangChain's standard suites, through its own OpenAI client, in every way that client speaks.

The flags say what the gateway claims. Where to and the key are the environment's, as OpenAI's own client reads them.
"""

import os
from typing import Any, ClassVar
from uuid import uuid4

from langchain_core.messages import HumanMessage
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from langchain_tests.integration_tests import ChatModelIntegrationTests, EmbeddingsIntegrationTests

BY = os.environ.get("MODELS_BY", "")  # the provider's name and a slash, where the models are to be asked for so
CLAUDE, NOVA = f"{BY}claude-haiku-4.5", f"{BY}nova-lite"
LONG = "Remember this well. " * 4000  # over the least that any model caches


class TestClaude(ChatModelIntegrationTests):
    """Structured output as langchain-openai does it by default: json_schema."""

    chat_model_class = ChatOpenAI
    name, other = CLAUDE, NOVA
    options: ClassVar[dict[str, Any]] = {}
    structured: ClassVar[dict[str, Any]] = {}

    supports_json_mode = True
    supports_image_inputs = True
    supports_pdf_inputs = True
    supports_anthropic_inputs = True

    @property
    def chat_model_params(self):
        # Pointed anywhere but at OpenAI it does not ask a stream for its usage, unless told.
        return {"model": self.name, "stream_usage": True, "max_retries": 0, "timeout": 30, **self.options}

    @property
    def structured_output_kwargs(self):
        return self.structured

    @property
    def model_override_value(self):
        return self.other

    @property
    def supported_usage_metadata_details(self):
        details = ["cache_read_input", "cache_creation_input"]
        return {"invoke": details, "stream": details}

    def invoke_with_cache_creation_input(self, *, stream=False):
        """A prefix that is new: the suite's own name for it would be the same in every test, and in every run."""
        return self._marked(uuid4().hex, stream)

    def invoke_with_cache_read_input(self, *, stream=False):
        self._marked("twice", stream)
        return self._marked("twice", stream)

    def _marked(self, beginning, stream):
        mark = {"cache_control": {"type": "ephemeral"}}
        asked = [HumanMessage([{"type": "text", "text": f"{beginning} {LONG}", **mark}])]
        model = self.chat_model_class(**self.chat_model_params)
        if not stream:
            return model.invoke(asked)
        first, *rest = model.stream(asked)
        return sum(rest, first)


class TestClaudeByFunctionCalling(TestClaude):
    structured: ClassVar = {"method": "function_calling"}


class TestClaudeByStrictSchema(TestClaude):
    structured: ClassVar = {"method": "json_schema", "strict": True}


class TestClaudeByResponses(TestClaude):
    options: ClassVar = {"use_responses_api": True}

    # A tool's result of OpenAI's chat completions is text alone.
    supports_image_tool_message = True
    supports_pdf_tool_message = True


class TestNova(TestClaude):
    """A model that Bedrock enforces no schema for: the gateway asks it for a call of a tool of its own."""

    name, other = NOVA, CLAUDE


class TestNovaByFunctionCalling(TestNova):
    structured: ClassVar = {"method": "function_calling"}


class TestTitanEmbeddings(EmbeddingsIntegrationTests):
    embeddings_class = OpenAIEmbeddings
    name = f"{BY}titan-embed-text-v2"
    options: ClassVar[dict[str, Any]] = {"check_embedding_ctx_length": False}

    @property
    def embedding_model_params(self):
        return {"model": self.name, "max_retries": 0, "timeout": 30, **self.options}


class TestTitanEmbeddingsOfTokenIds(TestTitanEmbeddings):
    """As this client does it by default: token ids are sent, of texts that it splits at the model's limit."""

    options: ClassVar = {}

    def test_a_long_text_is_split_and_its_pieces_make_one_vector(self):
        model = self.embeddings_class(**self.embedding_model_params)
        long, short = model.embed_documents(["word " * 20_000, "word"])
        assert len(long) == len(short) == 1024


class TestCohereEmbeddings(TestTitanEmbeddings):
    name = f"{BY}cohere-embed-multilingual-v3"


class TestNovaEmbeddings(TestTitanEmbeddings):
    name = f"{BY}nova-2-multimodal-embeddings"
