"""A proxy on this machine that adds a key to every request, for clients that cannot be given one.

Only what MCP sends: a POST with its body, its answer as it comes back. `python -m tests.conformance.keyed URL`, with
the key in GATEWAY_KEY; prints its own address when it is there.
"""

import os
import socket
import sys

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_HOP = {"content-length", "connection", "transfer-encoding", "content-encoding", "keep-alive"}


def application(url: str, key: str) -> Starlette:
    client = httpx.AsyncClient(timeout=60, trust_env=False)

    async def forward(request: Request) -> Response:
        headers = [(name, value) for name, value in request.headers.items() if name not in _HOP]
        headers += [("authorization", f"Bearer {key}")]
        reply = await client.request(request.method, url, headers=headers, content=await request.body())
        kept = {name: value for name, value in reply.headers.items() if name.lower() not in _HOP}
        return Response(reply.content, reply.status_code, kept)

    return Starlette(routes=[Route("/mcp", forward, methods=["GET", "POST", "DELETE"])])


def main() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    sys.stdout.write(f"http://localhost:{listener.getsockname()[1]}/mcp\n")
    sys.stdout.flush()
    config = uvicorn.Config(application(sys.argv[1], os.environ["GATEWAY_KEY"]), log_level="warning", ws="none")
    uvicorn.Server(config).run([listener])


if __name__ == "__main__":
    main()
