"""A headless Chromium; without one, or without Playwright, these tests are skipped."""

from __future__ import annotations

import shutil
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "plots"))
INSTALLED = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def chromium():
    """A browser of the system, or the one that Playwright has downloaded."""
    playwright = pytest.importorskip("playwright.sync_api", reason="pip install playwright")
    program = next(filter(None, map(shutil.which, INSTALLED)), None)
    with playwright.sync_playwright() as started:
        if program is None and not Path(started.chromium.executable_path).exists():
            pytest.skip("no Chromium is installed")
        browser = started.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(params=[(1280, "light"), (390, "light"), (390, "dark"), (1280, "dark")], ids=str)
def opened(chromium, request):
    """A function that opens a page, in a wide or a narrow window and a light or dark theme.

    What the page reports on its console, or asks for from elsewhere, fails the test.
    """
    width, theme = request.param

    @contextmanager
    def open_page(html):
        context = chromium.new_context(viewport={"width": width, "height": 800}, color_scheme=theme)
        page, reported = context.new_page(), []
        page.on("console", lambda message: reported.append(message.text))
        page.on("pageerror", lambda error: reported.append(str(error)))
        page.on("request", lambda asked: reported.append(asked.url))
        page.set_content(html)
        yield page
        context.close()
        assert reported == []

    return open_page
