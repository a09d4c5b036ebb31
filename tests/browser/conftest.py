"""A real Streamlit server and a real Chromium, both on this machine only."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path
from time import monotonic, sleep

import pytest
from playwright.sync_api import expect, sync_playwright

ROOT = Path(__file__).parents[2]
expect.set_options(timeout=20_000)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@contextlib.contextmanager
def running_server(script="dashboard.py", *options):
    """The address of a fresh server, stopped by its own process id."""
    port = free_port()
    command = [sys.executable, "-m", "streamlit", "run", script, "--server.headless=true"]
    command += ["--server.address=127.0.0.1", f"--server.port={port}", *options]
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = monotonic() + 60
        while True:
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{address}/_stcore/health", timeout=5).close()
                break
            assert process.poll() is None and monotonic() < deadline, "the server did not start"
            sleep(0.1)
        yield address
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.fixture(scope="session")
def server():
    with running_server() as address:
        yield address


@pytest.fixture(scope="session")
def chromium():
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if not path:
        message = "No Chromium found: install it, or name it in the variable CHROMIUM."
        pytest.fail(message) if os.environ.get("CI") == "true" else pytest.skip(message)
    options = "no-sandbox disable-gpu disable-quic no-first-run disable-background-networking "
    options += "disable-component-update disable-sync"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=[f"--{option}" for option in options.split()]
        )
        yield browser
        browser.close()


class Visitor:
    """A browser page with its own cookies, and a record of what went wrong in it."""

    def __init__(self, browser, server, **context):
        self.context = browser.new_context(
            **{"viewport": {"width": 1400, "height": 1000}} | context
        )
        self.page = self.context.new_page()
        self.server = server
        self.console, self.hosts = [], set()
        self.page.on("console", self.note)
        self.page.on("pageerror", lambda error: self.console.append(str(error)))
        self.page.on("request", lambda request: self.hosts.add(request.url.split("/")[2]))

    def note(self, message):
        if message.type == "error":
            self.console.append(message.text)

    def open(self, link="/", heading=None):
        self.page.goto(self.server + link)
        expect(self.page.get_by_role("heading", level=1)).to_be_visible()
        return self.page

    def settled(self, charts):
        """Wait until that many heatmaps are drawn and the script has come to rest."""
        expect(self.page.locator(".stVegaLiteChart :is(svg, canvas).marks")).to_have_count(charts)
        expect(
            self.page.locator("[data-testid=stApp][data-test-script-state=notRunning]")
        ).to_have_count(1)


@pytest.fixture
def visit(chromium, server):
    """Make visitors; at the end none of them saw a console error or asked another host."""
    visitors = []

    def make(address=server, **context):
        visitors.append(Visitor(chromium, address, **context))
        return visitors[-1]

    yield make
    for visitor in visitors:
        visitor.context.close()
        assert visitor.console == []
        assert all(host.startswith("127.0.0.1:") or host == "" for host in visitor.hosts)
