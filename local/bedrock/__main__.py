"""`python -m local.bedrock --port N [--aws-url URL]`: serve until told to stop."""

import argparse
import socket

import uvicorn

from local.bedrock.bedrock import Bedrock
from local.bedrock.identities import Identities
from local.bedrock.server import application
from local.bedrock.service import operation, statuses

HOST = "127.0.0.1"
GRACE_S = 1  # what a running stream gets when we are told to stop


class Server(uvicorn.Server):
    """Says where it listens, once it does."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            port = self.servers[0].sockets[0].getsockname()[1]
            print(f"listening on http://{HOST}:{port}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m local.bedrock", description="Amazon Bedrock's stand-in")
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--aws-url", help="the AWS stand-in that knows whose an access key is")
    options = parser.parse_args()
    # Read the service model now: the first request should not pay for it.
    statuses()
    for name in ("Converse", "ConverseStream"):
        assert operation(name).input_shape
    identities = Identities(options.aws_url.rstrip("/")) if options.aws_url else None
    config = uvicorn.Config(
        application(Bedrock(identities)),
        host=HOST,
        port=options.port,
        log_level="warning",
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=GRACE_S,
    )
    Server(config).run()


if __name__ == "__main__":
    main()
