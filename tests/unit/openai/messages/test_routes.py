"""The routes, called as Lambda calls them, and the pieces that need no stream."""

import json
from types import SimpleNamespace

import pytest
from anthropic.types import ModelInfo

from local.permissions import group
from pennyworth.aws import UNSIGNED, AwsError
from pennyworth.body import check
from pennyworth.errors import ERRORS, Problem
from pennyworth.principal import Principal
from services.openai import routing
from services.openai.app import handler
from services.openai.catalogue import find, models
from services.openai.messages.errors import error_body
from services.openai.messages.models import model_list
from services.openai.messages.params import CountRequest, MessagesRequest
from services.openai.messages.request import to_converse
from services.openai.providers.bedrock import Bedrock
from services.openai.tokens import counted_as, estimate

CALLER = Principal("u", "ada@example.com", "", "g", "arn:aws:iam::1:role/g", frozenset({"inference"}), ("*",))
HI = [{"role": "user", "content": "Hi"}]
ASK = {"model": "claude-sonnet-4.5", "max_tokens": 100, "messages": HI}


def answered(body, path="/messages", headers=None, caller=CALLER):
    event = {
        "resource": path,
        "path": path,
        "httpMethod": "POST",
        "headers": {},
        "multiValueHeaders": headers or {},
        "queryStringParameters": {"beta": "true"},
        "requestContext": {"requestId": "r1", "authorizer": caller.to_context()},
        "body": body if isinstance(body, str) else json.dumps(body),
        "isBase64Encoded": False,
    }
    reply = handler(event, SimpleNamespace(streams=True))
    return reply, json.loads(reply["body"])


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        ("{", 400, "invalid_request_error"),
        ({**ASK, "model": "titan-embed-text-v2"}, 400, "invalid_request_error"),
        ({"max_tokens": 1, "messages": HI}, 400, "invalid_request_error"),
        ({**ASK, "stream": 1}, 400, "invalid_request_error"),
    ],
)
def test_errors_have_anthropics_shape_and_the_requests_id(body, status, kind):
    reply, answer = answered(body)
    assert (reply["statusCode"], answer["type"], answer["error"]["type"]) == (status, "error", kind)
    assert answer["request_id"] == "r1"
    assert reply["multiValueHeaders"]["request-id"] == ["r1"]


def test_who_may_not_is_told_so(monkeypatch):
    monkeypatch.setattr(routing, "provider", lambda *_: pytest.fail("a provider was asked"))
    caller = Principal("u", "a@b.c", "", "g", "arn:aws:iam::1:role/g", frozenset({"inference"}), ("nova-*",))
    for path in ("/messages", "/messages/count_tokens"):
        reply, answer = answered(ASK, path, caller=caller)
        assert (reply["statusCode"], answer["error"]["type"]) == (403, "permission_error")


def test_what_nobody_foresaw_is_an_api_error_without_its_text(monkeypatch, log):
    def broken(*_):
        raise RuntimeError("a secret")

    monkeypatch.setattr(routing, "provider", broken)
    reply, answer = answered(ASK)
    assert (reply["statusCode"], answer["error"]["type"]) == (500, "api_error")
    assert "secret" not in reply["body"]


def test_the_betas_of_the_header_reach_the_provider(monkeypatch):
    asked = []

    class Provider:
        name, price = "p", None

        def message(self, body, envelope, meter):
            asked.append(body["betas"])
            usage = dict.fromkeys(("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"), 0)
            return {"id": envelope.id, "usage": {**usage, "output_tokens": 1}}

    monkeypatch.setattr(routing, "provider", lambda *_: Provider())
    reply, answer = answered(ASK, headers={"Anthropic-Beta": ["a-1, b-2", "c-3"]})
    assert (reply["statusCode"], asked) == (200, [["a-1", "b-2", "c-3"]])
    assert answer["id"].startswith("msg_")


_DETAILS = ("reason", "param", "limit", "method", "path", "action", "group", "model", "thing", "id", "whose", "day")


@pytest.mark.parametrize("code", ERRORS)
def test_every_error_has_a_type_of_anthropics(code):
    details = dict.fromkeys(_DETAILS, "x")
    details.pop("param")
    kind = error_body(Problem(code, param="p", **details))["error"]["type"]
    assert (kind in ("api_error", "overloaded_error", "timeout_error")) == (
        ERRORS[code].status in (408, *range(500, 600))
    )


SCREEN = {"display_width_px": 800, "display_height_px": 600}


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"tools": [{"type": "web_search_20250305", "name": "web_search"}]}, "tools[0].type"),
        ({"tools": [{"type": "computer_toolset_20260801"}]}, "tools[0].type"),
        ({"tools": [{"type": "bash_20250124", "name": "shell"}]}, "tools[0].name"),
        ({"tools": [{"type": "bash_20250124", "name": "bash", "input_schema": {}}]}, "tools[0].input_schema"),
        ({"tools": [{"type": "bash_20250124", "name": "bash", "max_characters": 9}]}, "tools[0].max_characters"),
        ({"tools": [{"type": "bash_20250124", "name": "bash", "strict": True}]}, "tools[0].strict"),
        ({"tools": [{"type": ["bash_20250124"], "name": "bash"}]}, "tools[0].type"),
        ({"tools": [{"name": "f"}]}, "tools[0].input_schema"),
        ({"tools": [{"name": "f", "input_schema": {}, "enable_zoom": True}]}, "tools[0].enable_zoom"),
        (
            {"tools": [{"type": "computer_20250124", "name": "computer", "display_width_px": 800}]},
            "tools[0].display_height_px",
        ),
        ({"tools": [{"type": "computer_20251124", "name": "computer", **SCREEN}]}, "tools[0].type"),
        (
            {"tools": [{"type": "bash_20250124", "name": "bash"}, {"name": "bash", "input_schema": {}}]},
            "tools[1].name",
        ),
        ({"tools": [{"name": "a b", "input_schema": {}}]}, "tools[0].name"),
        ({"tools": [{"name": "f", "input_schema": {}}] * 2}, "tools[1].name"),
        ({"tool_choice": {"type": "any"}}, "tool_choice"),
        ({"mcp_servers": [{}]}, "mcp_servers"),
        ({"container": "c"}, "container"),
        ({"inference_geo": "eu"}, "inference_geo"),
        ({"thread": {"type": "create"}}, "thread"),
        ({"speed": "fast"}, "speed"),
        ({"surprise": 1}, "surprise"),
        ({"temperature": 2}, "temperature"),
        ({"temperature": 0.5, "top_p": 0.5}, "top_p"),
        ({"thinking": {"type": "enabled", "budget_tokens": 1024}}, "max_tokens"),
        ({"thinking": {"type": "enabled", "budget_tokens": 10}}, "thinking.budget_tokens"),
        ({"context_management": {"edits": [{"type": "compact_20260112"}]}}, "context_management.edits[0].type"),
        ({"messages": [{"role": "assistant", "content": "Hi"}]}, "messages"),
        ({"messages": [{"role": "user", "content": [{"type": "server_tool_use"}]}]}, "messages[0].content[0].type"),
        (
            {
                "messages": [
                    {"role": "user", "content": [{"type": "image", "source": {"type": "url", "url": "https://x"}}]}
                ]
            },
            "messages[0].content[0].source",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t"}]}]},
            "messages[0].content[0].tool_use_id",
        ),
        (
            {
                "messages": [
                    *HI,
                    {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "f", "input": {}}]},
                ]
            },
            "messages[1].content[0]",
        ),
        ({"cache_control": {"type": "ephemeral", "ttl": "2h"}}, "cache_control.ttl"),
        ({"system": [{"type": "thinking", "thinking": "x"}]}, "system"),
        ({"stop_sequences": ["x", " "]}, "stop_sequences"),
        (
            {"system": [{"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}}] * 5},
            "system[4].cache_control",
        ),
    ],
)
def test_what_cannot_be_done_is_refused_by_its_path(change, param):
    with pytest.raises(Problem) as raised:
        to_converse(check(MessagesRequest, {**ASK, **change}), find("claude-sonnet-4.5"))
    assert (raised.value.status, raised.value.param) == (400, param)


@pytest.mark.parametrize(
    ("model", "change", "param"),
    [
        ("nova-lite", {"top_k": 5}, "top_k"),
        ("nova-micro", {"output_config": {"format": {"type": "json_schema", "schema": {}}}}, "output_config.format"),
        ("deepseek-r1", {"tools": [{"name": "f", "input_schema": {}}]}, "tools"),
        ("llama-3.3-70b", {"stop_sequences": ["x"]}, "stop_sequences"),
        ("nova-lite", {"stop_sequences": list("abcde")}, "stop_sequences"),
        ("nova-lite", {"tools": [{"type": "bash_20250124", "name": "bash"}]}, "tools[0].type"),
        ("claude-opus-5", {"tools": [{"type": "computer_20250124", "name": "computer", **SCREEN}]}, "tools[0].type"),
    ],
)
def test_what_a_model_lacks_is_refused_by_name(model, change, param):
    with pytest.raises(Problem) as raised:
        to_converse(check(MessagesRequest, {**ASK, **change}), find(model))
    assert (raised.value.status, raised.value.param) == (400, param)


def test_the_list_of_models_is_what_the_sdk_expects():
    listed = model_list([{"id": "nova-lite", "created": 1733184000, "object": "model", "owned_by": "amazon"}])
    (info,) = (ModelInfo.model_validate(one) for one in listed["data"])
    assert (info.id, info.created_at.year, listed["first_id"], listed["has_more"]) == (
        "nova-lite",
        2024,
        "nova-lite",
        False,
    )
    assert model_list([])["last_id"] is None


def test_tokens_are_counted_by_ids_that_the_users_role_may_count_by():
    """Bedrock counts by the model, though the model is invoked by a profile."""
    counted = {counted_as(model) for model in models().values()} - {None}
    assert counted
    policy = group([model.id for model in models().values()], "us-east-1", "123456789012", "arn:aws:s3:::b")
    (allowed,) = (one["Resource"] for one in policy["Statement"] if one["Sid"] == "TokenCounts")
    assert {f"arn:aws:bedrock:us-east-1::foundation-model/{model_id}" for model_id in counted} <= set(allowed)


class Aws:
    def __init__(self, answer):
        self.answer = answer

    def post(self, *_, **__):
        if isinstance(self.answer, AwsError):
            raise self.answer
        return self.answer


UNCOUNTED = AwsError("ValidationException", 400, "The provided model doesn't support counting tokens.")


def counted(answer):
    body = {"model": "claude-sonnet-4.5", "messages": HI}
    return Bedrock(Aws(answer), lambda _: UNSIGNED, None, find("claude-sonnet-4.5")).message_tokens(body)


def test_where_bedrock_counts_no_tokens_they_are_estimated():
    assert counted({"inputTokens": 7}) == (7, True)
    tokens, exact = counted(UNCOUNTED)
    assert (0 < tokens < 30, exact) == (True, False)


@pytest.mark.parametrize("code", ["ValidationException", "AccessDeniedException", "ThrottlingException"])
def test_any_other_trouble_is_no_estimate(code):
    with pytest.raises(Problem):
        counted(AwsError(code, 400, "Something else."))


def test_an_image_counts_as_an_image_and_not_as_its_base64():
    image = {"type": "image", "source": {"type": "base64", "data": "A" * 1_000_000}}
    assert estimate({"messages": [{"role": "user", "content": [image]}]}) < 2000
    assert check(CountRequest, {"model": "m", "messages": HI}).messages
