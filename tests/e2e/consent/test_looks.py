"""What a person sees of the pages, by eye, by keyboard and by ear; and nothing of what a client would have them see."""

from urllib.parse import urlencode, urlsplit

import pytest

from tests.browser.chromium import AXE
from tests.browser.sites import site
from tests.browser.visitor import button
from tests.e2e.consent.client import ALLOW, Client
from tests.e2e.mcp_sign_in import REDIRECT, address, register

SCREENS = {
    "wide": {"viewport": {"width": 1280, "height": 800}},
    "narrow": {"viewport": {"width": 320, "height": 640}, "has_touch": True, "is_mobile": True},
    # What a page has left of the wide one at 200 % and 400 %: WCAG 2.2, 1.4.4 and 1.4.10.
    "zoomed": {"viewport": {"width": 640, "height": 400}, "device_scale_factor": 2},
    "zoomed more": {"viewport": {"width": 320, "height": 256}, "device_scale_factor": 4},
}
LONG = f"http://127.0.0.1/{'callback' * 100}"
WRONG = "This sign-in cannot go on"


@pytest.fixture
def shown(gateway, visitor):
    """The page of a client with that name, as text."""

    def page(name, redirect_uri=REDIRECT):
        opened = visitor.open(address(gateway, register(gateway, redirect_uri, name=name), redirect_uri))
        assert visitor.said == []
        return opened

    return page


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("<b>Bold</b>&amp;<!--", "<b>Bold</b>&amp;<!--"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("<img src=x onerror=alert(1)>", "<img src=x onerror=alert(1)>"),
        ('"><form action=//evil.example><button>', '"><form action=//evil.example><button>'),
        ("</title></style><meta http-equiv=refresh content=0>", "</title></style><meta http-equiv=refresh content=0>"),
        ("W" * 5000, "W" * 60),
        ("\u202egnirts\u202c \u2066turned\u2069\u200f", "gnirts turned"),
        ("Zero\u200bwidth\u200d\u2060\ufeff", "Zerowidth"),
        ("Soft\u00adhyphen\u034f\u180e\ufe0f", "Softhyphen"),
        ("Tagged\U000e0041\U000e007f", "Tagged"),
        ("Two\nlines\u2028and\u0085a\x1b[31mcolour", "Two lines and a[31mcolour"),
        ("\u3164\u2800\u115f\u200b", "An unnamed application"),
        ("", "An unnamed application"),
        ("Pennyworth", "Pennyworth"),
        ("\u0420ennyworth: click Allow", "\u0420ennyworth: click Allow"),
        ("\u05e9\u05dc\u05d5\u05dd (1)", "\u05e9\u05dc\u05d5\u05dd (1)"),
    ],
)
def test_a_clients_name_is_text_of_its_own(shown, name, seen):
    page = shown(name)
    assert page.locator("bdi").text_content() == seen
    assert page.get_by_role("button").count() == 2
    assert page.locator("script, img, style").count() == 1  # our own style
    said = "gives no name" if seen == "An unnamed application" else "calls itself that. Nobody has checked it"
    assert page.locator(".name + .minor").text_content() == f"The application {said}."
    assert page.locator("dd b").first.text_content() == "this computer (127.0.0.1:45999)"


def test_a_name_of_many_marks_covers_nothing_else(shown):
    page = shown("Z" + "\u0301\u0323" * 29)
    name, following = (page.locator(place).bounding_box() for place in (".name", ".minor"))
    assert name["y"] + name["height"] <= following["y"]
    assert page.locator(".name").evaluate("each => getComputedStyle(each).overflow") == "hidden"


@pytest.mark.parametrize(
    ("redirect_uri", "place"),
    [
        (REDIRECT, "this computer (127.0.0.1:45999)"),
        ("http://localhost:6274/@evil.example/", "this computer (localhost:6274)"),
        ("https://claude.ai/api/mcp/auth_callback", "claude.ai"),
        ("cursor://anysphere.cursor-mcp/oauth/callback", "the app that opens cursor: links"),
    ],
)
def test_a_person_sees_where_access_goes(shown, redirect_uri, place):
    page = shown("A test", redirect_uri)
    assert page.locator("dd", has=page.get_by_text(redirect_uri)).locator("b").text_content() == place


def test_what_assistive_technology_is_told(gateway, shown):
    page = shown("A test")
    assert page.title() == "Let this application use Pennyworth as you?"
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.locator("body").aria_snapshot() == (
        "- main:\n"
        "  - paragraph: Pennyworth\n"
        '  - heading "Let this application use Pennyworth as you?" [level=1]\n'
        "  - paragraph: A test\n"
        "  - paragraph: The application calls itself that. Nobody has checked it.\n"
        "  - term: Access goes to\n"
        "  - definition: this computer (127.0.0.1:45999) http://127.0.0.1:45999/callback\n"
        "  - term: It may\n"
        f"  - definition: use the tools and models of {urlsplit(gateway.base_url).netloc} in your name, within what "
        "your group allows and at the cost of your budget, for up to 30 days\n"
        "  - paragraph: Go on only if you have just started this yourself, in that application.\n"
        '  - button "Allow and sign in"\n'
        '  - button "Cancel"'
    )


@pytest.mark.parametrize("key", ["Enter", "Space"])
def test_the_keyboard_alone_is_enough(visitor, client, key):
    page = visitor.open(client.address)
    for name in (ALLOW, "Cancel"):
        page.keyboard.press("Tab")
        focused = page.locator(":focus")
        assert focused.text_content() == name
        ring = focused.evaluate(
            "each => (({outlineStyle, outlineWidth}) => [outlineStyle, outlineWidth])(getComputedStyle(each))"
        )
        assert ring == ["solid", "3px"]
    page.keyboard.press("Shift+Tab")
    page.keyboard.press(key)
    page.get_by_label("Username").wait_for()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("screen", SCREENS)
def test_both_pages_are_readable_on_every_screen(gateway, newcomer, screen, scheme):
    visitor = newcomer(color_scheme=scheme, **SCREENS[screen])
    fits = "document.documentElement.scrollWidth <= innerWidth"
    for url in (
        address(gateway, register(gateway, LONG, name="W" * 60), LONG),
        address(gateway, "unknown"),
    ):
        page = visitor.open(url)
        assert page.evaluate(fits), url
        page.evaluate("document.documentElement.style.fontSize = '200%'")  # who has set larger text
        assert page.evaluate(fits), url
        page.evaluate("document.documentElement.style.fontSize = ''")
        page.evaluate(AXE.read_text())
        found = page.evaluate("axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice']})")
        assert found["violations"] == []
        assert [each["id"] for each in found["incomplete"]] == []
        assert {"color-contrast", "landmark-one-main"} <= {each["id"] for each in found["passes"]}
        dark = page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(13, 17, 23)"
        assert dark == (scheme == "dark")
    assert [said for said in visitor.said if "400" not in said] == []


def test_one_tap_is_enough_on_a_telephone(newcomer, client):
    page = newcomer(**SCREENS["narrow"]).open(client.address)
    button(page, ALLOW).tap()
    page.get_by_label("Username").wait_for()


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_nothing_moves(newcomer, client, motion):
    page = newcomer(reduced_motion=motion).open(client.address)
    page.mouse.move(3, 3)
    first = page.screenshot()
    page.wait_for_timeout(1000)
    assert page.screenshot() == first


def test_nothing_is_fetched_from_anywhere_and_nothing_runs(gateway, visitor):
    with site() as here:
        url = Client(gateway, here).address
        page = visitor.open(url)
        page.wait_for_load_state("networkidle")
    assert visitor.went == [url]
    assert page.evaluate("performance.getEntriesByType('resource').map(each => each.name)") == []
    assert page.locator("script, [style], [onclick], iframe, img, link[rel=stylesheet]").count() == 0
    assert len(page.content().encode()) < 8_000


@pytest.mark.parametrize(
    ("changes", "said", "remedy"),
    [
        ({"client_id": "made up"}, "was not given out here", "forget what it knows of this server"),
        ({"redirect_uri": "https://evil.example/"}, "not one that this client has registered", "start again"),
        ({"redirect_uri": None}, "not one that this client has registered", "start again"),
        ({"client_id": None}, "was not given out here", "forget what it knows of this server"),
    ],
)
def test_a_wrong_request_is_a_page_with_a_remedy_and_goes_nowhere(gateway, visitor, changes, said, remedy):
    url = address(gateway, **{"client_id": register(gateway), **changes})
    page = visitor.open(url)
    assert page.get_by_role("heading").text_content() == WRONG
    assert said in page.locator("main").inner_text()
    assert remedy in page.locator(".note").inner_text()
    assert page.locator("a, form, button").count() == 0
    assert visitor.went == [url]


@pytest.mark.parametrize("path", ["callback?state=x&code=y", "callback?error=access_denied", "callback"])
def test_an_answer_of_cognitos_that_nobody_waits_for_is_such_a_page(gateway, visitor, path):
    page = visitor.open(f"{gateway.base_url}/oauth/{path}")
    assert "No sign-in was begun in this browser, or it is over." in page.locator("main").inner_text()
    assert "start again in your application" in page.locator(".note").inner_text()


def test_a_parameters_name_is_text_as_well(gateway, visitor):
    twice = urlencode([("\u202e<b>x", "1"), ("\u202e<b>x", "2")])
    page = visitor.open(f"{gateway.base_url}/oauth/authorize?{twice}")
    said = page.locator("main p").nth(1)
    assert said.inner_html().endswith("was sent more than once.")
    assert "\u202e" not in said.text_content()
    assert said.locator("b").count() == 0
    assert urlsplit(page.url).path == "/v1/oauth/authorize"
