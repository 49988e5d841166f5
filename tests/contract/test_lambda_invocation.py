"""botocore's description of Lambda's API as the judge of how the openai function is invoked."""

from typing import Any
from urllib.parse import quote

import botocore.session
import pytest
from botocore.awsrequest import prepare_request_dict
from botocore.serialize import create_serializer

from services.mcp.inference import Inference
from tests.mcp_posts import event, modern


@pytest.fixture(scope="module")
def operation() -> Any:
    return botocore.session.Session().get_service_model("lambda").operation_model("InvokeWithResponseStream")


@pytest.mark.parametrize(
    "function",
    ["pennyworth-openai", "pennyworth-openai:live", "arn:aws:lambda:us-east-1:000000000000:function:openai:live"],
)
def test_the_function_is_asked_for_where_botocore_would_ask(operation: Any, function: str) -> None:
    paths: list[str] = []

    def stream(_service: str, path: str, payload: bytes, **_times: float) -> Any:
        paths.append(path)
        yield "PayloadChunk", b'{"statusCode":200}' + b"\0" * 8

    Inference(event(modern("tools/list")), function, 2.0, stream, lambda: 1.0)("GET", "/models", None)

    request = create_serializer("rest-json").serialize_to_request({"FunctionName": function}, operation)
    prepare_request_dict(request, "https://lambda.us-east-1.amazonaws.com")
    assert paths == [request["url"].removeprefix("https://lambda.us-east-1.amazonaws.com")]
    assert quote(function, safe="") in paths[0]
    assert request["method"] == "POST"


def test_the_stream_is_made_of_raw_pieces_and_one_end_that_tells_of_failure(operation: Any) -> None:
    events = operation.output_shape.members["EventStream"].members

    assert set(events) == {"PayloadChunk", "InvokeComplete"}
    assert events["PayloadChunk"].members["Payload"].serialization["eventpayload"] is True
    end = events["InvokeComplete"].members
    assert "ErrorCode" in end
    assert not any(member.serialization.get("eventpayload") for member in end.values())
