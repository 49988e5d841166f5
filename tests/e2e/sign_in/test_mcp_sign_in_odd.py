"""Requests by lot against the open routes of a sign-in, through the whole local system."""

import random

from tests.e2e.mcp_sign_in import REDIRECT, register

ODD = [
    *(
        "",
        "\x00",
        "\uffff",
        "\U0001f600",
        "a" * 3000,
        "%",
        "%00",
        "..",
        "/",
        "{}",
        "[]",
        "null",
        "-1",
        "\u202e",
        "'\"<>",
    ),
    *(
        "http://127.0.0.1/",
        "https://a.b/c",
        "S256",
        "code",
        "a.b",
        "a.b.c",
        ".",
        "eyJ.x",
        "=",
    ),
    *("\u00e9" * 500, "none", "query", " ", "+", "&", ";", REDIRECT),
]
NAMES = [
    *(
        "client_id",
        "redirect_uri",
        "response_type",
        "state",
        "code_challenge",
        "code_challenge_method",
        "resource",
        "x",
    ),
    *("scope", "grant_type", "code", "code_verifier", "refresh_token", "token", "token_type_hint", "request", "answer"),
    *("error", "prompt", "response_mode", "request_uri"),
]


def test_nothing_odd_is_more_than_an_error_of_the_clients(gateway, anybody):
    """400 requests by lot, the same ones each time."""
    lots = random.Random(7)  # noqa: S311 -- the same lots each time
    client_id = register(gateway)
    odd = [*ODD, client_id, client_id.partition(".")[0], f"{client_id}."]
    for _ in range(400):
        sent = {lots.choice(NAMES): lots.choice(odd) for _ in range(lots.randint(0, 8))}
        sent |= {"client_id": client_id} if lots.random() < 0.5 else {}
        sent |= {"redirect_uri": REDIRECT} if lots.random() < 0.5 else {}
        planted = (
            f"pennyworth-{kind}-{lots.choice(['', 'a'])}={lots.choice(['', 'a.b', '=='])}"
            for kind in ("consent", "sign-in")
        )
        headers = {"cookie": "; ".join(planted)}
        document = {
            "redirect_uris": lots.choice([sent, 7, None, [REDIRECT, lots.choice(odd)]]),
            "client_name": lots.choice(odd),
        }
        reply = lots.choice(
            [
                lambda s=sent, h=headers: anybody.get("/oauth/authorize", params=s, headers=h),
                lambda s=sent, h=headers: anybody.get("/oauth/callback", params=s, headers=h),
                lambda s=sent, h=headers: anybody.post("/oauth/consent", data=s, headers=h),
                lambda s=sent: anybody.post("/oauth/token", data=s),
                lambda s=sent: anybody.post("/oauth/revoke", data=s),
                lambda d=document: anybody.post("/oauth/register", json=d),
            ]
        )()
        assert reply.status_code < 500, (str(reply.url), sent, document)
