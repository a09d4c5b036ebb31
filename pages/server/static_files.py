"""What a browser fetches before there is a page: Streamlit's files, and the way to the server.

Both are ASGI middleware of `st.App`. A page works without either; with them it is there sooner.
"""

import asyncio
import gzip
import json
import re
from pathlib import Path

import streamlit
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pages.server.asgi import Answer, accepts_gzip, collect, is_read, without

# The last part of the address of every page; the home page's is empty.
PAGES = {path.stem.partition("_")[2] for path in Path(__file__).parents[1].glob("[0-9]*_*.py")} | {
    ""
}
HELP = """for (const kind of ["pointerdown", "pointerup", "mousedown", "mouseup", "click"])
  addEventListener(kind, (event) => {
    const help = event.target.closest?.("label .stTooltipHoverTarget button");
    if (!help) return;
    event.stopPropagation();
    if (kind === "click") { event.preventDefault(); help.focus(); }
  }, true);
addEventListener("click", (event) => event.target.closest?.("[data-testid=stRadioCaption]")
  ?.parentElement.querySelector("[data-testid=stRadioOption]")?.click());"""
TOGETHER_MS = 4  # in which the messages of a run that is over are all there
TOGETHER = f"""{{
  const listen = WebSocket.prototype.addEventListener;
  WebSocket.prototype.addEventListener = function (kind, heard, ...options) {{
    const waiting = [];
    const pass = () => {{
      for (const event of waiting.splice(0))
        try {{ heard.call(this, event); }} catch (error) {{ reportError(error); }}
    }};
    const gather = (event) => {{
      waiting.push(event);
      if (document.hidden) pass();
      else if (waiting.length === 1) setTimeout(pass, {TOGETHER_MS});
    }};
    return listen.call(this, kind, kind === "message" ? gather : heard, ...options);
  }};
}}"""
CACHE_BYTES = 64 * 2**20  # of files that are kept
PACK_SECONDS = 5  # after which a file is packed: the first visitor has it by then
AHEAD_SECONDS = 5  # after the start, when all that a first visit needs is packed
CONDITIONS = ("range", "if-range", "if-none-match", "if-match", "if-modified-since",
              "if-unmodified-since")  # fmt: skip
INDEX = Path(streamlit.__file__).parent / "static" / "index.html"
SCRIPTS = INDEX.parent / "static" / "js"
NEEDED = ("BidiComponent", "Button", "Checkbox", "Html", "PageLink", "Radio")  # by most pages
CHARTS = ("ArrowVegaLiteChart",)  # needed after a guess
RESULTS = ("DownloadButton", "Selectbox")  # needed then by some pages
FONTS = ("italic 1em 'Source Sans'", "italic 1em 'Source Code Pro'")  # needed then


def head() -> bytes:
    """What goes to the end of the page's head.

    Streamlit's front end takes the address of a page, such as /Attention_lab, for a folder that
    the server may be in. It asks there, fails, and asks in the folder above a tenth of a second
    later. It reads `window.__streamlit` first, which tells it to ask there at once.

    Streamlit puts the "?" that shows a control's help into the control's label. A click or a tap on
    it would reach the label, and flip a toggle; it is kept from it, and shows the help. The line
    below a choice stands outside its label, and chooses nothing; a click on it counts for the
    choice.

    The front end draws the whole page again whenever messages have come in. Those of one run come
    within some milliseconds. They are handed to it in one turn, so that it draws once. On a hidden
    page a timer may take a second, so there each message is handed on at once.

    And it fetches the script of each kind of element when the first of them comes, and then those
    that this one imports. They are fetched with the page's own instead. Those of charts are a fifth
    of all bytes, and a page that asks for a guess first has no chart: they are fetched a second
    after the question stands there, with what else comes after a guess. The home page has charts,
    and so has a link that leads to what somebody looked at.
    """
    index = INDEX.read_text("utf-8")
    needed = with_imports(scripts_of(NEEDED), known=index)
    early = (f'<link rel="modulepreload" crossorigin href="./static/js/{name}">' for name in needed)
    return f"""{"".join(early)}
<script>
window.__streamlit = {{
  BACKEND_BASE_URL: location.origin + location.pathname.replace(/[^/]+$/, "")
}};
{HELP}
{TOGETHER}
</script>
<script type="module">
const charts = () => {{ {imports(CHARTS)} }};
const results = () => {{
  charts();
  {imports(RESULTS)}
  for (const font of {json.dumps(FONTS)}) document.fonts.load(font).catch(() => 0);
}};
const drawn = "[data-testid=stApp][data-test-script-state=notRunning] h1";
const soon = location.search || location.pathname.endsWith("/");
const later = () => document.querySelector(drawn)
  ? setTimeout(() => (window.requestIdleCallback ?? setTimeout)(results), soon ? 0 : 1000)
  : setTimeout(later, 200);
if (soon) charts();
later();
</script>
</head>""".encode()


def imports(kinds: tuple[str, ...]) -> str:
    """JavaScript that fetches the scripts of kinds of elements."""
    return "".join(f'import("./static/js/{n}").catch(() => 0);' for n in scripts_of(kinds))


def scripts_of(kinds: tuple[str, ...]) -> list[str]:
    """The names of the scripts of kinds of elements."""
    return [file.name for kind in kinds for file in sorted(SCRIPTS.glob(f"{kind}.*.js"))]


def with_imports(names: list[str], known: str = "") -> list[str]:
    """These scripts, and those that they import, and so on; known: a text with those to leave."""
    found = list(names)
    for name in found:
        text = (SCRIPTS / name).read_text("utf-8")
        imported = re.findall(r'(?:from|import)\s*[`"]\./([\w.-]+\.js)[`"]', text)
        found += [one for one in dict.fromkeys(imported) if one not in found and one not in known]
    return found


HEAD = head()


def first_files() -> list[str]:
    """The addresses of the scripts and styles that a first visit needs: what the page names, what
    is fetched early, and what these import in turn."""
    index = INDEX.read_text("utf-8")
    found = re.findall(r"\./(static/css/[\w.-]+\.css)", index)
    named = re.findall(r"\./static/js/([\w.-]+\.js)", index + HEAD.decode())
    scripts = with_imports(list(dict.fromkeys(named)))
    return [f"/{path}" for path in found] + [f"/static/js/{name}" for name in scripts]


def cache_static_files(app: ASGIApp) -> ASGIApp:
    """Answer from memory for files that never change, from the second time on, and packed.

    A visitor's first page takes 120 of them, 5 MB. Streamlit asks the disk for each, in a thread,
    and leaves it to a proxy to pack them. Those of a first visit are packed without being asked
    for, a few seconds after the start.
    """
    plain: dict[str, Answer] = {}
    packed: dict[str, Answer] = {}
    room = CACHE_BYTES

    def pack(path: str) -> None:
        answer = plain[path]
        body = gzip.compress(answer.body, compresslevel=6)
        packed[path] = answer.with_body(body, content_encoding="gzip")
        del plain[path]

    async def pack_ahead() -> None:
        async def drop(message: Message) -> None: ...

        await asyncio.sleep(AHEAD_SECONDS)
        for path in await asyncio.to_thread(first_files):
            asked = {"type": "http", "method": "GET", "path": path, "headers": []}
            await answer({**asked, "raw_path": path.encode(), "query_string": b""}, nothing, drop)

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal room
        if scope["type"] == "lifespan":
            ahead = asyncio.create_task(pack_ahead())
            try:
                return await app(scope, receive, send)
            finally:
                ahead.cancel()
        if not is_read(scope) or any(name in Headers(scope=scope) for name in CONDITIONS):
            return await app(scope, receive, send)
        path, whole = scope["path"], scope["method"] == "GET"
        found = packed.get(path) if accepts_gzip(Headers(scope=scope)) else None
        found = found or plain.get(path)
        if found:
            return await found.send(send, body=whole)

        async def forward(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=message["headers"])
                if never_changes(message["status"], headers):  # it will come packed
                    headers.add_vary_header("accept-encoding")
            await send(message)

        fresh = await collect(app, scope, receive, also=forward, keep=never_changes)
        known = path in plain or path in packed
        fits = len(fresh.body) <= room
        if whole and not known and fits and never_changes(fresh.status, fresh.headers):
            room -= len(fresh.body)
            plain[path] = fresh
            loop = asyncio.get_running_loop()
            loop.call_later(PACK_SECONDS, loop.run_in_executor, None, pack, path)
        return None

    return answer


def inject_backend_url(app: ASGIApp) -> ASGIApp:
    """Tell the browser of a visitor who comes in by a page where the server is."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if not is_read(scope) or scope["path"].rpartition("/")[2] not in PAGES:
            return await app(scope, receive, send)
        # the page is made here: from all of the file, unpacked, and whichever a browser has
        asked = {**without(scope, "accept-encoding", *CONDITIONS), "method": "GET"}
        page = await collect(app, asked, receive)
        page = page.with_body(page.body.replace(b"</head>", HEAD))
        return await page.send(send, body=scope["method"] == "GET")

    return answer


async def nothing() -> Message:
    """What somebody sends who only asks, and stays: nothing more comes."""
    return await asyncio.get_running_loop().create_future()


def never_changes(status: int, headers: Headers) -> bool:
    """Whether an answer is a file whose name changes with its contents."""
    forever = "immutable" in headers.get("cache-control", "")
    return status == 200 and forever and "content-encoding" not in headers
