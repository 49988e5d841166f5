"""Who may call: the signature's form anywhere, and the signature itself where access keys are known."""

import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from botocore.credentials import Credentials

CLAUDE = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
PATH = f"/model/{CLAUDE}/converse"
BODY = {"messages": [{"role": "user", "content": [{"text": "Hello"}]}]}
LONG_TERM = Credentials("AKIALONG", "long-secret")
ASSUMED = Credentials("ASIAROLE", "role-secret", "role-token")
EXPIRED = Credentials("ASIAEXPIRED", "old-secret", "old-token")
ALL = json.dumps({"Statement": {"Effect": "Allow", "Action": "bedrock:*", "Resource": "*"}})
MAY: dict[str, Any] = {"tags": {}, "policies": [ALL], "boundary": None}
KEYS: dict[str, dict[str, Any]] = {
    "AKIALONG": {
        "arn": "arn:aws:iam::123456789012:user/ada",
        "secret_access_key": "long-secret",
        "session_token": None,
        "expires_at": None,
        **MAY,
    },
    "ASIAROLE": {
        "arn": "arn:aws:sts::123456789012:assumed-role/bedrock/user-1",
        "secret_access_key": "role-secret",
        "session_token": "role-token",
        "expires_at": time.time() + 3600,
        **MAY,
    },
    "ASIAEXPIRED": {
        "arn": "arn:aws:sts::123456789012:assumed-role/bedrock/user-2",
        "secret_access_key": "old-secret",
        "session_token": "old-token",
        "expires_at": time.time() - 1,
        **MAY,
    },
}


def headers_of(bedrock: Any, **changes: str | None) -> dict[str, str]:
    """Good headers with some changed (underscores stand for dashes) or left out."""
    headers = {name.lower(): value for name, value in bedrock.signed(PATH, BODY).items()}
    for name, value in changes.items():
        headers.pop(name.replace("_", "-"))
        if value is not None:
            headers[name.replace("_", "-")] = value
    return headers


def error(answer: Any) -> tuple[int, str]:
    assert answer.json()["message"]
    return answer.status_code, answer.headers["x-amzn-errortype"]


def stamp(**shift: int) -> str:
    return (datetime.now(UTC) + timedelta(**shift)).strftime("%Y%m%dT%H%M%SZ")


def test_without_a_signature_nobody_calls(bedrock: Any) -> None:
    answer = bedrock.post(PATH, BODY, {"content-type": "application/json"})
    assert error(answer) == (403, "MissingAuthenticationTokenException")
    assert bedrock.calls()[-1]["access_key_id"] is None


def test_bearer_keys_are_not_known_here(bedrock: Any) -> None:
    answer = bedrock.post(PATH, BODY, {"authorization": "Bearer bedrock-api-key-x"})
    assert error(answer) == (403, "AccessDeniedException")


@pytest.mark.parametrize("header", ["AWS4-HMAC-SHA256 Credential=x", "Basic abc", "AWS4-HMAC-SHA256"])
def test_half_a_signature_is_incomplete(bedrock: Any, header: str) -> None:
    answer = bedrock.post(PATH, BODY, headers_of(bedrock, authorization=header))
    assert error(answer) == (403, "IncompleteSignatureException")


def test_a_signature_without_its_date_is_incomplete(bedrock: Any) -> None:
    answer = bedrock.post(PATH, BODY, headers_of(bedrock, x_amz_date=None))
    assert error(answer) == (403, "IncompleteSignatureException")


def dated(bedrock: Any, minutes: int) -> dict[str, str]:
    """Headers whose date and scope are of another time."""
    headers = headers_of(bedrock)
    day = headers["x-amz-date"][:8]
    headers["x-amz-date"] = stamp(minutes=minutes)
    headers["authorization"] = headers["authorization"].replace(f"/{day}/", f"/{headers['x-amz-date'][:8]}/")
    return headers


@pytest.mark.parametrize(("minutes", "words"), [(-6, "Signature expired"), (6, "Signature not yet current")])
def test_a_signature_is_good_for_five_minutes(bedrock: Any, minutes: int, words: str) -> None:
    answer = bedrock.post(PATH, BODY, dated(bedrock, minutes))
    assert error(answer) == (403, "InvalidSignatureException")
    assert words in answer.json()["message"]


@pytest.mark.parametrize("minutes", [-4, 4])
def test_clocks_need_not_agree_exactly(bedrock: Any, minutes: int) -> None:
    assert bedrock.post(PATH, BODY, dated(bedrock, minutes)).status_code == 200


def test_a_signature_for_another_service_is_invalid(bedrock: Any) -> None:
    answer = bedrock.post(PATH, BODY, bedrock.signed(PATH, BODY, service="s3"))
    assert error(answer) == (403, "InvalidSignatureException")
    assert answer.json()["message"] == "Credential should be scoped to correct service: 'bedrock'."


@pytest.mark.parametrize("header", ["host", "x-amz-date", "x-amz-security-token"])
def test_headers_that_matter_are_signed(bedrock: Any, stand_in: Any, header: str) -> None:
    other = stand_in(bedrock.url, ASSUMED)
    headers = {name.lower(): value for name, value in other.signed(PATH, BODY).items()}
    headers["authorization"] = headers["authorization"].replace(f"{header};", "").replace(f";{header},", ",")
    answer = bedrock.post(PATH, BODY, headers)
    assert error(answer) == (403, "InvalidSignatureException")
    assert header in answer.json()["message"]
    other.close()


def test_without_known_keys_any_signature_will_do(bedrock: Any, stand_in: Any) -> None:
    other = stand_in(bedrock.url, Credentials("AKIAANY", "whatever"))
    assert other.runtime.converse(modelId=CLAUDE, **BODY)["stopReason"] == "end_turn"
    call = bedrock.calls()[-1]
    assert (call["access_key_id"], call["principal_arn"]) == ("AKIAANY", None)
    other.close()


class KeyServer(BaseHTTPRequestHandler):
    """Says whose an access key is; counts the questions."""

    asked: list[str]

    def do_GET(self) -> None:
        key = self.path.rpartition("/")[2]
        self.asked.append(key)
        found = KEYS.get(key) if self.path.startswith("/_stand_in/access-keys/") else None
        content = json.dumps(found or {}).encode()
        self.send_response(200 if found else 404)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def asked() -> list[str]:
    return []


@pytest.fixture(scope="module")
def knowing(start: Any, asked: list[str]) -> Iterator[str]:
    """A stand-in that can resolve access keys."""
    handler = type("Handler", (KeyServer,), {"asked": asked})
    keys = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=keys.serve_forever, args=(0.05,))
    thread.start()
    try:
        with start("--aws-url", f"http://127.0.0.1:{keys.server_port}") as url:
            yield url
    finally:
        keys.shutdown()
        thread.join(5)
        keys.server_close()


@pytest.mark.parametrize("credentials", [LONG_TERM, ASSUMED], ids=["long term", "assumed role"])
def test_a_known_key_is_resolved_to_its_principal(
    knowing: str, stand_in: Any, asked: list[str], credentials: Any
) -> None:
    client = stand_in(knowing, credentials)
    for model in (CLAUDE, "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-micro-v1:0"):
        assert client.runtime.converse(modelId=model, **BODY)["stopReason"] == "end_turn"
    assert client.control.list_inference_profiles(maxResults=3)["inferenceProfileSummaries"]
    arns = {call["principal_arn"] for call in client.calls()[-3:]}
    assert arns == {KEYS[credentials.access_key]["arn"]}
    assert asked.count(credentials.access_key) == 1, "an answer is remembered"
    client.close()


def test_an_unknown_key_is_asked_for_every_time(knowing: str, stand_in: Any, asked: list[str]) -> None:
    client = stand_in(knowing, Credentials("AKIANOBODY", "x"))
    for _ in range(2):
        assert error(client.post(PATH, BODY)) == (403, "UnrecognizedClientException")
    assert asked.count("AKIANOBODY") == 2
    call = client.calls()[-1]
    assert (call["error"], call["access_key_id"]) == ("UnrecognizedClientException", "AKIANOBODY")
    client.close()


@pytest.mark.parametrize(
    "credentials",
    [
        Credentials("AKIALONG", "another-secret"),
        Credentials("ASIAROLE", "another-secret", "role-token"),
    ],
)
def test_a_wrong_secret_shows(knowing: str, stand_in: Any, credentials: Any) -> None:
    client = stand_in(knowing, credentials)
    answer = client.post(PATH, BODY)
    assert error(answer) == (403, "InvalidSignatureException")
    assert "does not match the signature you provided" in answer.json()["message"]
    client.close()


@pytest.mark.parametrize(
    "credentials",
    [
        Credentials("ASIAROLE", "role-secret", "another-token"),
        Credentials("ASIAROLE", "role-secret"),
        Credentials("AKIALONG", "long-secret", "a-token"),
    ],
)
def test_a_wrong_session_token_shows(knowing: str, stand_in: Any, credentials: Any) -> None:
    client = stand_in(knowing, credentials)
    assert error(client.post(PATH, BODY)) == (403, "UnrecognizedClientException")
    client.close()


def test_an_expired_key_is_refused_though_it_is_remembered(knowing: str, stand_in: Any) -> None:
    client = stand_in(knowing, EXPIRED)
    for _ in range(2):
        assert error(client.post(PATH, BODY)) == (403, "ExpiredTokenException")
    client.close()


def test_a_changed_body_or_path_breaks_the_signature(knowing: str, stand_in: Any) -> None:
    client = stand_in(knowing, LONG_TERM)
    headers = client.signed(PATH, BODY)
    assert client.post(PATH, BODY, headers).status_code == 200
    other = {"messages": [{"role": "user", "content": [{"text": "Hullo"}]}]}
    assert error(client.post(PATH, other, headers)) == (403, "InvalidSignatureException")
    assert error(client.post(PATH + "-stream", BODY, headers)) == (403, "InvalidSignatureException")
    client.close()


def test_when_nobody_can_be_asked_it_is_our_fault(start: Any, stand_in: Any) -> None:
    with start("--aws-url", "http://127.0.0.1:1") as url:
        client = stand_in(url, LONG_TERM)
        assert error(client.post(PATH, BODY)) == (500, "InternalServerException")
        client.close()
