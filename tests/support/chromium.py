"""A Chromium for tests and benchmarks."""

import contextlib
import os
import shutil

from playwright.sync_api import sync_playwright

MISSING = "No Chromium found: install it, or name it in the variable CHROMIUM."
OPTIONS = (
    "no-sandbox",
    "disable-gpu",
    "disable-quic",
    "no-first-run",
    "disable-background-networking",
    "disable-component-update",
    "disable-sync",
    "font-render-hinting=none",  # letters of the headless shell are as wide as in Chromium
)


def chromium_path():
    """Where this machine has one, or None."""
    return os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")


@contextlib.contextmanager
def launched(*more):
    """A Playwright browser, with more options than these.

    Raises RuntimeError where this machine has no Chromium.
    """
    path = chromium_path()
    if not path:
        raise RuntimeError(MISSING)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=[f"--{option}" for option in (*OPTIONS, *more)]
        )
        yield browser
        browser.close()
