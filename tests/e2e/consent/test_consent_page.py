"""The consent page in a real browser, on the way from a client to its code."""

import re
import time
from urllib.parse import quote

import pytest

from services.mcp.oauth.flow import SIGN_IN_S
from services.mcp.oauth.seal import Seal
from tests.browser.sites import site
from tests.browser.visitor import button
from tests.e2e.consent.client import ALLOW, Client
from tests.e2e.mcp_sign_in import answer
from tests.e2e.people import PASSWORD


def middle(page, name):
    place = button(page, name).bounding_box()
    return place["x"] + place["width"] / 2, place["y"] + place["height"] / 2


def test_allow_ends_at_the_client_with_a_code_that_becomes_a_token(gateway, visitor, client, email):
    said = client.allowed(visitor, email)
    assert (said["state"], said["iss"]) == ("of the client", gateway.base_url)
    with gateway.http(client.tokens(said["code"])["access_token"]) as http:
        assert http.post("/mcp", json={"jsonrpc": "2.0", "id": 1, "method": "tools/list"}).json()["result"]["tools"]
    assert visitor.said == []


def test_cancel_ends_at_the_client_without_one(gateway, visitor, client):
    page = visitor.open(client.address)
    visitor.click(page, "Cancel")
    said = client.answered(page)
    assert (said["error"], said["state"], said["iss"]) == ("access_denied", "of the client", gateway.base_url)
    assert not any("/login" in url for url in visitor.went)
    assert visitor.said == []


@pytest.mark.parametrize("said", [ALLOW, "Cancel"])
def test_a_second_click_while_the_next_page_is_slow_changes_nothing(visitor, client, email, said):
    page = visitor.open(client.address)
    x, y = middle(page, said)
    page.mouse.move(x, y)
    button(page, said).click(trial=True)  # it would be taken now
    following = "oauth2/authorize" if said == ALLOW else client.redirect_uri
    network = visitor.context.new_cdp_session(page)
    network.send("Fetch.enable", {"patterns": [{"urlPattern": f"*{following}*"}]})  # which waits from now on
    with page.expect_request(lambda request: following in request.url):
        page.mouse.click(x, y)
    with page.expect_request(lambda request: request.method == "POST"):
        page.mouse.click(x, y)
    network.send("Fetch.disable")
    if said == ALLOW:
        visitor.sign_in(page, email, PASSWORD)
        assert client.tokens(client.answered(page)["code"])
    else:
        assert client.answered(page)["error"] == "access_denied"


def test_a_double_click_is_one_answer(visitor, client, email):
    page = visitor.open(client.address)
    page.mouse.move(3, 3)
    button(page, ALLOW).dblclick(no_wait_after=True)
    visitor.sign_in(page, email, PASSWORD)
    assert client.tokens(client.answered(page)["code"])


@pytest.mark.parametrize("ways", ["back", "reload", "back and reload"])
def test_who_goes_back_or_reloads_can_still_answer(visitor, client, email, ways):
    page = visitor.open(client.address)
    if "back" in ways:
        visitor.click(page, ALLOW)
        page.get_by_label("Username").wait_for()
        page.go_back()
    if "reload" in ways:
        page.reload()
    assert client.tokens(client.allowed(visitor, email, page)["code"])


def test_who_says_no_on_the_same_page_has_taken_back_a_yes(visitor, client, email):
    page = visitor.open(client.address)
    page.locator("form").evaluate("form => { form.target = '_blank' }")
    with page.expect_popup() as opened:
        visitor.click(page, ALLOW)
    page.locator("form").evaluate("form => { form.target = '' }")
    opened.value.get_by_label("Username").wait_for()
    visitor.click(page, "Cancel")
    assert client.answered(page)["error"] == "access_denied"
    visitor.sign_in(opened.value, email, PASSWORD)
    opened.value.get_by_role("heading", name="This sign-in cannot go on").wait_for()
    assert not any("code=" in path for path in client.site.asked)


def test_two_clients_in_two_tabs_each_get_their_own_code(gateway, visitor, client, email):
    with site() as here:
        other = Client(gateway, here, name="Another")
        pages = [(each, visitor.open(each.address)) for each in (client, other)]
        for _, page in pages:
            visitor.click(page, ALLOW)
            page.get_by_label("Username").wait_for()
        for each, page in reversed(pages):
            page.reload()  # the form of Cognito's stand-in is one for all tabs
            visitor.sign_in(page, email, PASSWORD)
            assert each.tokens(each.answered(page)["code"])


def test_many_pages_leave_a_few_cookies_and_the_latest_of_them_work(visitor, client, email):
    """API Gateway takes 10 KB of headers, and a page that means ill could open ours without end."""
    pages = [visitor.open(client.address) for _ in range(4)]
    for _ in range(36):
        pages[-1].goto(client.address)
    sent = sum(len(each["name"]) + len(each["value"]) + 3 for each in visitor.context.cookies())
    assert sent < 2_000
    for _ in range(10):
        pages[0].goto(client.address)
    assert client.tokens(client.allowed(visitor, email, pages[-1])["code"])


def test_many_answers_leave_a_few_cookies(visitor, client, email):
    for _ in range(8):
        page = visitor.open(client.address)
        visitor.click(page, ALLOW)
        page.get_by_label("Username").wait_for()
    held = [each for each in visitor.context.cookies() if "sign-in-" in each["name"]]
    assert len(held) <= 5
    visitor.sign_in(page, email, PASSWORD)
    assert client.tokens(client.answered(page)["code"])


def test_the_answer_of_a_page_that_is_too_old_says_how_to_go_on(gateway, cognito, visitor, client):
    page = visitor.open(client.address)
    [app] = [
        each["ClientId"]
        for each in cognito.idp.list_user_pool_clients(**cognito.pool, MaxResults=60)["UserPoolClients"]
        if each["ClientName"].endswith("-mcp")
    ]
    described = cognito.idp.describe_user_pool_client(**cognito.pool, ClientId=app)["UserPoolClient"]
    before = Seal(described["ClientSecret"], clock=lambda: time.time() - SIGN_IN_S - 1)
    held = Seal(described["ClientSecret"]).opened("consent", page.locator("[name=request]").input_value())
    old = before.sealed("consent", {name: held[name] for name in held if name != "until"}, SIGN_IN_S)
    page.locator("[name=request]").evaluate("(field, value) => { field.value = value }", old)
    visitor.click(page, ALLOW)
    page.get_by_text("too old").wait_for()
    assert "start again in your application" in page.inner_text("main").lower()
    assert client.site.asked == []


def test_no_other_browser_answers_a_page(newcomer, client):
    """Login CSRF: the page of an attacker's browser, posted by a victim's, with a page of the victim's own open."""
    attacker, victim = newcomer(), newcomer()
    stolen = attacker.open(client.address).locator("[name=request]").input_value()
    page = victim.open(client.address)
    page.locator("[name=request]").evaluate("(field, value) => { field.value = value }", stolen)
    victim.click(page, ALLOW)
    page.get_by_text("another browser").wait_for()
    assert not any("oauth2/authorize" in url for url in victim.went)


def test_no_other_site_answers_a_page(gateway, newcomer, client, evil):
    """Not with a page of its own, and not with one of the victim's that it could read."""
    attacker, victim = newcomer(), newcomer()
    for whose in (attacker, victim):
        sealed = whose.open(client.address).locator("[name=request]").input_value()
        evil.pages["/"] = (
            f"<form method=post action='{gateway.base_url}/oauth/consent'><input name=request value='{sealed}'>"
            "<input name=answer value=yes></form><script>document.forms[0].submit()</script>"
        )
        page = victim.open(evil.foreign_url)
        page.wait_for_url(f"{gateway.base_url}/oauth/consent")
        page.get_by_role("heading", name="This sign-in cannot go on").wait_for()
    assert not any("oauth2/authorize" in url for url in victim.went)
    assert client.site.asked == []


def test_no_page_frames_ours(visitor, client, evil):
    wrong = f"{client.address}&redirect_uri=twice"
    evil.pages["/"] = "".join(f"<iframe src='{quote(url, ':/?&=%')}'></iframe>" for url in (client.address, wrong))
    page = visitor.open(evil.foreign_url)
    refused, ends_at = ["chrome-error://chromewebdata/"] * 2, time.monotonic() + 10
    while [frame.url for frame in page.frames[1:]] != refused:
        assert time.monotonic() < ends_at, page.frames
        page.wait_for_timeout(50)
    assert sum("X-Frame-Options" in text or "frame-ancestors" in text for text in visitor.said) >= 2


def test_a_click_that_was_meant_for_a_page_above_ours_allows_nothing(visitor, client):
    """The second half of a double click, when the window that took the first has closed over Allow."""
    page = visitor.open(client.address)
    time_of_styles = visitor.context.new_cdp_session(page)
    time_of_styles.send("Animation.enable")
    time_of_styles.send("Animation.setPlaybackRate", {"playbackRate": 0})
    x, y = middle(page, ALLOW)
    for _ in range(3):
        page.mouse.click(x, y)
    page.wait_for_timeout(300)
    assert page.url == client.address
    time_of_styles.send("Animation.setPlaybackRate", {"playbackRate": 1})
    visitor.click(page, ALLOW)
    page.get_by_label("Username").wait_for()


def test_no_address_brings_the_keyboard_to_allow(visitor, client):
    """A key that somebody is made to hold down while a page opens."""
    page = visitor.open(client.address)
    names = re.findall(r'(?:id|name)="?([\w-]+)', page.content())
    for name in ["", *names]:
        page = visitor.open(f"{client.address}#{name}")
        for key in ("Enter", "Space"):
            page.keyboard.press(key)
        assert page.evaluate("document.activeElement.tagName") == "BODY"
    assert not any("/oauth/consent" in url for url in visitor.went)


def test_a_client_on_the_web_hears_from_its_popup(visitor, client, email):
    """As web-based inspectors do: a popup that ends at their own callback, which tells the page that opened it."""
    client.site.pages["/"] = (
        "<button onclick=\"window.popup = open('/start', 'sign-in', 'width=500,height=700')\">Connect</button>"
        "<script>addEventListener('message', said => { window.told = said.data })</script>"
    )
    client.site.pages["/start"] = f"<script>location = {client.address!r}</script>"
    client.site.pages["/callback"] = "<script>opener.postMessage(location.search, location.origin); close()</script>"
    page = visitor.open(client.site.url)
    with page.expect_popup() as opened:
        button(page, "Connect").click()
    popup = opened.value
    visitor.click(popup, ALLOW)
    assert page.evaluate("popup.closed") is False
    visitor.sign_in(popup, email, PASSWORD)
    page.wait_for_function("window.told && popup.closed")
    said = answer(f"{client.redirect_uri}{page.evaluate('told')}")
    assert client.tokens(said["code"])
