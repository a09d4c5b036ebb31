"""What the server takes from inside its packages works, in the versions that are installed."""

import contextlib
import socket
import subprocess
import sys
import urllib.request
from importlib.metadata import version
from pathlib import Path

import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.runtime.state.common import WidgetMetadata
from streamlit.runtime.state.session_state import Serialized, WStates
from uvicorn.protocols.http.auto import AutoHTTPProtocol
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from pages.server import internals, uvicorn_internals

VERSIONS = internals.VERSIONS | uvicorn_internals.VERSIONS
ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("package", VERSIONS)
def test_this_was_written_for_the_versions_that_are_installed(package):
    """After an update: see that the other tests here pass, then note the new version."""
    assert version(package) == VERSIONS[package]


def test_the_protocol_that_is_changed_is_the_one_that_serves():
    assert AutoHTTPProtocol is HttpToolsProtocol


def test_a_listening_socket_is_found_and_no_other():
    with socket.socket() as listener, socket.socket() as other:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        found = list(uvicorn_internals.listening_sockets())
        assert listener in found and other not in found


SERVE = """
import asyncio, socket, uvicorn
from pages.server import uvicorn_internals
async def app(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(len(scope["query_string"])).encode()})
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_level="error"))
uvicorn_internals.watch_connections(lambda: False, b"", 300_000, 20, 20)
asyncio.run(server.serve(sockets=[listener]))
"""


@contextlib.contextmanager
def serving(code):
    process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE)
    try:
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_a_long_request_is_read_up_to_the_limit():
    with serving(SERVE) as port:
        address = f"http://127.0.0.1:{port}/?"
        with urllib.request.urlopen(address + "a" * 250_000, timeout=20) as answer:
            assert answer.read() == b"250000"
        with pytest.raises(OSError):  # refused, or hung up on while it was still sent
            urllib.request.urlopen(address + "a" * 900_000, timeout=20)


def test_a_first_value_is_no_forged_one_where_a_run_was_stopped_before_its_widget(monkeypatch):
    monkeypatch.setattr(WStates, "__getitem__", internals.ORIGINAL_GETITEM)
    internals.forgive_forged_values()
    states, key = WStates(), "$$ID-0-guess"
    kind = WidgetMetadata(key, lambda sent: sent, lambda value: value, "string_value")
    states.set_widget_metadata(kind)  # Streamlit does so whenever it draws the widget
    states.states[key] = Serialized(WidgetState(id=key))
    assert states[key] is None
    states.states[key] = Serialized(WidgetState(id=key, string_value="it moves"))
    assert states[key] == "it moves"
    assert internals.take_forged("guess") == []
