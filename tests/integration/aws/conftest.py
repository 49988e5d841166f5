"""The AWS stand-in as its own process, asked by unmodified boto3."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.aws_stand_in import connect, running


@pytest.fixture(scope="session")
def aws_url() -> Iterator[str]:
    with running() as url:
        yield url


@pytest.fixture(scope="session")
def client(aws_url: str) -> Callable[..., Any]:
    return connect(aws_url)


@pytest.fixture(scope="module", autouse=True)
def functions_go(client: Callable[..., Any]) -> Iterator[None]:
    """While there are none, the stand-in takes it that they run elsewhere: a file must not depend on another's."""
    yield
    for function in client("lambda").list_functions()["Functions"]:
        client("lambda").delete_function(FunctionName=function["FunctionName"])


@pytest.fixture(scope="session")
def idp(client: Callable[..., Any]) -> Any:
    return client("cognito-idp")


@pytest.fixture(scope="session")
def identity(client: Callable[..., Any]) -> Any:
    return client("cognito-identity")


@pytest.fixture(scope="session")
def starts() -> Callable[..., Any]:
    """Start another one: `with starts("--state", path) as url`."""
    return running


@pytest.fixture(scope="session")
def connects() -> Callable[..., Any]:
    return connect
