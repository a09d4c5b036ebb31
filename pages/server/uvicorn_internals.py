"""What the server takes from inside uvicorn, which accepts its connections; see `internals`."""

import asyncio
import contextlib
import gc
import logging
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

VERSIONS = {"uvicorn": "0.54.0", "httptools": "0.9.0"}
URL_BYTES = 60_000  # that httptools takes apart; it refuses more than 65,535


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
    is_refused: Callable[[], bool],
    page: bytes,
    header_bytes: int,
    header_seconds: float,
    body_seconds: float,
) -> None:
    """Bound the connections that uvicorn accepts from now on.

    While is_refused() is true a new one gets the page, a whole HTTP answer as bytes, and is closed.
    A request line with its headers has to be there after header_seconds, in about header_bytes, and
    what a request sends after body_seconds more. uvicorn waits for ever and keeps all that comes.
    """
    made, received = ORIGINAL["connection_made"], ORIGINAL["data_received"]
    complete = ORIGINAL["on_headers_complete"]
    waiting: WeakKeyDictionary[HttpToolsProtocol, Phase] = WeakKeyDictionary()
    seconds = {"headers": header_seconds, "body": body_seconds}

    def connection_made(protocol: HttpToolsProtocol, transport: asyncio.Transport) -> None:
        made(protocol, transport)
        if is_refused():
            transport.write(page)
            transport.close()
        else:
            wait_for(protocol, "headers")

    def data_received(protocol: HttpToolsProtocol, data: bytes) -> None:
        received(protocol, data)
        name = phase_of(protocol)
        wait_for(protocol, name)
        if name == "headers":
            waiting[protocol].bytes += len(data)
            if waiting[protocol].bytes > header_bytes:
                end(protocol.transport, LARGE)

    def on_headers_complete(protocol: HttpToolsProtocol) -> None:
        url = protocol.url
        protocol.url = url[:URL_BYTES]
        complete(protocol)
        protocol.url = url
        if len(url) > URL_BYTES and b"?" in url[:URL_BYTES]:
            protocol.scope["query_string"] = url.partition(b"?")[2]

    def wait_for(protocol: HttpToolsProtocol, name: str) -> None:
        before = waiting.get(protocol)
        if name == (before.name if before else ""):
            return
        if before:
            before.timer.cancel()
            del waiting[protocol]
        if name:
            answer = LATE if name == "headers" else b""
            timer = protocol.loop.call_later(seconds[name], end, protocol.transport, answer)
            waiting[protocol] = Phase(name, timer)

    def end(transport: asyncio.Transport, answer: bytes) -> None:
        if answer and not transport.is_closing():
            transport.write(answer)
        transport.close()

    vars_of = {
        "connection_made": connection_made,
        "data_received": data_received,
        "on_headers_complete": on_headers_complete,
    }
    for name, function in vars_of.items():
        setattr(HttpToolsProtocol, name, function)


def phase_of(protocol: HttpToolsProtocol) -> str:
    """What a connection has to send next: "headers", "body", or nothing while it is answered."""
    cycle = protocol.cycle  # the latest request that came with all its headers
    if protocol not in protocol.connections:  # a websocket by now
        return ""
    if cycle is None or protocol.scope is not cycle.scope:
        return "headers"
    if cycle.more_body:  # also of a request that was refused before its end
        return "body"
    return "headers" if cycle.response_complete else ""


@dataclass
class Phase:
    """What a connection is waited for, until when, and the bytes that came of it."""

    name: str
    timer: asyncio.TimerHandle
    bytes: int = 0


ORIGINAL = {
    name: getattr(HttpToolsProtocol, name)
    for name in ("connection_made", "data_received", "on_headers_complete")
}
LATE, LARGE = (
    f"HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n".encode()
    for status in ("408 Request Timeout", "431 Request Header Fields Too Large")
)
