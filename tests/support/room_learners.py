"""Learners in a room without a browser: they join, listen, answer, and come back when cut off."""

import asyncio
import contextlib
import json
import random
from time import perf_counter
from urllib.parse import urlsplit


class Learner:
    """One learner. seen: version -> when it came; back: how long each way back took.

    A subclass may listen at another address of the room, and take other kinds of events.
    """

    events = "events"

    def __init__(self, address, code, cookies=""):
        self.parts = urlsplit(address)
        self.address, self.base, self.cookies = address, f"/r/{code}", cookies
        self.seen, self.back, self.room, self.mine = {}, [], {}, None
        self.connected, self.changed = asyncio.Event(), asyncio.Event()
        self.kept, self.turn = None, asyncio.Lock()
        self.task = None
        self.bytes = 0

    async def connect(self):
        return await asyncio.open_connection(self.parts.hostname, self.parts.port)

    def head(self, method, path, *more):
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self.parts.netloc}", *more]
        if self.cookies:
            lines.append(f"Cookie: {self.cookies}")
        return "\r\n".join([*lines, "", ""]).encode()

    async def request(self, method, path, data=None):
        """(status, body) of a request on a connection that is kept."""
        body = json.dumps(data).encode() if data is not None else b""
        more = [f"Content-Length: {len(body)}", f"Origin: {self.address}"] if body else []
        async with self.turn:
            if self.kept is None or self.kept[0].at_eof():  # idle connections are closed
                self.kept = await self.connect()
            reader, writer = self.kept
            try:
                writer.write(self.head(method, path, *more) + body)
                status, headers = await self.read_head(reader)
                return status, await reader.readexactly(int(headers.get("content-length", 0)))
            except BaseException:
                self.kept = None
                writer.close()
                raise

    async def read_head(self, reader):
        lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        fields = [line.split(": ", 1) for line in lines[1:] if line]
        new = [value.split(";")[0] for name, value in fields if name.lower() == "set-cookie"]
        known = dict(one.split("=", 1) for one in self.cookies.split("; ") if one)
        known |= dict(one.split("=", 1) for one in new)
        self.cookies = "; ".join(f"{name}={value}" for name, value in known.items())
        return int(lines[0].split()[1]), {name.lower(): value for name, value in fields}

    async def join(self):
        """Load the page, and listen."""
        status, _ = await self.request("GET", self.base)
        assert status == 200, status
        self.task = asyncio.create_task(self.listen())
        await self.connected.wait()

    async def listen(self):
        retry, cut = 1.0, None
        while True:
            writer = None
            try:
                reader, writer = await self.connect()
                path = f"{self.base}/{self.events}"
                writer.write(self.head("GET", f"{path}{'&' if '?' in path else '?'}tab={id(self)}"))
                status, _ = await self.read_head(reader)
                if status == 200:
                    kind = ""
                    while (line := await reader.readline()) and line != b"0\r\n":  # the last chunk
                        self.bytes += len(line)
                        if line.startswith(b"retry:"):
                            retry = int(line[6:]) / 1000
                        elif line.startswith(b"event:"):
                            kind = line[6:].strip().decode()
                        elif line.startswith(b"data:"):
                            self.take(kind, line[5:])
                            kind = ""
                            if cut is not None:
                                self.back.append(perf_counter() - cut)
                                cut = None
            except (OSError, asyncio.IncompleteReadError, ValueError):
                pass
            finally:
                if writer:
                    writer.close()
            self.connected.clear()
            cut = cut or perf_counter()
            await asyncio.sleep(retry * random.uniform(0.9, 1.1))

    def take(self, kind, text):
        if kind == "mine":
            self.mine = json.loads(text)
        elif not kind:
            room = json.loads(text)
            if room["version"] >= self.room.get("version", 0):
                self.room = room
                self.seen.setdefault(room["version"], perf_counter())
        self.connected.set()
        self.changed.set()

    async def answer(self, asking, choice, attempt, tries=60):
        """Send an answer until it has arrived: (what became of it, seconds)."""
        began = perf_counter()
        for _ in range(tries):
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                data = {"asking": asking, "choice": choice, "attempt": attempt}
                data["tab"] = str(id(self))
                status, body = await self.request("POST", f"{self.base}/answer", data)
                if status == 200:
                    return json.loads(body)["status"], perf_counter() - began
                assert status in (429, 500, 502, 503, 504), (status, body)
            await asyncio.sleep(random.uniform(0.1, 0.3))
        raise AssertionError("an answer never arrived")

    async def until(self, is_true):
        """Wait until a room as the learner knows it is as wanted."""
        while not is_true(self.room):
            self.changed.clear()
            await self.changed.wait()

    async def leave(self):
        if self.task:
            self.task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self.task
        if self.kept:
            self.kept[1].close()
