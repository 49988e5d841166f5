"""Servers as they may be declared and as they may not, for both that say so: Terraform, and the function."""

from typing import Any

REGION = "eu-west-1"
HTTP = {"type": "http", "url": "https://mcp.example.com/mcp"}
ARN = f"arn:aws:lambda:{REGION}:123456789012:function:crm:live"
LAMBDA = {"type": "lambda", "function": ARN}
OPENAPI = {"type": "openapi", "document": "https://api.example.com/openapi.json"}
OAUTH = {"type": "oauth", "token_url": "https://id.example.com/token", "client_id": "x"}
_GATEWAY = "arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/prod/POST/mcp"
SIGNED = {"type": "sigv4", "service": "execute-api", "resources": [_GATEWAY]}
DIGEST = "x" * 43


def _url(url: str, **more: Any) -> dict[str, Any]:
    return {**HTTP, "url": url, **more}


def _auth(**auth: Any) -> dict[str, Any]:
    return {**HTTP, "auth": auth}


def _header(name: str) -> dict[str, Any]:
    return _auth(type="header", header=name)


GOOD: list[dict[str, Any]] = [
    HTTP,
    {**HTTP, "era": "2025-06-18", "shared_session": True, "approved": {}, "timeout_s": 25, "max_kb": 4096},
    {**HTTP, "forward": ["X-Tenant-Id", "accept-language", "traceparent", "x" * 64]},
    {**HTTP, "timeout_s": 1.5, "max_kb": 1, "approved": {"add": DIGEST}},
    _auth(**OAUTH),
    _auth(**OAUTH, scope="a b", resource="https://api.example.com"),
    _auth(type="none"),
    _auth(type="header"),
    _header("X-Api-Key"),
    _header("x" * 64),
    _header("Cookie"),
    _auth(**SIGNED),
    _url("https://mcp.example.com"),
    _url("https://mcp.example.com?x=1?2"),
    _url("https://mcp.example.com:65535/a@b/%20;x='1'?q={a}|b&c=[d]"),
    _url("https://my_host/"),
    _url("http://[fd00::1]:8080/mcp?x=1", private=True),
    _url("http://127.0.0.1:9000/mcp", private=True),
    LAMBDA,
    {**LAMBDA, "payload": "message"},
    {**LAMBDA, "auth": {"type": "none"}},
    OPENAPI,
    {**OPENAPI, "url": "https://api.example.com/v2"},
]

# With a part of what the function says.
BAD: list[tuple[dict[str, Any], str]] = [
    ({"type": "stdio"}, "type is one of"),
    (_auth(type="basic"), "auth.type is one of"),
    *(
        (_header(name), "auth.header is a header's name")
        for name in (
            "",
            "host",
            "Host",
            "a b",
            "x:y",
            "-x",
            "x" * 65,
            "Mcp-Session-Id",
            "content-length",
            "Content-Type",
        )
    ),
    *(
        (_header(name), "auth.header is a header's name")
        for name in ("connection", "Transfer-Encoding", "te", "trailer", "upgrade", "é")
    ),
    (_auth(**{**OAUTH, "client_id": ""}), "auth.client_id is missing"),
    (_auth(type="oauth", token_url="https://id.example.com"), "auth.client_id is missing"),
    (_auth(type="oauth", client_id="x"), "auth.token_url is no usable URL"),
    (_auth(**{**OAUTH, "token_url": "http://id.example.com"}), "auth.token_url begins with https"),
    (_auth(**{**SIGNED, "service": "s3"}), "auth.service is one of"),
    (_auth(type="sigv4", resources=[_GATEWAY]), "auth.service is one of"),
    ({**HTTP, "era": "2023-01-01"}, "era is one of"),
    *(({**HTTP, "timeout_s": value}, "timeout_s is 1 to 25") for value in (0, 0.5, 25.5, 26)),
    *(({**HTTP, "max_kb": value}, "max_kb is 1 to 4096") for value in (0, 4097)),
    ({**HTTP, "max_kb": 1.5}, "max_kb is of another type"),
    *(({**HTTP, "forward": [name]}, "is no header's name") for name in ("a b", "", "x:y", "-x", "x" * 65)),
    *(({**HTTP, "forward": [name]}, "is not passed on") for name in ("Authorization", "x-api-key", "Mcp-Name")),
    (_url("http://mcp.example.com/mcp"), "url begins with https"),
    (_url("ftp://mcp.example.com", private=True), "url begins with https"),
    *(
        (_url(url), "url is no usable URL")
        for url in (
            *("", "mcp.example.com", "https://", "https:///mcp", "https://:443/", "https://user:pass@mcp.example.com/"),
            *("https://mcp.example.com/a b", "https://mcp.example.com/a\tb", "https://mcp.example.com/#x"),
            *(
                "https://mcp.example.com\\@evil.example/",
                "https://mcp.example.com/a\\b",
                "https://mcp.example.com/a\u007fb",
            ),
            *("https://mcp.example.com:0/", "https://mcp.example.com:65536/", "https://mcp.example.com:x/"),
            *(
                "https://bücher.example/",
                "https://mcp.example.com/ü",
                "https://mcp.example.com/?ü",
                'https://a.example/"',
            ),
            *(
                "https://[fd00::1",
                "https://[::::]/",
                "https://[1.2.3.4]/",
                "https://a%20b/",
                "https://a.example:443:1/",
            ),
        )
    ),
    ({"type": "http"}, "url is no usable URL"),
    ({"type": "openapi", "url": "https://api.example.com"}, "document is no usable URL"),
    ({**OPENAPI, "url": "http://api.example.com"}, "url begins with https"),
    ({"type": "lambda", "function": "crm"}, "function is a Lambda function's ARN"),
    ({"type": "lambda"}, "function is a Lambda function's ARN"),
    ({**LAMBDA, "function": f"{ARN}:x"}, "function is a Lambda function's ARN"),
    *(({**LAMBDA, "payload": payload}, "payload is one of") for payload in ("sqs", "")),
    ({**LAMBDA, "auth": {"type": "header"}}, "invoked as the gateway's own role"),
]
