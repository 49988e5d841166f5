"""A real browser, npm's headless Chromium, driven by Playwright; and why it is not there if it is not."""

import os
import platform
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

FOLDER = Path(__file__).resolve().parent
PLACE = FOLDER / "node_modules/.chromium"
AXE = FOLDER / "node_modules/axe-core/axe.min.js"  # what finds mistakes of accessibility
_OPTIONS = (
    "--no-sandbox",  # which root has not got, nor a container; the pages are our own
    "--disable-dev-shm-usage",
    "--no-proxy-server",
    "--font-render-hinting=none",
)


@contextmanager
def chromium(home: Path) -> Iterator[Browser]:
    """The browser, with what it writes in `home`. Without it the test is skipped, and says so."""
    environment = {
        **os.environ,
        "HOME": str(home),
        "LD_LIBRARY_PATH": str(PLACE / "al2023/lib"),
        "FONTCONFIG_FILE": str(FOLDER / "fonts.conf"),
    }
    executable = _executable()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=[*_OPTIONS], env=environment)
        yield browser
        browser.close()


def _executable() -> str:
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        pytest.skip("there is no browser: npm's package has Chromium for Linux on x86-64 alone")
    if not (FOLDER / "node_modules/.ready").exists():
        where = "`make browser` does that" if shutil.which("npm") else "there is no npm on this machine"
        pytest.skip(f"headless Chromium is not installed: {where}")
    return str(PLACE / "chromium")
