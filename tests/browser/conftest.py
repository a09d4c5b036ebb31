"""A real Streamlit server and a real Chromium, both on this machine only."""

import os
from collections import defaultdict

import pytest
from browser_visitor import Visitor
from chromium import MISSING, chromium_path, launched
from playwright.sync_api import expect
from streamlit_server import started

expect.set_options(timeout=20_000)
# One process for the pages of a context, which keeps all that it has compiled.
SHARED = ("process-per-site", "js-flags=--no-flush-bytecode")


@pytest.fixture(scope="session")
def rooms_file(tmp_path_factory):
    """Where the server keeps its rooms."""
    return tmp_path_factory.mktemp("rooms") / "rooms.sqlite3"


@pytest.fixture(scope="session")
def server(rooms_file):
    with started(variables={"BUFFERLAB_ROOMS": str(rooms_file)}) as running:
        running.wait_until_healthy()
        yield running.address


@pytest.fixture(scope="session")
def chromium():
    if not chromium_path():
        pytest.fail(MISSING) if os.environ.get("CI") == "true" else pytest.skip(MISSING)
    with launched(*SHARED) as browser:
        yield browser


@pytest.fixture(scope="session")
def left():
    """The contexts of visitors who have left, by their options."""
    return defaultdict(list)


@pytest.fixture
def visit(chromium, server, left):
    """Make visitors; at the end none of them saw a console error or asked another host."""
    visitors = []

    def make(address=server, **options):
        same = left[repr(options)]
        visitor = Visitor(chromium, address, same.pop() if same else None, **options)
        visitors.append((visitor, same))
        return visitor

    yield make
    for visitor, same in visitors:
        visitor.leave()
        same.append(visitor.context)
    for visitor, _ in visitors:
        assert visitor.console == []
        assert all(host.startswith("127.0.0.1:") or host == "" for host in visitor.hosts)
