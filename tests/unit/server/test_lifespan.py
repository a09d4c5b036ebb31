"""What the server does before its first visitor."""

import asyncio
import gc
import importlib
import ipaddress
import socket
import subprocess
import sys
from pathlib import Path

import torch
from coroutines import run

from pages.server import lifespan as server
from pages.server import warm_up

ROOT = Path(__file__).parents[3]


def test_connections_of_a_listening_socket_send_at_once():
    with socket.socket(socket.AF_INET) as listener:  # made as Streamlit makes it
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        server.send_at_once()
        with socket.create_connection(listener.getsockname()):
            connection, _ = listener.accept()
            with connection:
                assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_socket_that_does_not_listen_is_left_alone():
    with socket.socket(socket.AF_INET) as other:
        server.send_at_once()
        assert not other.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_warming_up_leaves_one_thread_to_pytorch_and_all_random_numbers_alone():
    threads, state = torch.get_num_threads(), torch.random.get_rng_state()
    thresholds = gc.get_threshold()
    try:
        warm_up.warm_up()
        warm_up.tune_gc()
        assert torch.get_num_threads() == 1
        assert torch.equal(torch.random.get_rng_state(), state)
    finally:
        torch.set_num_threads(threads)
        gc.set_threshold(*thresholds)
        gc.unfreeze()


def test_the_server_listens_before_pytorch_is_imported():
    """What `streamlit run` imports for `app` takes none of what takes long."""
    code = "import sys, dashboard; print(sorted({'torch', 'pandas', 'altair'} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert found.stdout.strip() == "[]", found.stderr


def test_a_session_begins_when_the_server_has_warmed_up(monkeypatch):
    async def both():
        monkeypatch.setattr(server, "WARM", asyncio.Event())
        began = []

        async def app(scope, receive, send):
            began.append(scope["type"])

        waiting = server.wait_until_warm(app)
        session = asyncio.create_task(waiting({"type": "websocket"}, None, None))
        await waiting({"type": "http"}, None, None)
        await asyncio.sleep(0.05)
        before = list(began)
        server.WARM.set()
        await session
        return before, began

    assert run(both()) == (["http"], ["http", "websocket"])


def test_a_warm_server_has_imported_all_that_pages_import():
    code = """
import pathlib, sys
from pages.server import warm_up
warm_up.warm_up()
known = set(sys.modules)
for page in sorted(pathlib.Path("pages").glob("*.py")):
    for line in page.read_text().splitlines():
        if line.startswith(("import ", "from ")):
            exec(line)
print(sorted(set(sys.modules) - known))
"""
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert found.stdout.strip() == "[]", found.stderr


def test_a_folder_of_pages_has_its_own_part_in_the_warm_up(monkeypatch):
    assert warm_up.FOLDERS == ["lab", "rooms"]
    called = []
    lab = importlib.import_module("pages.lab.warm_up")
    for name in ("before_visitors", "after_first_page"):
        monkeypatch.setattr(lab, name, lambda name=name: called.append(name))
    warm_up.call_in_pages("before_visitors")
    warm_up.call_in_pages("after_first_page")
    assert called == ["before_visitors", "after_first_page"]


def test_addresses_in_the_network_are_found_without_asking_anybody():
    for address in server.network_addresses():
        assert not ipaddress.ip_address(address).is_loopback
