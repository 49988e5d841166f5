"""Where a sign-in may lead back to: what clients of today register, and what only looks like it."""

import pytest

from tests.e2e.mcp_sign_in import address, register

CLAUDE = "https://claude.ai/api/mcp/auth_callback"


# What today's clients register, in the form they do it; what of it is kept.
CLIENTS = {
    "claude.ai": ([CLAUDE], [CLAUDE]),
    "claude.com": (["https://claude.com/api/mcp/auth_callback"], ["https://claude.com/api/mcp/auth_callback"]),
    "Claude Code": (["http://localhost:54545/callback"], ["http://localhost:54545/callback"]),
    "VS Code": (
        [
            "https://insiders.vscode.dev/redirect",
            "https://vscode.dev/redirect",
            "http://127.0.0.1/",
            "http://127.0.0.1:33418/",
        ],
        None,
    ),
    "VS Code, without a slash": (["https://vscode.dev/redirect", "http://127.0.0.1:33418"], None),
    "Cursor": (
        [
            "cursor://anysphere.cursor-mcp/oauth/callback",
            "https://www.cursor.com/agents/mcp/oauth/callback",
            "http://localhost:8787/callback",
        ],
        None,
    ),
    "MCP Inspector": (["http://localhost:6274/oauth/callback/debug"], None),
    "mcp-remote": (["http://localhost:3334/oauth/callback"], None),
    "Gemini CLI": (["http://localhost:7777/oauth/callback"], None),
    "IPv6": (["http://[::1]:8080/callback"], None),
}


@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_of_today_registers_as_it_does_and_is_taken_at_each_of_its_addresses(gateway, anybody, client):
    uris, kept = CLIENTS[client]
    document = {
        "client_name": client,
        "redirect_uris": uris,
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
        "application_type": "native",
        "scope": "pennyworth/mcp",
    }
    made = anybody.post("/oauth/register", json=document)
    assert made.status_code == 201
    assert made.json()["redirect_uris"] == (kept or uris)
    for uri in uris:
        assert anybody.get(address(gateway, made.json()["client_id"], uri)).status_code == 200, uri


@pytest.mark.parametrize("port", [1, 33418, 59656, 65535])
def test_a_program_on_this_machine_may_come_back_to_another_port(gateway, anybody, port):
    for registered in ("http://127.0.0.1/", "http://127.0.0.1:33418"):
        client_id = register(gateway, registered)
        assert anybody.get(address(gateway, client_id, f"http://127.0.0.1:{port}/")).status_code == 200


REDIRECTS = [
    # this machine under names that are not its own, or that somebody's resolver reads otherwise
    *("http://localhost./", "http://LOCALHOST/", "http://127.0.0.1./", "http://127.1/", "http://2130706433/"),
    *("http://0x7f.1/", "http://0177.0.0.1/", "http://0.0.0.0/", "http://127.0.0.2/", "http://[::]/"),
    *("http://[::ffff:127.0.0.1]/", "http://[0:0:0:0:0:0:0:1]/", "http://[::1%25lo]/", "http://a.localhost/"),
    *("http://\u24dbocalhost/", "http://127\u30020\u30020\u30021/", "http://xn--localhost/", "http://127.0.0.1%2f/"),
    # another host behind it
    *("http://127.0.0.1%2eevil.example/", "http://127.0.0.1%40evil.example/", "http://a:b@127.0.0.1/"),
    *("http://127.0.0.1\\evil.example/", "http://127.0.0.1\t.evil.example/", "http://127.0.0.1 .evil.example/"),
    *("http:/127.0.0.1/", "http:127.0.0.1/", "http:///127.0.0.1/", "http:\\\\127.0.0.1/", " http://127.0.0.1/"),
    # no port that there is
    *("http://127.0.0.1:0/", "http://127.0.0.1:65536/", "http://127.0.0.1:/", "http://127.0.0.1:8a/"),
    *("http://127.0.0.1:-1/", "http://127.0.0.1:00000000080/"),
    # what would end a header, or change what follows
    *("http://127.0.0.1/\n", "http://127.0.0.1/\x00", "http://127.0.0.1/<", 'http://127.0.0.1/"', "http://127.0.0.1/#"),
    # an answer of its own
    *(
        "http://127.0.0.1/?code=x",
        "http://127.0.0.1/?a=b&state=x",
        "http://127.0.0.1/?i%73s=x",
        "http://127.0.0.1/?error",
    ),
    "http://127.0.0.1/?a;code=x",
    # a listed address, almost
    *(
        "https://claude.ai:443/api/mcp/auth_callback",
        "https://claude.ai./api/mcp/auth_callback",
        f"{CLAUDE}/",
        f"{CLAUDE}?",
    ),
    *(
        "https://CLAUDE.ai/api/mcp/auth_callback",
        f"{CLAUDE}#",
        f"{CLAUDE}?x=y",
        "http://claude.ai/api/mcp/auth_callback",
    ),
    *("https://claude.ai/api/mcp/auth%5fcallback", "https://claude.ai//api/mcp/auth_callback", f"{CLAUDE}%00"),
    *("https://claude.ai@evil.example/api/mcp/auth_callback", "https://claude.ai/api/x/../mcp/auth_callback"),
    *("https://xn--clude-9na.ai/api/mcp/auth_callback", "https://cl\u0430ude.ai/api/mcp/auth_callback"),
    *("CURSOR://anysphere.cursor-mcp/oauth/callback", "cursor://anysphere.cursor-mcp/oauth/callback/../evil"),
    *("cursor://evil/oauth/callback", "cursor:anysphere.cursor-mcp/oauth/callback"),
    # schemes that run something, or hand it on
    *("javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc/passwd", "blob:x"),
    *(
        "view-source:http://127.0.0.1/",
        "intent://x#Intent;scheme=http;end",
        "urn:ietf:wg:oauth:2.0:oob",
        "",
        "/callback",
    ),
]


@pytest.mark.parametrize("uri", REDIRECTS)
def test_an_address_that_only_looks_like_one_of_ours_gets_no_code(gateway, anybody, uri):
    refused = anybody.post("/oauth/register", json={"redirect_uris": [uri]})
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_redirect_uri")
    client_id = register(gateway, CLAUDE, "http://127.0.0.1/", "cursor://anysphere.cursor-mcp/oauth/callback")
    page = anybody.get(address(gateway, client_id, uri))
    assert (page.status_code, "location" in page.headers) == (400, False)
