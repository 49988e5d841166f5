"""Sites of others on this machine: the program that waits for its code, the page of somebody who means ill."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


class Site:
    """`pages` by path; what was asked, with its query, in `asked`. A path without a page is an empty one."""

    def __init__(self, port: int) -> None:
        # To a browser the two are sites as foreign to each other as any: cookies and frames tell them apart.
        self.url, self.foreign_url = f"http://127.0.0.1:{port}", f"http://localhost:{port}"
        self.pages: dict[str, str] = {}
        self.asked: list[str] = []


@contextmanager
def site() -> Iterator[Site]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if path != "/favicon.ico":
                here.asked.append(self.path)
            body = f"<!doctype html><title>A site</title>{here.pages.get(path, '')}".encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing: a test says what was asked if it matters."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    here = Site(server.server_address[1])
    thread = Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield here
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
