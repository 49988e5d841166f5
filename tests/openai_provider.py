"""An OpenAI-compatible provider for tests: answers what it is told, remembers what it was asked."""

import json
import select
import socket
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

COMPLETION = {"id": "chatcmpl-theirs", "object": "chat.completion", "model": "gpt-x", "choices": [], "new_field": [1]}
_PATIENCE_S = 30
_OPTIONS = {"include_usage", "include_obfuscation"}
EVENTS = [b'data: {"id":"1","choices":[]}\n\n', 'data: {"id":"2","x":"é"}\n\n'.encode(), b"data: [DONE]\n\n"]


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests = []
        self.headers = []  # of each request, by lower-case name
        self.script = []  # answers that come first, once each
        self.answer = (200, {}, json.dumps(COMPLETION).encode())
        self.pieces = None  # for a stream: what is written, piece by piece; None breaks it off, an Event is waited for
        self.usage = None  # of a stream: told as OpenAI tells it, to who asks for it and to nobody else
        self.takes_usage = True  # or it is refused to be asked, as Mistral does
        self.sent = []  # what was written of the last stream
        self.gate = None  # what an answer that is no stream waits for
        self.left = threading.Event()  # a client left in the middle of a stream


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        asked = json.loads(body) if body else None
        self.server.requests.append((self.path, self.headers.get("authorization"), asked))
        self.server.headers.append({name.lower(): value for name, value in self.headers.items()})
        scripted = self.server.script.pop(0) if self.server.script else refusal(asked, self.server.takes_usage)
        if scripted is None and self.server.pieces is not None:
            tells = self.server.usage is not None and wants_usage(asked)
            self.server.sent = []
            self.stream(telling(self.server.pieces, self.server.usage) if tells else self.server.pieces)
            return
        if self.server.gate is not None:
            self.server.gate.wait(_PATIENCE_S)
        status, headers, body = scripted or self.server.answer
        self.send_response(status)
        for name, value in {"content-length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST  # noqa: N815 -- the name http.server looks for

    def stream(self, pieces):
        self.send_response(200)
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        try:
            self.write(pieces)
        except OSError:
            self.server.left.set()

    def write(self, pieces):
        for piece in pieces:
            if piece is None:
                self.close_connection = True
                return
            if isinstance(piece, threading.Event):
                self.wait(piece)
                continue
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            self.server.sent.append(piece)
        self.wfile.write(b"0\r\n\r\n")

    def wait(self, event):
        """For the event, or the client's departure."""
        readable = select.poll()
        readable.register(self.connection, select.POLLIN)
        for _ in range(_PATIENCE_S * 20):
            if event.wait(0.05):
                return
            if readable.poll(0) and not self.connection.recv(1, socket.MSG_PEEK):
                self.server.left.set()
                return

    def log_message(self, *_):
        pass


def wants_usage(asked):
    options = asked.get("stream_options") if isinstance(asked, dict) else None
    return isinstance(options, dict) and options.get("include_usage") is True


def refusal(asked, takes_usage):
    """What is said of options for streaming that cannot be, in OpenAI's words or in Mistral's; None of others."""
    options = asked.get("stream_options") if isinstance(asked, dict) else None
    if options is None:
        return None
    if not takes_usage:
        place = ["body", "stream_options", "include_usage"]
        detail = [{"type": "extra_forbidden", "loc": place, "msg": "Extra inputs are not permitted", "input": True}]
        told = {"object": "error", "message": {"detail": detail}, "type": "invalid_request_error", "code": None}
        return (422, {}, json.dumps(told).encode())
    error = {"type": "invalid_request_error", "param": "stream_options", "code": None}
    if not asked.get("stream"):
        error["message"] = "The 'stream_options' parameter is only allowed when 'stream' is enabled."
    elif not isinstance(options, dict) or not all(isinstance(value, bool) for value in options.values()):
        error["message"] = "Invalid type for 'stream_options'."
    elif options.keys() - _OPTIONS:
        error |= {"message": f"Unknown parameter: {sorted(options.keys() - _OPTIONS)}", "code": "unknown_parameter"}
    return (400, {}, json.dumps({"error": error}).encode()) if "message" in error else None


def telling(pieces, usage):
    """The pieces, an event each, of which every chunk says `null` of its usage, and one before the end all of it."""
    last = {}
    for piece in pieces:
        said = piece.removeprefix(b"data: ").strip() if isinstance(piece, bytes) else b""
        if said == b"[DONE]":
            yield event({**last, "choices": [], "usage": usage})
        elif said.startswith(b"{") and "choices" in (last := json.loads(said)):
            piece = event({**last, "usage": None})
        yield piece


def event(value):
    return b"data: " + json.dumps(value).encode() + b"\n\n"


@contextmanager
def provider():
    """The server, running until the block ends."""
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join(5)
