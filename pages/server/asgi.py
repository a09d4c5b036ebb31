"""What the server's middlewares have in common: an answer's messages, and what a browser takes."""

from collections.abc import Callable
from dataclasses import dataclass

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send


@dataclass(frozen=True)
class Answer:
    """An HTTP answer, whole."""

    status: int
    headers: Headers
    body: bytes

    async def send(self, send: Send, body: bool = True) -> None:
        """Send it; without its body to whoever asked for the headers only."""
        start = {"type": "http.response.start", "status": self.status, "headers": self.headers.raw}
        await send(start)
        await send({"type": "http.response.body", "body": self.body if body else b""})

    def raw(self) -> bytes:
        """It as HTTP/1.1 has it, for a connection that is closed after it."""
        lines = [f"{name}: {value}" for name, value in self.headers.items()]
        head = "\r\n".join([f"HTTP/1.1 {self.status} .", *lines, "connection: close", "", ""])
        return head.encode("latin-1") + self.body

    def with_body(self, body: bytes, **headers: str) -> "Answer":
        """The same answer with another body. Its etag goes, for that stands for other bytes."""
        changed = MutableHeaders(raw=list(self.headers.raw))
        del changed["etag"]
        changed["content-length"] = str(len(body))
        for name, value in headers.items():
            changed[name.replace("_", "-")] = value
        return Answer(self.status, Headers(raw=changed.raw), body)


async def refuse_websocket(answer: Answer, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer the question for a websocket with an HTTP answer, or close it where that cannot be."""
    await receive()
    if "websocket.http.response" not in (scope.get("extensions") or {}):
        return await send({"type": "websocket.close", "code": 1008})
    kind = "websocket.http.response"
    await send({"type": f"{kind}.start", "status": answer.status, "headers": answer.headers.raw})
    return await send({"type": f"{kind}.body", "body": answer.body})


async def collect(
    app: ASGIApp,
    scope: Scope,
    receive: Receive,
    also: Send | None = None,
    keep: Callable[[int, Headers], bool] = lambda status, headers: True,
) -> Answer:
    """The answer of an application, whole; also: a `send` that gets its messages as they come.

    keep tells by status and headers whether the body is wanted; that of a stream never ends.
    """
    start: Message = {}
    kept: list[bytes] = []
    wanted = False

    async def listen(message: Message) -> None:
        nonlocal start, wanted
        if message["type"] == "http.response.start":
            start = message
            wanted = keep(message["status"], Headers(raw=list(message["headers"])))
        elif wanted:
            kept.append(message.get("body", b""))
        if also:
            await also(message)

    await app(scope, receive, listen)
    return Answer(start["status"], Headers(raw=list(start["headers"])), b"".join(kept))


def is_read(scope: Scope) -> bool:
    """Whether a request asks for a file, or for its headers only."""
    return scope["type"] == "http" and scope["method"] in ("GET", "HEAD")


def without(scope: Scope, *names: str) -> Scope:
    """The same request without these of its headers; names are in lower case."""
    dropped = {name.encode() for name in names}
    headers = [(name, value) for name, value in scope["headers"] if name not in dropped]
    return {**scope, "headers": headers}


def accepts_gzip(headers: Headers) -> bool:
    """Whether a browser takes an answer that is packed with gzip (RFC 9110, section 12.5.3)."""
    weights: dict[str, float] = {}
    for entry in ",".join(headers.getlist("accept-encoding")).split(","):
        coding, _, parameter = entry.partition(";")
        name, _, value = parameter.strip().partition("=")
        try:
            weight = float(value) if name.strip().lower() == "q" else 1.0
        except ValueError:
            weight = 0.0
        weights[coding.strip().lower()] = weight
    return weights.get("gzip", weights.get("*", 0.0)) > 0


def plain_page(status: int, title: str, text: str, **headers: str) -> Answer:
    """A page without scripts that says something; text may hold HTML of ours."""
    body = f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{title} · Buffer Lab</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>body {{ font: 1.1rem/1.5 sans-serif; max-width: 40rem; margin: 15vh auto; padding: 0 1rem;
color-scheme: light dark }}</style></head>
<body><main><h1>{title}</h1><p>{text}</p></main></body></html>
""".encode()
    answer = Answer(status, Headers({"content-type": "text/html; charset=utf-8"}), b"")
    return answer.with_body(body, cache_control="no-store", **headers)
