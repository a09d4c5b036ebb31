"""The light pages: HTML, style and script in one answer of a few kB."""

import html
from functools import cache
from pathlib import Path

from core.rooms.codes import spaced

FOLDER = Path(__file__).parent
SCRIPT = (FOLDER / "room.js").read_text("utf-8")
STYLE = (FOLDER / "room.css").read_text("utf-8")


def document(title: str, body: str, script: str = "") -> str:
    """A page. body and script are ours; a title may hold anything."""
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)} · Buffer Lab</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><link rel="icon" href="data:,">
<style>{small(STYLE)}</style></head>
<body><main class="room">{body}</main>{f"<script>{script}</script>" if script else ""}
</body></html>"""


@cache
def small(text: str) -> str:
    """A script or style without its indents and comments' lines."""
    lines = (line.strip() for line in text.splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("//"))


def learner_page(code: str) -> str:
    """What learners see; code is a valid one."""
    body = "<noscript><p>This page needs JavaScript.</p></noscript>"
    start = f'mountRoom(document.querySelector("main"), "/r/{code}", {{code: "{spaced(code)}"}});'
    return document(f"Room {spaced(code)}", body, small(SCRIPT) + "\n" + start)


def code_page(text: str = "") -> str:
    """The form for a code, below what was wrong."""
    wrong = f'<p role="alert" class="wrong">{html.escape(text)}</p>' if text else ""
    return document(
        "Join a room",
        f"""<h1>Join a room</h1>{wrong}
<form action="/r"><label for="code">The code on the screen in front</label>
<input id="code" name="code" required maxlength="12" autocapitalize="characters"
autocomplete="off" autocorrect="off" spellcheck="false" autofocus>
<button>Join</button></form>""",
    )


POST = """const say = (text) => { document.querySelector("[role=status]").textContent = text; };
const post = async (path, data) => {
  const answer = await fetch(path, {method: "POST", body: JSON.stringify(data),
    headers: {"content-type": "application/json", accept: "application/json"}});
  const said = await answer.json();
  if (answer.ok) location.replace(said.next); else say(said.error);
};"""


def new_page() -> str:
    """The button that opens a room."""
    return document(
        "Open a room",
        '<h1>Open a room</h1><button>Open a room</button><p role="status"></p>',
        POST + 'document.querySelector("button").onclick = () => post("/r/new", {});',
    )


def key_page() -> str:
    """Hands the key on, and takes it out of the address."""
    return document(
        "Your room",
        '<h1>Your room</h1><p role="status">One moment …</p>',
        POST + "const key = location.hash.slice(1);"
        'history.replaceState(null, "", location.pathname);'
        "post(location.pathname, {key});",
    )
