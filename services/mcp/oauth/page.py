"""The two pages a person sees here: whether an application may act for them, and what went wrong."""

from base64 import b64encode
from hashlib import sha256
from html import escape

from services.mcp.oauth.clients import place
from services.mcp.oauth.flow import Request
from services.mcp.oauth.name import plain
from services.mcp.oauth.style import STYLE

_COIN = (
    "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32' width='32' height='32' aria-hidden='true'>"
    "<circle cx='16' cy='16' r='16' fill='#a8501f'/><circle cx='16' cy='16' r='12.5' fill='none' stroke='#f6d9c4'/>"
    "<path d='M12.5 24V8.5h4.6a4.4 4.4 0 0 1 0 8.8h-4.6' fill='none' stroke='#fff' stroke-width='2.6'/></svg>"
)
_ICON = "data:image/svg+xml;base64," + b64encode(_COIN.encode()).decode()
# No `form-action`: browsers hold to it where the form's answer redirects to as well, which is the sign-in page, then
# here, then the application. No Cross-Origin-Opener-Policy either: a client on the web opens these pages in a popup,
# and a policy of ours would cut the popup from it for good, also once it is back at the client's own callback.
HEADERS = {
    "Content-Security-Policy": "; ".join(
        (
            "default-src 'none'",
            "img-src data:",  # the icon
            f"style-src 'sha256-{b64encode(sha256(STYLE.encode()).digest()).decode()}'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        )
    ),
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
}
_MOST_OF_A_URI = 120  # characters: the beginning says where it leads
_REMEDIES = {
    "invalid_client": "Have your application forget what it knows of this server, as by removing the server and adding "
    "it again. Then start again in your application.",
    # Of a document that describes a client: what is wrong with it, no person can mend here.
    "invalid_client_metadata": "Start again in your application. If this page comes again, the application's makers "
    "have to mend it. A key of yours works without.",
    "service_unavailable": "Wait a minute, then start again in your application.",
}
_REMEDY = "Close this window, and start again in your application."


def consent(request: Request, sealed: str, host: str) -> str:
    """Ask whether the client may act for whoever signs in next. The form sends `request` and `answer`.

    Nothing has an id: an address could end in it, and have the keyboard there before the person looks.
    """
    name, uri = plain(request.name), request.redirect_uri
    shown = uri if len(uri) <= _MOST_OF_A_URI else f"{uri[:_MOST_OF_A_URI]}…"
    said = "The application calls itself that. Nobody has checked it." if name else "The application gives no name."
    if request.host:
        # Any program on the person's machine can show another one's address.
        said = f"The application says it is the one described at <b>{escape(request.host)}</b>. Nobody has checked it."
    return _page(
        "Let this application use Pennyworth as you?",
        f'<p class="name"><bdi>{escape(name) or "An unnamed application"}</bdi></p>'
        f'<p class="minor">{said}</p>'
        "<dl><dt>Access goes to</dt>"
        f"<dd><b>{escape(place(uri))}</b><br><small>{escape(shown)}</small></dd>"
        "<dt>It may</dt>"
        f"<dd>use the tools and models of <b>{escape(host)}</b> in your name, within what your group allows and at the "
        "cost of your budget, for up to 30 days</dd></dl>"
        '<p class="note">Go on only if you have just started this yourself, in that application.</p>'
        '<form method="post" action="consent">'
        f'<input type="hidden" name="request" value="{escape(sealed)}">'
        '<button class="yes" name="answer" value="yes">Allow and sign in</button>'
        '<button name="answer" value="no">Cancel</button></form>',
    )


def problem(code: str, description: str) -> str:
    """What went wrong, where no application can be trusted to tell it, and the remedy. `code`: OAuth's or Problem's."""
    return _page(
        "This sign-in cannot go on",
        f'<p>{escape(plain(description))}</p><p class="note">{escape(_REMEDIES.get(code, _REMEDY))}</p>',
    )


def _page(title: str, body: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<title>{escape(title)}</title><link rel="icon" href="{_ICON}"><style>{STYLE}</style></head>'
        f'<body><main><p class="brand">{_COIN}Pennyworth</p><h1>{escape(title)}</h1>{body}</main></body></html>'
    )
