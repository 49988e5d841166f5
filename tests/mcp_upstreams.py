"""Servers that others might run, for tests of the gateway to them: the official SDK's over real HTTP, and ones that
misbehave."""

import json
import socket
import ssl
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import uvicorn
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import ElicitRequest, ElicitRequestFormParams, ElicitResult, InputRequiredResult


def fixture_server() -> MCPServer:
    """Tools, a prompt, resources and a template, and one tool that asks back."""
    server = MCPServer("fixture", instructions="Adds.")

    @server.tool()
    def add(a: int, b: int) -> int:
        """Add two numbers."""
        return a + b

    @server.tool()
    async def slowly(steps: int, context: Context) -> str:
        """Say how far it is."""
        for step in range(steps):
            await context.report_progress(step + 1, steps, f"step {step + 1}")
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # deprecated in 2026-07-28, and alive in what speaks older revisions
                await context.info(f"did {step + 1}")
        return "done"

    @server.tool()
    async def fails() -> str:
        """Go wrong."""
        raise ToolError("the disk is full")

    @server.tool()
    async def greet(context: Context) -> str | InputRequiredResult:
        """Ask for a name, in rounds."""
        answers = context.input_responses or {}
        if isinstance(answer := answers.get("name"), ElicitResult):
            return f"Hello {(answer.content or {})['name']} ({context.request_state})"
        schema = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
        asked = ElicitRequest(params=ElicitRequestFormParams(message="Who are you?", requested_schema=schema))
        return InputRequiredResult(
            result_type="input_required", input_requests={"name": asked}, request_state="round one"
        )

    @server.prompt()
    def review(code: str) -> str:
        """Review code."""
        return f"Please review {code}"

    @server.resource("fixture://readme")
    def readme() -> str:
        """What it is."""
        return "Read me."

    @server.resource("fixture://users/{name}")
    def user(name: str) -> str:
        """Who it is."""
        return f"User {name}"

    return server


@dataclass
class Running:
    url: str
    requests: list[dict[str, str]] = field(default_factory=list)  # headers of each request, by lower-case name
    methods: list[str] = field(default_factory=list)  # HTTP's, of each


@contextmanager
def running(server: MCPServer | None = None, **options: Any) -> Iterator[Running]:
    """The server over HTTP; `options` of streamable_http_app."""
    app = (server or fixture_server()).streamable_http_app(**options)
    listener = socket.create_server(("127.0.0.1", 0))
    system = Running(f"http://127.0.0.1:{listener.getsockname()[1]}/mcp")

    async def seen(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            system.requests.append({name.decode(): value.decode("latin-1") for name, value in scope["headers"]})
            system.methods.append(scope["method"])
        await app(scope, receive, send)

    config = uvicorn.Config(seen, log_level="error", ws="none", timeout_graceful_shutdown=1)
    http = uvicorn.Server(config)
    thread = threading.Thread(target=http.run, args=([listener],), daemon=True)
    thread.start()
    try:
        yield system
    finally:
        http.should_exit = True
        thread.join(10)
        listener.close()


Respond = Callable[["Exchange"], None]


@dataclass
class Exchange:
    """One request to a scripted server, and the way to answer it."""

    method: str
    path: str
    headers: Mapping[str, str]  # by lower-case name
    body: bytes
    handler: BaseHTTPRequestHandler

    @property
    def message(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found

    def answer(self, status: int = 200, body: object = None, **headers: str) -> None:
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        sent = {"content_type": "application/json", "content_length": str(len(data)), **headers}
        self.handler.send_response(status)
        for name, value in sent.items():
            self.handler.send_header(name.replace("_", "-"), value)
        self.handler.end_headers()
        self.handler.wfile.write(data)

    def result(self, result: object, **headers: str) -> None:
        self.answer(200, {"jsonrpc": "2.0", "id": self.message["id"], "result": result}, **headers)

    def error(self, code: int, message: str, status: int = 200, **members: object) -> None:
        error = {"code": code, "message": message, **members}
        self.answer(status, {"jsonrpc": "2.0", "id": self.message.get("id"), "error": error})


@dataclass
class Scripted:
    url: str
    respond: Respond
    seen: list[Exchange] = field(default_factory=list)

    @property
    def asked(self) -> list[str]:
        """The methods of the messages that came."""
        return [each.message["method"] for each in self.seen if each.body and b'"method"' in each.body]


@contextmanager
def scripted(respond: Respond, context: ssl.SSLContext | None = None) -> Iterator[Scripted]:
    """A server that answers as it is told: `respond` may be replaced while it runs. With a `context`, over TLS."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            exchange = Exchange(self.command, self.path, headers, body, self)
            system.seen.append(exchange)
            system.respond(exchange)

        do_POST = handle_any  # noqa: N815 -- the names http.server looks for
        do_GET = handle_any  # noqa: N815
        do_DELETE = handle_any  # noqa: N815
        do_PUT = handle_any  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """A client that leaves in the middle is what some tests are about."""

    with Server(("127.0.0.1", 0), Handler) as server:
        if context is not None:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        system = Scripted(f"http://127.0.0.1:{server.server_port}/mcp", respond)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield system
        finally:
            server.shutdown()
            thread.join(5)


def tool(name: str = "echo", **members: Any) -> dict[str, Any]:
    return {"name": name, "description": "Say it.", "inputSchema": {"type": "object"}, **members}


def said(text: str) -> dict[str, Any]:
    return {"resultType": "complete", "content": [{"type": "text", "text": text}], "isError": False}


def broken_behind_its_lists(exchange: Exchange) -> None:
    """A server of 2026-07-28 that lists a prompt and a resource, and gives neither."""
    method = exchange.message["method"]
    kinds = {"prompts": {"name": "gone"}, "resources": {"uri": "broken://gone", "name": "gone"}}
    fresh = {"resultType": "complete", "ttlMs": 60_000, "cacheScope": "private"}
    if method == "server/discover":
        capabilities = {**{kind: {} for kind in kinds}, "completions": {}}
        exchange.result({**fresh, "supportedVersions": ["2026-07-28"], "capabilities": capabilities})
    elif method.endswith("/list"):
        kind = method.partition("/")[0]
        name = "resourceTemplates" if "templates" in method else kind
        exchange.result({**fresh, name: [kinds[kind]] if name in kinds else []})
    elif method == "completion/complete":
        exchange.error(-32603, "the index is rebuilt", 500)
    else:
        exchange.answer(503)


def modern(*tools: Mapping[str, Any], call: Respond | None = None, ttl_ms: int = 60_000) -> Respond:
    """A server of 2026-07-28 with these tools, strict about what a message must carry."""
    fresh = {"resultType": "complete", "ttlMs": ttl_ms, "cacheScope": "private"}

    def respond(exchange: Exchange) -> None:
        method = exchange.message["method"]
        if exchange.headers.get("mcp-protocol-version") != "2026-07-28" or exchange.headers["mcp-method"] != method:
            exchange.error(-32020, "headers", 400)
        elif method == "server/discover":
            exchange.result({**fresh, "supportedVersions": ["2026-07-28"], "capabilities": {"tools": {}}})
        elif method == "tools/list":
            exchange.result({**fresh, "tools": list(tools) or [tool()]})
        elif method == "tools/call" and call is None:
            exchange.result(said(json.dumps(exchange.message["params"].get("arguments"))))
        elif method == "tools/call" and call is not None:
            call(exchange)
        else:
            exchange.error(-32601, "no such method", 404)

    return respond
