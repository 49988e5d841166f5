"""python -m local.aws_bedrock --aws-url URL [--port N]: real Bedrock for a system whose identities are simulated.

The functions sign with credentials of the AWS stand-in, which real AWS does not know. This forwarder checks such a
signature as the Bedrock stand-in does, then signs the same request with the developer's own credentials, region and
endpoint (botocore's usual chain) and passes the answer through as it comes. So everything before Bedrock is exercised,
and the bill names the developer.
"""

import argparse
import asyncio
import os
import ssl
import sys
import uuid
from collections.abc import AsyncIterator

import botocore.session
import httpx
import uvicorn
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError
from botocore.loaders import Loader
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from local.bedrock.__main__ import Server
from local.bedrock.errors import AwsError
from local.bedrock.identities import Identities
from local.bedrock.signatures import caller

NO_CREDENTIALS = "no AWS credentials were found. Run `aws configure`, or set AWS_PROFILE or AWS_ACCESS_KEY_ID."
_READ_S = 900.0  # as long as a function may run
# Of the connection or of the old signature; everything else goes on.
_NOT_FORWARDED = {
    "authorization",
    "connection",
    "content-length",
    "host",
    "transfer-encoding",
    "x-amz-content-sha256",
    "x-amz-date",
    "x-amz-security-token",
}
_NOT_RETURNED = {"connection", "keep-alive", "transfer-encoding"}


class Bedrock:
    """The developer's own. Raises BotoCoreError for a configuration botocore cannot use, LookupError without keys."""

    def __init__(self, region: str) -> None:
        session = botocore.session.Session()
        self.credentials: Credentials | None = session.get_credentials()
        if self.credentials is None:
            raise LookupError(NO_CREDENTIALS)
        self.region = region
        self._endpoints = {
            name: session.create_client(name, region_name=region).meta.endpoint_url.rstrip("/")
            for name in ("bedrock", "bedrock-runtime")
        }
        # The two services share a signing name; what tells them apart is how their paths begin.
        runtime = Loader().load_service_model("bedrock-runtime", "service-2")["operations"].values()
        self._runtime_paths = {operation["http"]["requestUri"].split("/")[1] for operation in runtime}

    def url(self, raw_path: str, query: str) -> str:
        service = "bedrock-runtime" if raw_path.split("/")[1] in self._runtime_paths else "bedrock"
        return f"{self._endpoints[service]}{raw_path}{f'?{query}' if query else ''}"

    def signed(self, method: str, url: str, headers: dict[str, str], body: bytes) -> dict[str, str]:
        """The headers with a new signature. May ask for new credentials, so it may take a while."""
        assert self.credentials is not None
        request = AWSRequest(method, url, headers, body)
        SigV4Auth(self.credentials.get_frozen_credentials(), "bedrock", self.region).add_auth(request)
        return dict(request.headers.items())


def application(bedrock: Bedrock, identities: Identities, client: httpx.AsyncClient) -> Starlette:
    async def serve(request: Request) -> Response:
        try:
            return await forwarded(request, bedrock, identities, client)
        except AwsError as error:
            return error.response(str(uuid.uuid4()))

    methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]
    return Starlette(routes=[Route("/{path:path}", serve, methods=methods)])


async def forwarded(
    request: Request, bedrock: Bedrock, identities: Identities, client: httpx.AsyncClient
) -> StreamingResponse:
    body = await request.body()
    await caller(request, body, identities)
    url = bedrock.url(request.scope["raw_path"].decode(), request.scope["query_string"].decode())
    kept = {name: value for name, value in request.headers.items() if name not in _NOT_FORWARDED}
    try:
        headers = await asyncio.to_thread(bedrock.signed, request.method, url, kept, body)
        answer = await client.send(
            client.build_request(request.method, url, headers=headers, content=body), stream=True
        )
    except BotoCoreError as error:
        print(f"AWS credentials: {error}", file=sys.stderr, flush=True)
        raise AwsError("UnrecognizedClientException", "No usable AWS credentials.", 403) from error
    except httpx.HTTPError as error:
        print(f"{url.partition('/model/')[0]}: {error!r}", file=sys.stderr, flush=True)
        raise AwsError("ServiceUnavailableException", "Bedrock could not be reached.", 503) from error
    returned = {name: value for name, value in answer.headers.items() if name not in _NOT_RETURNED}
    return StreamingResponse(_body(answer), answer.status_code, returned)


async def _body(answer: httpx.Response) -> AsyncIterator[bytes]:
    try:
        async for chunk in answer.aiter_raw():
            yield chunk
    finally:
        await answer.aclose()


def main() -> int:
    parser = argparse.ArgumentParser("python -m local.aws_bedrock", description="Real Bedrock, signed anew")
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--aws-url", required=True, help="the AWS stand-in that knows whose an access key is")
    parser.add_argument("--region", required=True)
    options = parser.parse_args()
    try:
        bedrock = Bedrock(options.region)
    except (LookupError, BotoCoreError) as error:
        print(error, file=sys.stderr)
        return 1
    client = httpx.AsyncClient(
        timeout=httpx.Timeout(_READ_S, connect=10),
        verify=ssl.create_default_context(cafile=os.environ.get("AWS_CA_BUNDLE")),
    )
    app = application(bedrock, Identities(options.aws_url.rstrip("/")), client)
    Server(uvicorn.Config(app, "127.0.0.1", options.port, log_level="warning", lifespan="off", access_log=False)).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
