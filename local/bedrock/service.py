"""What botocore knows of the two Bedrock services: operations, shapes, exceptions. Read once."""

from functools import cache

from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel, StructureShape

from local.bedrock.errors import COMMON_STATUSES

CHAT = "ChatCompletions"  # OpenAI's API, which is in no service model; it streams where the body says so
STREAMED = {"ConverseStream", "InvokeModelWithResponseStream", CHAT}


@cache
def service(name: str) -> ServiceModel:
    """`name` is `bedrock-runtime` or `bedrock`."""
    return ServiceModel(Loader().load_service_model(name, "service-2"), name)


@cache
def operation(name: str, service_name: str = "bedrock-runtime") -> OperationModel:
    return service(service_name).operation_model(name)


@cache
def statuses() -> dict[str, int]:
    """Every exception that can be asked for, with its HTTP status."""
    shapes = {shape.name: shape for shape in service("bedrock-runtime").error_shapes}
    return {name: shape.metadata["error"]["httpStatusCode"] for name, shape in shapes.items()} | COMMON_STATUSES


@cache
def stream_exceptions(operation_name: str) -> dict[str, str]:
    """The exceptions that may break an operation's stream: their name -> their member in the stream."""
    if operation_name == CHAT:
        operation_name = "ConverseStream"  # what can go wrong is the same
    stream: StructureShape | None = operation(operation_name).get_event_stream_output()
    members = stream.members.items() if stream else ()
    return {shape.name: member for member, shape in members if shape.metadata.get("exception")}
