"""Parameter Store as the lock needs it: what AWS does not take is no version, and nothing is written twice."""

import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from botocore.exceptions import ClientError

from pennyworth.errors import Problem
from services.admin import aws
from services.admin.parameters import Parameter, Parameters


class Refusing:
    def __init__(self, code):
        self.code = code

    def put_parameter(self, **parameters):
        raise ClientError({"Error": {"Code": self.code}}, "PutParameter")

    def get_parameter(self, **parameters):
        raise ClientError({"Error": {"Code": self.code}}, "GetParameter")


@pytest.mark.parametrize("code", ["ParameterAlreadyExists", "TooManyUpdates", "ThrottlingException"])
def test_a_write_that_aws_refused_made_no_version(code):
    store = Parameters(Refusing(code))
    assert store.create("/x", "held") is None
    assert store.overwrite("/x", "held") is None


@pytest.mark.parametrize("code", ["InternalServerError", "AccessDeniedException"])
def test_a_write_that_failed_is_a_problem(code):
    with pytest.raises(Problem):
        Parameters(Refusing(code)).overwrite("/x", "held")


@pytest.mark.parametrize("code", ["ParameterNotFound", "ParameterVersionNotFound"])
def test_what_is_not_there_is_none(code):
    assert Parameters(Refusing(code)).read("/x", 3) is None


@pytest.mark.parametrize("code", ["InternalServerError", "ThrottlingException"])
def test_a_read_is_tried_again(code):
    class Recovering(Refusing):
        def get_parameter(self, **parameters):
            if len(pauses) < 2:
                return super().get_parameter()
            return {"Parameter": {"Value": "free", "Version": 7, "LastModifiedDate": datetime.fromtimestamp(9, UTC)}}

    pauses = []
    assert Parameters(Recovering(code), pauses.append).read("/x") == Parameter("free", 7, 9.0)
    pauses = []
    with pytest.raises(Problem):
        Parameters(Refusing(code), pauses.append).read("/x")
    assert len(pauses) == 2


def test_a_read_that_may_not_be_is_not_tried_again():
    pauses = []
    with pytest.raises(Problem):
        Parameters(Refusing("AccessDeniedException"), pauses.append).read("/x")
    assert not pauses


def test_a_write_without_an_answer_is_sent_once(monkeypatch):
    """Sent again, the release of a lock could end the hold of whoever took it meanwhile."""
    seen = []

    class Silent(BaseHTTPRequestHandler):
        def do_POST(self):
            seen.append(self.headers["X-Amz-Target"])
            self.send_response(500)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Silent)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
    try:
        once = aws.client.__wrapped__("ssm", attempts=1)
        with pytest.raises(Problem):
            Parameters(once).overwrite("/x", "free")
    finally:
        server.shutdown()
        thread.join(5)
        server.server_close()
    assert seen == ["AmazonSSM.PutParameter"]
