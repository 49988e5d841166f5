"""A program that sends a person to the consent page and waits for their answer, and the way there."""

from tests.e2e.mcp_sign_in import address, answer, code_for, register, token
from tests.e2e.people import PASSWORD

ALLOW = "Allow and sign in"


class Client:
    """On a site of this machine's, which waits for its code; `address` is where it sends a person."""

    def __init__(self, gateway, here, name="A test"):
        self.gateway, self.site = gateway, here
        self.redirect_uri = f"{here.url}/callback"
        self.id = register(gateway, self.redirect_uri, name=name)
        self.address = address(gateway, self.id, self.redirect_uri)

    def answered(self, page):
        """What the client is told, once the browser is there."""
        page.wait_for_url(f"{self.redirect_uri}?*")
        return answer(page.url)

    def tokens(self, code):
        form = code_for(self.gateway, self.id, code=code, redirect_uri=self.redirect_uri)
        return token(self.gateway, **form).raise_for_status().json()

    def allowed(self, visitor, email, page=None):
        """What the client is told by a person who says yes and signs in."""
        page = page or visitor.open(self.address)
        visitor.click(page, ALLOW)
        visitor.sign_in(page, email, PASSWORD)
        return self.answered(page)
