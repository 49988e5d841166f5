"""Nothing that a client says, and no key, is in a run's log: whatever is asked, and however it fails."""

import itertools
import json
import time

import httpx
import pytest

MARK, KEY = "xyzzy-marked-9f3b", "plugh-key-4c1d"
_WRITTEN_S = 10
TOOL = {"type": "function", "function": {"name": f"t-{MARK}", "parameters": {"type": "object", "title": MARK}}}
CHAT = {
    "messages": [{"role": "system", "content": MARK}, {"role": "user", "content": f'Say "{MARK}"'}],
    "user": MARK,
    "metadata": {"m": MARK},
}
MESSAGES = {"max_tokens": 50, "system": MARK, "messages": [{"role": "user", "content": MARK}]}
IMAGE = [{"type": "image_url", "image_url": {"url": f"https://user:{MARK}@nowhere.invalid/{MARK}?token={MARK}"}}]
BODIES = [
    ("/chat/completions", CHAT),
    ("/chat/completions", {**CHAT, "stream": True, "tools": [TOOL]}),
    ("/chat/completions", {**CHAT, "n": 2, "stop": MARK}),
    ("/chat/completions", {**CHAT, "response_format": {"type": MARK}}),
    ("/chat/completions", {**CHAT, MARK: MARK}),
    ("/chat/completions", {"messages": MARK}),
    ("/chat/completions", {"messages": [{"role": "user", "content": IMAGE}]}),
    ("/chat/completions", {"messages": [{"role": "user", "content": [{"type": "file", "file": {"file_id": MARK}}]}]}),
    ("/completions", {"prompt": MARK, "suffix": MARK}),
    ("/completions", {"prompt": MARK, "stream": True}),
    ("/embeddings", {"input": MARK}),
    ("/embeddings", {"input": {"x": MARK}}),
    ("/responses", {"input": MARK, "instructions": MARK}),
    ("/responses", {"input": MARK, "stream": True}),
    ("/responses", {"input": MARK, "previous_response_id": MARK}),
    ("/responses", {"input": [{"type": "reasoning", "summary": [], "encrypted_content": MARK}]}),
    ("/responses/compact", {"input": MARK}),
    ("/messages", MESSAGES),
    ("/messages", {**MESSAGES, "stream": True}),
    ("/messages", {**MESSAGES, "tools": [{"name": MARK}]}),
    ("/messages/count_tokens", MESSAGES),
    ("/uploads", {"filename": MARK, "purpose": "user_data", "bytes": 5, "mime_type": MARK}),
    ("/uploads", {"filename": f"{MARK}/", "purpose": MARK, "bytes": 5, "mime_type": MARK}),
    ("/organization/users", {"email": MARK}),
    ("/mcp", {"jsonrpc": "2.0", "id": 1, "method": MARK, "params": {"name": MARK}}),
]
PATHS = [
    f"/models/{MARK}",
    f"/files/{MARK}",
    f"/files/{MARK}/content",
    f"/responses/{MARK}",
    f"/files?after={MARK}",
    f"/{MARK}",
]


def settled(gateway, client):
    """The log, once all that was asked before is in it."""
    last = client.get("/version").headers["x-request-id"]
    deadline = time.monotonic() + _WRITTEN_S
    while time.monotonic() < deadline:
        text = (gateway.folder / "log").read_text()
        if last in text:
            return text
        time.sleep(0.05)
    return pytest.fail("the last request's line is missing")


@pytest.mark.parametrize(
    "failure",
    [
        None,
        {"error": "ValidationException", "message": f"you said {MARK}"},
        {"error": "InternalServerException", "message": MARK},
        {"error": "AccessDeniedException", "message": MARK},
    ],
    ids=["answered", "refused", "broken", "denied"],
)
def test_no_line_of_the_log_holds_what_a_client_said(gateway, fault, failure):
    with gateway.http() as client:
        for (path, body), model in itertools.product(BODIES, ("nova-lite", "gpt-oss-20b", "titan-embed-text-v2")):
            if failure:
                fault(**failure, times=8)
            answer = client.post(path, json={"model": model, **body}, headers={"x-marked": MARK})
            assert answer.status_code != 500 or failure, (path, model, answer.text)
        for path in PATHS:
            assert client.get(path).status_code in (400, 403, 404)
        client.post("/files", files={"file": (f"{MARK}.txt", MARK)}, data={"purpose": "user_data"})
        client.post("/chat/completions", content=f'{{"model": "{MARK}'.encode())
        log = settled(gateway, client)
    assert '"message":"request"' in log
    # The door of a developer's own machine names the path; API Gateway's log is told the route.
    assert [line for line in log.splitlines() if MARK in line and " gateway " not in line[:24]] == []


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": f"Bearer sk-pw-{KEY}"},
        {"authorization": f"Basic {KEY}"},
        {"authorization": f"Bearer {KEY}.{KEY}.{KEY}"},
        {"x-api-key": f"sk-pw-{KEY}"},
        {"x-api-key": KEY, "authorization": f"Basic {KEY}"},
    ],
)
def test_no_line_of_the_log_holds_a_credential(gateway, headers):
    with httpx.Client(base_url=gateway.base_url, headers=headers, timeout=30, trust_env=False) as client:
        for path in ("/chat/completions", "/messages", "/messages/count_tokens", "/mcp"):
            assert client.post(path, json={}).status_code in (401, 403)
        log = settled(gateway, client)
    assert KEY not in log
    assert gateway.api_key not in log
    assert gateway.admin_token not in log


def test_the_marks_would_be_found(gateway):
    """The tests above search a file in which requests are: by its model's name one is found."""
    with gateway.http() as client:
        client.post("/chat/completions", json={"model": "nova-lite", **CHAT}).raise_for_status()
        assert json.dumps("nova-lite") in settled(gateway, client)
