"""A person before a browser of their own: no cookie of anybody else's is in it."""

from playwright.sync_api import BrowserContext, Locator, Page

LIMIT_MS = 20_000


class Visitor:
    """`said` is what the browser complained of on any page; `went` are the addresses that it asked for."""

    def __init__(self, context: BrowserContext) -> None:
        context.set_default_timeout(LIMIT_MS)
        self.context = context
        self.said: list[str] = []
        self.went: list[str] = []
        context.on("console", lambda message: self.said.append(message.text))
        context.on("weberror", lambda error: self.said.append(str(error.error)))
        context.on("dialog", lambda dialog: (self.said.append(dialog.message), dialog.dismiss()))
        context.on("request", lambda request: self.went.append(request.url))

    def open(self, url: str) -> Page:
        page = self.context.new_page()
        page.goto(url)
        return page

    def click(self, page: Page, name: str) -> None:
        """As a hand does: the pointer is on the page before it is on the button."""
        page.mouse.move(3, 3)
        button(page, name).click()

    def sign_in(self, page: Page, email: str, password: str) -> None:
        page.get_by_label("Username").fill(email)
        page.get_by_label("Password").fill(password)
        button(page, "Sign in").click()


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)
