"""langchain-tests' standard suites for chat models and embeddings, through langchain-openai."""

from tests.suites import passed


def test_the_standard_suites_hold(gateway):
    # The suite of a chat model holds some fifty tests: an import that finds fewer must not pass for one that finds all.
    assert passed(gateway, "test_langchain.py") >= 296


def test_they_hold_through_an_openai_compatible_provider(gateway, another_gateway):
    """Which is another gateway: to the one before it, a provider like any."""
    with another_gateway(OPENAI_UPSTREAM=gateway.base_url, OPENAI_UPSTREAM_KEY=gateway.api_key) as before:
        # An answer passes unchanged: it names the model as its provider does, without the provider before it.
        some = "(TestClaudeByFunctionCalling and not model_override) or TestTitanEmbeddingsOfTokenIds"
        assert passed(before, "test_langchain.py", "-k", some, MODELS_BY="upstream/") >= 48
