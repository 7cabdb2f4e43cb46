"""The page that shows pictures and pages to a test, cut off from every network."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A profile of its own for one test, offline."""
    context = browser.new_context(offline=True)
    yield context
    context.close()


@pytest.fixture
def complaints() -> list[str]:
    """What went wrong in `page`: errors of scripts and of the console, dialogs, requests that failed."""
    return []


@pytest.fixture
def page(context: BrowserContext, complaints: list[str]) -> Page:
    """A page that keeps a list of its complaints."""
    page = context.new_page()
    watch(page, complaints)
    return page


def watch(page: Page, complaints: list[str]) -> None:
    """Have a page keep a list of its complaints."""
    page.on("console", lambda entry: complaints.append(f"console: {entry.text}") if entry.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
    page.on("requestfailed", lambda request: complaints.append(f"request: {request.url}"))
    page.on("dialog", lambda dialog: complaints.append(f"dialog: {dialog.message}"))
    page.on("dialog", lambda dialog: dialog.dismiss())
