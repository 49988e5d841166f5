"""The two pages a person sees here: whether an application may act for them, and what went wrong."""

from base64 import b64encode
from hashlib import sha256
from html import escape

from services.mcp.oauth.clients import place
from services.mcp.oauth.flow import Request

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:10vh auto;padding:0 1rem}"
    "body,button{color:#1c1c1c;background:#fff}"
    "h1{font-size:1.4rem}dt{font-weight:600}dd{margin:0 0 .75rem;overflow-wrap:anywhere}"
    "button{font:inherit;padding:.5rem 1.25rem;margin-right:.5rem;border:1px solid #555;border-radius:.35rem}"
    "button.yes{background:#0b5cad;border-color:#0b5cad;color:#fff}button:focus-visible{outline:3px solid #ffb000}"
    "@media(prefers-color-scheme:dark){body,button{color:#eee;background:#181818}}"
)
# No `form-action`: browsers hold to it where the form's answer redirects to as well, which is the sign-in page, then
# here, then the application.
HEADERS = {
    "Content-Security-Policy": "; ".join(
        (
            "default-src 'none'",
            f"style-src 'sha256-{b64encode(sha256(_STYLE.encode()).digest()).decode()}'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        )
    ),
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def consent(request: Request, sealed: str, host: str) -> str:
    """Ask whether the client may act for whoever signs in next. The form sends `request` and `answer`."""
    name = request.name or "An application that gives no name"
    return _page(
        "Let an application use Pennyworth as you?",
        f"<p><b>{escape(name)}</b> wants to use the tools and models of <b>{escape(host)}</b> in your name, within "
        "what your group allows and at the cost of your budget.</p>"
        "<dl><dt>It calls itself</dt>"
        f"<dd>{escape(name)} (nobody has checked this)</dd>"
        "<dt>After you have signed in, access goes to</dt>"
        f"<dd>{escape(place(request.redirect_uri))}<br><small>{escape(request.redirect_uri)}</small></dd></dl>"
        "<p>Go on only if you have just started this yourself, in that application.</p>"
        '<form method="post" action="consent">'
        f'<input type="hidden" name="request" value="{escape(sealed)}">'
        '<button class="yes" name="answer" value="yes">Allow and sign in</button>'
        '<button name="answer" value="no">Cancel</button></form>',
    )


def problem(description: str) -> str:
    """What went wrong, where no application can be trusted to tell it."""
    return _page("This sign-in cannot go on", f"<p>{escape(description)}</p>")


def _page(title: str, body: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>"
        f"<body><main><h1>{escape(title)}</h1>{body}</main></body></html>"
    )
