"""langchain-tests' standard suites for chat models and embeddings, through langchain-openai."""

from tests.suites import passed


def test_the_standard_suites_hold(gateway):
    # The suite of a chat model holds some fifty tests: an import that finds fewer must not pass for one that finds all.
    assert passed(gateway, "test_langchain.py") >= 288
