"""An OpenAI-compatible provider for tests: answers what it is told, remembers what it was asked."""

import json
import select
import socket
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

COMPLETION = {"id": "chatcmpl-theirs", "object": "chat.completion", "model": "gpt-x", "choices": [], "new_field": [1]}
_PATIENCE_S = 30
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
        self.gate = None  # what an answer that is no stream waits for
        self.left = threading.Event()  # a client left in the middle of a stream


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        self.server.requests.append((self.path, self.headers.get("authorization"), json.loads(body) if body else None))
        self.server.headers.append({name.lower(): value for name, value in self.headers.items()})
        scripted = self.server.script.pop(0) if self.server.script else None
        if scripted is None and self.server.pieces is not None:
            self.stream(self.server.pieces)
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
