"""Whatever a client gets wrong: its status and OpenAI's error object. Never a stack trace, an AWS text or a 500."""

import base64
import json
import re

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

CHAT = "/chat/completions"
LEAKS = re.compile(r"Traceback|botocore|boto3|amazonaws|arn:aws|Exception|\.py\b|pydantic", re.IGNORECASE)


def chat(**changes):
    body = {"model": "claude-haiku-4.5", "messages": [{"role": "user", "content": "Hi"}], **changes}
    return {"json": body}


BAD_BODIES = [
    ("no body", {}, 400, "invalid_json", None),
    ("half a JSON object", {"content": b'{"model": "nova-lite"'}, 400, "invalid_json", None),
    ("bytes that are no text", {"content": b"\xff\xfe{}"}, 400, "invalid_json", None),
    ("a lone surrogate", {"content": b'{"model": "\\ud800", "messages": []}'}, 400, "invalid_json", None),
    ("deep nesting", {"content": b"[" * 20000 + b"]" * 20000}, 400, "invalid_json", None),
    ("a list", {"json": []}, 400, "invalid_request", None),
    ("no model", {"json": {"messages": []}}, 400, "missing_required_parameter", "model"),
    ("a number as model", chat(model=7), 400, "invalid_value", "model"),
    ("an unknown model", chat(model="gpt-17"), 404, "model_not_found", "model"),
    ("an embedding model", chat(model="titan-embed-text-v2"), 400, "invalid_value", "model"),
    ("no messages", {"json": {"model": "nova-lite"}}, 400, "missing_required_parameter", "messages"),
    ("empty messages", chat(messages=[]), 400, "invalid_value", "messages"),
    ("text as messages", chat(messages="Hi"), 400, "invalid_value", "messages"),
    ("an unknown role", chat(messages=[{"role": "king", "content": "Hi"}]), 400, "invalid_value", "messages[0].role"),
    ("blank content", chat(messages=[{"role": "user", "content": " "}]), 400, "invalid_value", "messages[0].content"),
    ("text as temperature", chat(temperature="hot"), 400, "invalid_value", "temperature"),
    ("too hot", chat(temperature=1.7), 400, "invalid_value", "temperature"),
    ("negative max_tokens", chat(max_tokens=-1), 400, "invalid_value", "max_tokens"),
    ("an unsupported parameter", chat(seed=7), 400, "unsupported_parameter", "seed"),
    ("an unsupported parameter, streamed", chat(seed=7, stream=True), 400, "unsupported_parameter", "seed"),
    ("an unknown parameter", chat(colour="red"), 400, "unsupported_parameter", "colour"),
    ("a number as stream", chat(stream=1), 400, "invalid_value", "stream"),
    (
        "an orphaned tool result",
        chat(messages=[{"role": "tool", "tool_call_id": "x", "content": "y"}]),
        400,
        "invalid_value",
        "messages[0].tool_call_id",
    ),
    (
        "tools the model lacks",
        chat(model="deepseek-r1", tools=[{"type": "function", "function": {"name": "f"}}]),
        400,
        "unsupported_parameter",
        "tools",
    ),
]


@pytest.mark.parametrize(
    ("what", "request_", "status", "code", "param"), BAD_BODIES, ids=lambda v: v if isinstance(v, str) else None
)
def test_a_bad_body_is_refused_by_name(gateway, what, request_, status, code, param):
    with gateway.http() as client:
        check(client.post(CHAT, **request_), status, code, param)


def forged(token, **claims):
    header, payload, _ = token.split(".")
    changed = {**json.loads(base64.urlsafe_b64decode(payload + "==")), **claims}
    part = base64.urlsafe_b64encode(json.dumps(changed).encode()).rstrip(b"=").decode()
    none = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').rstrip(b"=").decode()
    return f"{none}.{part}.", f"{header}.{part}.{token.split('.')[2]}"


def foreign(token, **claims):
    """The token's header and claims, changed and signed by somebody else's key."""
    key = rsa.generate_private_key(65537, 2048)
    payload = {**jwt.decode(token, options={"verify_signature": False}), **claims}
    return jwt.encode(payload, key, algorithm="RS256", headers=jwt.get_unverified_header(token))


CREDENTIALS = {
    "no header": lambda g: None,
    "an empty bearer": lambda g: "Bearer",
    "no key at all": lambda g: "Bearer hello",
    "a key of someone else's service": lambda g: "Bearer sk-proj-" + "a" * 60,
    "a mistyped key": lambda g: "Bearer " + g.api_key[:-1] + ("A" if g.api_key[-1] != "A" else "B"),
    "a cut key": lambda g: "Bearer " + g.api_key[:-1],
    "a made-up key": lambda g: "Bearer sk-pw-" + "A" * 76,
    "a basic scheme": lambda g: "Basic " + base64.b64encode(f"key:{g.api_key}".encode()).decode(),
    "alg none": lambda g: "Bearer " + forged(g.admin_token)[0],
    "a tampered token": lambda g: "Bearer " + forged(g.admin_token, sub="someone")[1],
    "a foreign signature": lambda g: "Bearer " + foreign(g.admin_token),
    "a foreign issuer": lambda g: "Bearer " + foreign(g.admin_token, iss="https://example.com"),
    "an expired and foreign token": lambda g: "Bearer " + foreign(g.admin_token, exp=1),
    "two dots": lambda g: "Bearer ..",
    "a very long key": lambda g: "Bearer " + "sk-pw-" * 1000,
}
ROUTES = [("POST", CHAT), ("GET", "/models"), ("POST", "/mcp"), ("GET", "/organization/users")]


@pytest.mark.parametrize("route", ROUTES, ids=" ".join)
@pytest.mark.parametrize("credential", CREDENTIALS)
def test_a_credential_that_proves_no_one_is_a_401(gateway, route, credential):
    value = CREDENTIALS[credential](gateway)
    headers = {} if value is None else {"authorization": value}
    with httpx.Client(base_url=gateway.base_url, timeout=30, trust_env=False) as client:
        check(client.request(*route, headers=headers, json={}), 401, "invalid_api_key", None)


def test_an_api_key_does_not_open_the_administration(gateway):
    with gateway.http() as client:
        check(client.get("/organization/users"), 401, "invalid_api_key", None)


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "unknown_url"),
        ("POST", "/chat/completion", 404, "unknown_url"),
        ("POST", "/chat/completions/", 404, "unknown_url"),
        ("GET", "/../etc/passwd", 404, "unknown_url"),
        ("GET", "/%00", 404, "unknown_url"),
        ("GET", CHAT, 405, "method_not_allowed"),
        ("DELETE", "/models", 405, "method_not_allowed"),
        ("GET", "/mcp", 405, "method_not_allowed"),
        ("PUT", "/organization/users", 405, "method_not_allowed"),
        ("GET", "/models/gpt-17", 404, "model_not_found"),
    ],
)
def test_a_wrong_place_says_so(gateway, method, path, status, code):
    with gateway.http() as client:
        answer = client.request(method, path)
    check(answer, status, code, "model" if code == "model_not_found" else None)
    if status == 405:
        assert set(answer.headers["allow"].split(", ")) >= {"OPTIONS"}


def test_what_a_group_or_a_key_may_not_do_is_a_403(gateway):
    restricted = gateway.key(gateway.user("rick@example.com", "restricted"))["value"]
    with gateway.http(restricted) as client:
        check(client.post(CHAT, **chat()), 403, "model_not_allowed", "model")
        check(client.post("/mcp", json={"jsonrpc": "2.0", "id": 1, "method": "ping"}), 403, "action_not_allowed", None)
        assert client.post(CHAT, **chat(model="nova-lite")).status_code == 200
        assert {model["id"] for model in client.get("/models").json()["data"]} == {
            "nova-micro",
            "nova-lite",
            "nova-pro",
            "nova-2-lite",
            "nova-2-multimodal-embeddings",
        }
    narrowed = gateway.key(gateway.user("nora@example.com"), scopes=["mcp"])["value"]
    with gateway.http(narrowed) as client:
        check(client.post(CHAT, **chat()), 403, "action_not_allowed", None)


def check(answer, status, code, param):
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert (error["code"], error["param"]) == (code, param)
    assert error["message"]
    assert error["type"]
    assert not LEAKS.search(answer.text)
    assert answer.headers["x-request-id"]
