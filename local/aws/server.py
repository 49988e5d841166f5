"""The HTTP side: moto's dispatcher behind a lock, our own route beside it, and the state kept after every change."""

import io
import socket
import threading
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qs

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler
from werkzeug.serving import BaseWSGIServer, make_server

from local.aws import access_keys, faults
from local.aws.authorization import Answer, Judged, judged
from local.aws.extensions import application
from local.aws.pages import PATH, SignInPages
from local.aws.retries import Answers
from local.aws.state import StateFile

Environ = dict[str, Any]
StartResponse = Callable[..., Any]

_READS = ("Get", "List", "Describe", "Filter", "Lookup", "Search", "StartQuery", "StopQuery")
# Named like reads, yet they make identities or hand over what has to last.
_WRITES = {"GetId", "GetOpenIdTokenForDeveloperIdentity", "GetOpenIdToken"}
CODE = "/_stand_in/code/"  # + the SHA-256, in hexadecimal, of a zip file that Lambda holds
_LOOPBACK = {"127.0.0.1", "localhost", "[::1]"}


class Application:
    """moto as a WSGI application. One request at a time: moto's dictionaries know no threads."""

    def __init__(self, state: StateFile | None = None) -> None:
        self._moto = DomainDispatcherApplication(application)
        self._state = state
        self._lock = threading.Lock()
        self._faults = faults.Faults()
        self._pages = SignInPages()
        self._answers = Answers()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"].startswith(PATH):
            return self._page(environ, start_response)
        if from_a_browser(environ):
            return _answer(start_response, "403 Forbidden", b'{"message": "This is not for web pages."}')
        if environ["PATH_INFO"].startswith(access_keys.PATH):
            return self._access_key(environ, start_response)
        if environ["PATH_INFO"].startswith(CODE):
            return self._code(environ, start_response)
        body = _buffered(environ)
        if environ["PATH_INFO"] == faults.PATH:
            return _answer(start_response, *self._faults.change(environ["REQUEST_METHOD"], body))
        if fault := self._faults.take(environ.get("HTTP_X_AMZ_TARGET", "")):
            return _answer(start_response, f"{fault.status} Simulated", fault.body, "application/x-amz-json-1.1")
        with self._lock:
            who = judged(environ, body)
            refused = who.refusal() if isinstance(who, Judged) else who
            if refused:
                return _give(start_response, refused)
            answer = self._answers.earlier(environ, body)
            if not answer:
                answer = self._asked(environ, who)
                if changes(environ, body):
                    self._answers.keep(environ, body, answer)
                    if self._state:
                        self._state.save()
        return _give(start_response, answer)

    def _asked(self, environ: Environ, who: Judged | None) -> Answer:
        """moto's answer, unless it tells somebody that there is nothing which is not theirs to know."""
        told: list[Any] = []
        body = b"".join(self._moto(environ, lambda *head: told.extend(head)))
        absence = who.absence() if who and told[0].startswith("404") else None
        return absence or Answer(told[0], told[1], body)

    def _page(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """What browsers come for: forms of its own alone, to no name but this machine's."""
        body = _buffered(environ)
        if not from_this_machine(environ) or environ.get("HTTP_ORIGIN", "null") not in ("null", _own_origin(environ)):
            return _answer(start_response, "403 Forbidden", b'{"message": "This is not for other pages."}')
        with self._lock:
            page = self._pages.answer(environ, body)
        start_response(page.status, page.headers)
        return [page.body]

    def _access_key(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        with self._lock:
            status, body = access_keys.answer(environ["PATH_INFO"])
        return _answer(start_response, status, body)

    def _code(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        from local.aws import functions  # whoever knows an address has asked Lambda, which imported this

        with self._lock:
            found = functions.code(environ["PATH_INFO"].removeprefix(CODE))
        if found is None:
            return _answer(start_response, "404 Not Found", b'{"message": "no such code"}')
        return _answer(start_response, "200 OK", found, "application/zip")

    def save(self) -> None:
        """The last word before the process ends."""
        if self._state:
            with self._lock:
                self._state.save()


def from_a_browser(environ: Environ) -> bool:
    """Whether a web page asks: moto checks no signature, so any page a developer visits could hand out tokens here.

    A page of another origin says so; one that had its own name point here (DNS rebinding) sends that name.
    """
    return "HTTP_ORIGIN" in environ or not from_this_machine(environ)


def from_this_machine(environ: Environ) -> bool:
    host = environ.get("HTTP_HOST", "").rpartition(":")[0] or environ.get("HTTP_HOST", "")
    return host in _LOOPBACK or host.endswith(".localhost")


def _own_origin(environ: Environ) -> str:
    return f"http://{environ.get('HTTP_HOST')}"


def changes(environ: Environ, body: bytes) -> bool:
    """Whether a request may have changed something: all but those whose operation, or HTTP method, only reads."""
    operation = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
    if not operation and environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        operation = parse_qs(body.decode("utf-8", "replace")).get("Action", [""])[0]
    if operation:
        return operation in _WRITES or not operation.startswith(_READS)
    return environ["REQUEST_METHOD"] not in ("GET", "HEAD", "OPTIONS")


def _buffered(environ: Environ) -> bytes:
    """Read the body before the lock is taken: a client that stops half-way must not stop the others."""
    if environ.get("HTTP_TRANSFER_ENCODING", "").lower() == "chunked":
        body = environ["wsgi.input"].read()  # Werkzeug has decoded it
    else:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    return bytes(body)


def _answer(start_response: StartResponse, status: str, body: bytes, kind: str = "application/json") -> list[bytes]:
    start_response(status, [("Content-Type", kind), ("Content-Length", str(len(body)))])
    return [body]


def _give(start_response: StartResponse, answer: Answer) -> list[bytes]:
    start_response(answer.status, answer.headers)
    return [answer.body]


class _Handler(MotoRequestHandler):
    disable_nagle_algorithm = True  # else a reply in two writes waits 40 ms for the client's acknowledgement

    def log_request(self, code: object = "-", size: object = "-") -> None:
        """Silent: the front door logs each request once, and these carry secrets in their paths."""


def serve(port: int, application: Application) -> BaseWSGIServer:
    """A server bound to the loopback address; port 0 takes a free one. Raises OSError when the port is taken."""
    # Bound here: Werkzeug ends the process when a port is taken.
    listening = socket.create_server(("127.0.0.1", port), backlog=128)
    with listening:  # make_server duplicates the descriptor
        return make_server(
            "127.0.0.1", port, application, threaded=True, request_handler=_Handler, fd=listening.fileno()
        )
