"""A server that is attacked: with small bounds, in a network that never answers."""

import os

import pytest
from streamlit_server import started

# Every process of the server notes whom it asks beyond this machine, and gets no answer.
NO_NETWORK = """
import os, socket
NOTES = {notes!r}
own_connect, own_sendto, own_lookup = (
    socket.socket.connect, socket.socket.sendto, socket.getaddrinfo)

def beyond(host):
    return str(host) not in ("127.0.0.1", "::1", "localhost", "", "None", "0.0.0.0", "::")

def note(host):
    if beyond(host):
        with open(NOTES, "a") as notes:
            notes.write(str(host) + "\\n")
        raise TimeoutError("this network never answers")

def connect(self, address):
    if isinstance(address, tuple):
        note(address[0])
    return own_connect(self, address)

def sendto(self, data, *rest):
    if isinstance(rest[-1], tuple):
        note(rest[-1][0])
    return own_sendto(self, data, *rest)

def lookup(host, *args, **kwargs):
    note(host)
    return own_lookup(host, *args, **kwargs)

socket.socket.connect, socket.socket.sendto, socket.getaddrinfo = connect, sendto, lookup
socket.gethostbyname = lambda host: note(host) or host
"""
BOUNDS = {
    "BUFFER_LAB_HEADER_SECONDS": "2",
    "BUFFER_LAB_BODY_SECONDS": "5",
    "BUFFER_LAB_UPLOAD_MB": "20",
    "BUFFER_LAB_UPLOAD_ADDRESS_MB": "12",
    "BUFFER_LAB_UPLOAD_SESSION_MB": "8",
}


def without_network(folder):
    """(variables for a process that has no network, the file of those whom it asked)."""
    notes = folder / "asked"
    notes.touch()
    (folder / "sitecustomize.py").write_text(NO_NETWORK.format(notes=str(notes)))
    paths = [str(folder), os.environ.get("PYTHONPATH", "")]
    return {"PYTHONPATH": os.pathsep.join(path for path in paths if path)}, notes


@pytest.fixture(scope="session")
def attacked(tmp_path_factory):
    """A RunningServer for all attacks of this folder; at the end it still answers, and asked
    nobody beyond this machine."""
    variables, notes = without_network(tmp_path_factory.mktemp("no network"))
    with started(variables=variables | BOUNDS) as server:
        server.wait_until_healthy()
        yield server
        assert server.healthy()
        assert notes.read_text() == ""


@pytest.fixture
def no_network(tmp_path):
    return without_network(tmp_path)
