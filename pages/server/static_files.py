"""What a browser fetches before there is a page: Streamlit's files, and the way to the server.

Both are ASGI middleware of `st.App`. A page works without either; with them it is there sooner.
"""

import asyncio
import gzip
from pathlib import Path

import streamlit

PAGES = {path.stem.partition("_")[2] for path in Path(__file__).parents[1].glob("[0-9]_*.py")}
MOST = 64 * 2**20  # bytes of files that are kept
IDLE = 5  # seconds after which a file is packed: the first visitor has it by then
CONDITIONS = (b"range", b"if-none-match", b"if-modified-since")
SCRIPTS = Path(streamlit.__file__).parent / "static" / "static" / "js"
NEEDED = ("ArrowVegaLiteChart", "Checkbox", "Html", "PageLink", "Radio")  # by most pages


def head():
    """What goes to the end of the page's head, as bytes.

    Streamlit's front end takes the address of a page, such as /Attention_lab, for a folder that
    the server may be in. It asks there, fails, and asks in the folder above a tenth of a second
    later. It reads `window.__streamlit` first, which tells it to ask there at once.

    And it fetches the script of each kind of element when the first of them comes. They are
    fetched while it connects instead.
    """
    files = [file.name for kind in NEEDED for file in sorted(SCRIPTS.glob(f"{kind}.*.js"))]
    early = "".join(f'import("./static/js/{file}").catch(() => 0);' for file in files)
    return f"""<script>
window.__streamlit = {{
  BACKEND_BASE_URL: location.origin + location.pathname.replace(/[^/]+$/, "")
}};
</script>
<script type="module">{early}</script>
</head>""".encode()


HEAD = head()


def from_memory(app):
    """Answer from memory for files that never change, from the second time on, and packed.

    A visitor's first page takes 120 of them, 5 MB. Streamlit asks the disk for each, in a thread,
    and leaves it to a proxy to pack them.
    """
    plain, packed, room = {}, {}, MOST

    def pack(path):
        packed[path] = zipped(*plain[path])
        del plain[path]

    async def answer(scope, receive, send):
        nonlocal room
        headers, path = dict(scope.get("headers", ())), scope.get("path")
        if not is_get(scope) or any(name in headers for name in CONDITIONS):
            return await app(scope, receive, send)
        found = packed.get(path) if b"gzip" in headers.get(b"accept-encoding", b"") else None
        found = found or plain.get(path)
        if found:
            for message in found:
                await send(message)
            return None
        messages = []

        async def listen(message):
            messages.append(message)
            await send(message)

        await app(scope, receive, listen)
        size = sum(len(message.get("body", b"")) for message in messages)
        known = path in plain or path in packed
        if not known and size <= room and never_changes(messages[0]):
            room -= size
            plain[path] = whole(messages)
            loop = asyncio.get_running_loop()
            loop.call_later(IDLE, loop.run_in_executor, None, pack, path)
        return None

    return answer


def with_the_way(app):
    """Tell the browser of a visitor who comes in by a page where the server is."""

    async def answer(scope, receive, send):
        if not is_get(scope) or scope["path"].rpartition("/")[2] not in PAGES:
            return await app(scope, receive, send)
        messages = []

        async def listen(message):
            messages.append(message)

        plain = [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]
        await app(scope | {"headers": plain}, receive, listen)
        start, body = whole(messages)
        text = body["body"].replace(b"</head>", HEAD)
        length = [(b"content-length", str(len(text)).encode())]
        others = [(name, value) for name, value in start["headers"] if name != length[0][0]]
        await send(start | {"headers": others + length})
        return await send(body | {"body": text})

    return answer


def is_get(scope):
    return scope["type"] == "http" and scope["method"] == "GET"


def never_changes(start):
    """Whether an answer is a file whose name changes with its contents."""
    headers = dict(start["headers"])
    forever = b"immutable" in headers.get(b"cache-control", b"")
    return start["status"] == 200 and forever and b"content-encoding" not in headers


def whole(messages):
    """An answer's start, and its body in one piece."""
    body = b"".join(message.get("body", b"") for message in messages[1:])
    return messages[0], {"type": "http.response.body", "body": body}


def zipped(start, body):
    """The same answer, packed with gzip."""
    data = gzip.compress(body["body"], compresslevel=6)
    mine = {b"content-encoding": b"gzip", b"vary": b"accept-encoding",
            b"content-length": str(len(data)).encode()}  # fmt: skip
    # without the file's etag, which stands for other bytes
    others = [(name, value) for name, value in start["headers"] if name not in {*mine, b"etag"}]
    return start | {"headers": [*others, *mine.items()]}, body | {"body": data}
