"""What a plan from nothing asks of AWS: who is asking, and a random password. Anything else is refused."""

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

ACCOUNT_ID = "123456789012"
_IDENTITY = f"""<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <GetCallerIdentityResult>
    <Arn>arn:aws:iam::{ACCOUNT_ID}:user/offline</Arn><UserId>OFFLINE</UserId><Account>{ACCOUNT_ID}</Account>
  </GetCallerIdentityResult>
  <ResponseMetadata><RequestId>offline</RequestId></ResponseMetadata>
</GetCallerIdentityResponse>"""


@contextmanager
def stand_in() -> Iterator[dict[str, str]]:
    """A server on the loopback address; yields the environment variables that lead the AWS provider there."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Answers)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_address[1]}",
            "AWS_ACCESS_KEY_ID": "offline",
            "AWS_SECRET_ACCESS_KEY": "offline",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
            "AWS_MAX_ATTEMPTS": "1",
            "NO_PROXY": "127.0.0.1",
        }
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode("utf-8", "replace")
        operation = self.headers.get("X-Amz-Target", "").rpartition(".")[2] or body
        if "Action=GetCallerIdentity" in operation:
            self._answer(200, "text/xml", _IDENTITY)
        elif operation == "GetRandomPassword":
            self._answer(200, "application/x-amz-json-1.1", json.dumps({"RandomPassword": secrets.token_hex(32)}))
        else:
            self._refuse(operation)

    def do_GET(self) -> None:
        self._refuse(self.path)

    def _refuse(self, asked: str) -> None:
        message = f"the plan asks AWS for something only an account knows: {asked[:200]}"
        self._answer(
            400, "application/x-amz-json-1.1", json.dumps({"__type": "ValidationException", "message": message})
        )

    def _answer(self, status: int, content_type: str, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - http.server's name
        """Silent: Terraform reports what went wrong."""
