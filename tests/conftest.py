"""What every test stands on: our own packages, the programs some tests need, the same examples in every run."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).resolve().parent.parent

# the same examples on every machine, however slow, and nothing remembered from one run to the next
settings.register_profile("gatewise", derandomize=True, deadline=None, database=None)
settings.load_profile("gatewise")


def pytest_configure() -> None:
    """Stop before the first test where `import autograd` would find somebody else's package."""
    ours = ROOT / "autograd" / "__init__.py"
    spec = find_spec("autograd")
    found = spec.origin if spec else None
    if found is None or Path(found).resolve() != ours:
        raise pytest.UsageError(
            f"`import autograd` finds {found}, not {ours}. PyPI's `autograd` is another package with the same import "
            'name: pip uninstall autograd, then pip install -e ".[dev]" here, best in an environment of its own.'
        )


def need(what: str, found: str | None, how: str) -> str:
    """Return what was found; else skip with the line that installs it, or fail where GATEWISE_REQUIRE is "all"."""
    if found is not None:
        return found
    stop = pytest.fail if os.environ.get("GATEWISE_REQUIRE") == "all" else pytest.skip
    stop(f"{what} is not installed: {how}")


@pytest.fixture(scope="session")
def node() -> str:
    """The path of node, which runs the JavaScript a test looks at."""
    return need("node", shutil.which("node"), "sudo apt-get install nodejs (macOS: brew install node)")


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of the browser, which shows the pages a test looks at."""
    names = ("chromium", "chromium-browser", "google-chrome")
    found = next(filter(None, map(shutil.which, names)), None)
    return need("Chromium", found, "sudo apt-get install chromium (macOS: brew install --cask chromium)")


FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    """Chromium without a window: one for the whole run."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield browser
        browser.close()
