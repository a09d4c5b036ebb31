"""What the server takes from inside its packages, and for which of their versions that was written.

Each function here uses a name that its package does not promise to keep. VERSIONS says where they
were last seen to work; tests/unit/server/test_internals.py fails when they no longer do.
"""

import contextlib
import gc
import socket
from collections.abc import Iterator

from uvicorn.protocols.http import h11_impl

VERSIONS = {"streamlit": "1.67.0", "uvicorn": "0.54.0"}


def raise_request_limit(max_bytes: int) -> None:
    """Let uvicorn read a request line with its headers up to max_bytes; 64 kB is its default.

    uvicorn has an option for this. Streamlit starts it and does not pass the option on, so the
    default that it falls back to is raised, in the module that read it.
    """
    vars(h11_impl)["DEFAULT_MAX_INCOMPLETE_EVENT_SIZE"] = max_bytes


def listening_sockets() -> Iterator[socket.socket]:
    """The sockets of this process that listen. Streamlit makes its own and hands out none."""
    for thing in gc.get_objects():
        if type(thing) is socket.socket and thing.fileno() >= 0:
            with contextlib.suppress(OSError):
                if thing.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                    yield thing
