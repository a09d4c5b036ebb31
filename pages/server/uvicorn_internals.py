"""What the server takes from inside uvicorn, which accepts its connections; see `internals`."""

import asyncio
import contextlib
import gc
import logging
import socket
from collections.abc import Callable, Iterator
from weakref import WeakKeyDictionary

import h11
from uvicorn.protocols.http import h11_impl
from uvicorn.protocols.http.h11_impl import H11Protocol

VERSIONS = {"uvicorn": "0.54.0", "h11": "0.16.0"}


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


def quiet_refused_websockets() -> None:
    """Keep uvicorn from logging an error for each websocket that was answered with a refusal.

    It takes an HTTP answer (the extension websocket.http.response) for none.
    """
    logging.getLogger("uvicorn.error").addFilter(
        lambda record: "without completing handshake" not in record.getMessage()
    )


def watch_connections(
    is_refused: Callable[[], bool], page: bytes, header_seconds: float, body_seconds: float
) -> None:
    """Bound the connections that uvicorn accepts from now on.

    While is_refused() is true a new one gets the page, a whole HTTP answer as bytes, and is closed.
    A request line with its headers has to be there after header_seconds, and what a request sends
    after body_seconds more. uvicorn waits for ever, and has no option for this.
    """
    made, received = ORIGINAL["connection_made"], ORIGINAL["data_received"]
    waiting: WeakKeyDictionary[H11Protocol, tuple[str, asyncio.TimerHandle]] = WeakKeyDictionary()
    seconds = {"headers": header_seconds, "body": body_seconds}

    def connection_made(protocol: H11Protocol, transport: asyncio.Transport) -> None:
        made(protocol, transport)
        if is_refused():
            transport.write(page)
            transport.close()
        else:
            wait_for(protocol, "headers")

    def data_received(protocol: H11Protocol, data: bytes) -> None:
        received(protocol, data)
        is_http = protocol in protocol.connections  # and no websocket by now
        phase = {h11.IDLE: "headers", h11.SEND_BODY: "body"}.get(protocol.conn.their_state, "")
        wait_for(protocol, phase if is_http else "")

    def wait_for(protocol: H11Protocol, phase: str) -> None:
        before, timer = waiting.get(protocol, ("", None))
        if before == phase:
            return
        if timer:
            timer.cancel()
        waiting.pop(protocol, None)
        if phase:
            timer = protocol.loop.call_later(seconds[phase], end, protocol.transport, phase)
            waiting[protocol] = phase, timer

    def end(transport: asyncio.Transport, phase: str) -> None:
        if phase == "headers" and not transport.is_closing():
            transport.write(LATE)
        transport.close()

    vars_of = {"connection_made": connection_made, "data_received": data_received}
    for name, function in vars_of.items():
        setattr(H11Protocol, name, function)


ORIGINAL = {name: getattr(H11Protocol, name) for name in ("connection_made", "data_received")}
LATE = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
