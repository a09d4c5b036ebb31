"""What a browser fetches before there is a page, asked of small ASGI applications."""

import asyncio
import gzip
from pathlib import Path

import pytest
from coroutines import run
from starlette.datastructures import Headers

from core.lessons import LESSONS
from pages.server import static_files as front
from pages.server.asgi import accepts_gzip

FOREVER = [(b"cache-control", b"public, immutable, max-age=31536000"), (b"etag", b"x")]
PAGE = b"<html><head><title>x</title></head><body>\xe2\x88\x9e</body></html>"


def serving(pieces, headers=(), status=200):
    """An application that answers with these pieces of a body, and the list of who asked."""
    asked = []

    async def app(scope, receive, send):
        asked.append(scope)
        await send({"type": "http.response.start", "status": status, "headers": list(headers)})
        for number, piece in enumerate(pieces, start=1):
            more = number < len(pieces)
            await send({"type": "http.response.body", "body": piece, "more_body": more})

    return app, asked


def ask(app, path, headers=(), method="GET", pause=0):
    """(status, headers, body) of an answer; pause: seconds that the server goes on after it."""
    messages = []

    async def asking(scope):
        await app(scope, None, send)
        await asyncio.sleep(pause)

    async def send(message):
        messages.append(message)

    scope = {"type": "http", "method": method, "path": path, "headers": list(headers)}
    run(asking(scope))
    start, *rest = messages
    assert not rest[-1].get("more_body")
    return start["status"], dict(start["headers"]), b"".join(m["body"] for m in rest)


def test_a_file_that_never_changes_is_asked_for_once():
    app, asked = serving([b"one, ", b"two"], FOREVER)
    remembering = front.cache_static_files(app)
    answers = [ask(remembering, "/static/js/a.js") for _ in range(3)]
    headers = dict(FOREVER) | {b"vary": b"accept-encoding"}
    assert answers[0] == answers[1] == answers[2] == (200, headers, b"one, two")
    assert len(asked) == 1
    ask(remembering, "/static/js/b.js")
    assert len(asked) == 2


def test_two_who_ask_at_the_same_time_leave_one_file_to_keep(monkeypatch):
    monkeypatch.setattr(front, "CACHE_BYTES", 10)
    monkeypatch.setattr(front, "PACK_SECONDS", 0)
    app, asked = serving([b"12345"], FOREVER)
    remembering = front.cache_static_files(app)

    async def send(message):
        await asyncio.sleep(0.01)

    async def both():
        scope = {"type": "http", "method": "GET", "path": "/a", "headers": []}
        await asyncio.gather(*(remembering(scope, None, send) for _ in range(2)))
        await asyncio.sleep(0.1)

    run(both())
    assert len(asked) == 2
    monkeypatch.setattr(front, "PACK_SECONDS", 60)
    for _ in range(2):
        ask(remembering, "/b")
    assert len(asked) == 3, "there was room for another"


def test_after_a_while_a_file_is_packed_for_those_who_take_it_so(monkeypatch):
    monkeypatch.setattr(front, "PACK_SECONDS", 0)
    text = b"a buffer moves with its module. " * 1000
    app, asked = serving([text], FOREVER)
    remembering = front.cache_static_files(app)
    ask(remembering, "/static/js/a.js", pause=0.3)
    status, headers, body = ask(remembering, "/static/js/a.js", [(b"accept-encoding", b"gzip")])
    assert status == 200 and len(asked) == 1
    assert headers[b"content-encoding"] == b"gzip" and b"etag" not in headers
    assert int(headers[b"content-length"]) == len(body) < len(text) / 10
    assert gzip.decompress(body) == text
    assert headers[b"vary"] == b"accept-encoding"
    assert b"immutable" in headers[b"cache-control"]
    status, headers, body = ask(remembering, "/static/js/a.js")
    assert body == text and b"content-encoding" not in headers and len(asked) == 2


def test_what_a_first_visit_needs_is_packed_before_somebody_asks(monkeypatch):
    monkeypatch.setattr(front, "PACK_SECONDS", 0)
    monkeypatch.setattr(front, "AHEAD_SECONDS", 0)
    monkeypatch.setattr(front, "first_files", lambda: ["/static/js/a.js"])
    text = b"a buffer moves with its module. " * 1000
    files, asked = serving([text], FOREVER)

    async def app(scope, receive, send):
        if scope["type"] == "lifespan":
            return await asyncio.sleep(0.3)
        with pytest.raises(TimeoutError):  # who asks says nothing more, and does not leave
            await asyncio.wait_for(receive(), 0.01)
        return await files(scope, receive, send)

    remembering = front.cache_static_files(app)
    run(remembering({"type": "lifespan"}, None, None))
    assert [scope["path"] for scope in asked] == ["/static/js/a.js"]
    _, headers, body = ask(remembering, "/static/js/a.js", [(b"accept-encoding", b"gzip")])
    assert headers[b"content-encoding"] == b"gzip" and gzip.decompress(body) == text
    assert len(asked) == 1


def test_the_files_of_a_first_visit_are_there_and_have_what_they_import():
    files = front.first_files()
    assert len(files) == len(set(files)) > 60
    static = front.INDEX.parent
    for address in files:
        text = (static / address.lstrip("/")).read_text("utf-8")
        if address.endswith(".js"):
            head = text.partition(";")[0].replace("`", '"')  # a bundle begins with its imports
            for piece in head.split('"./')[1:] if head.startswith("import") else ():
                name, _, _ = piece.partition('"')
                assert f"/static/js/{name}" in files, address


@pytest.mark.parametrize(
    ("headers", "status", "question"),
    [
        ([(b"cache-control", b"no-cache")], 200, {}),
        ([], 200, {}),
        (FOREVER, 404, {}),
        ([*FOREVER, (b"content-encoding", b"gzip")], 200, {}),
        (FOREVER, 200, {"method": "HEAD"}),
        (FOREVER, 200, {"method": "POST"}),
        (FOREVER, 200, {"headers": [(b"range", b"bytes=0-3")]}),
        (FOREVER, 200, {"headers": [(b"if-none-match", b"x")]}),
    ],
)
def test_all_else_is_asked_for_each_time(headers, status, question):
    app, asked = serving([b"one"], headers, status)
    remembering = front.cache_static_files(app)
    for _ in range(2):
        assert ask(remembering, "/static/js/a.js", **question)[0] == status
    assert len(asked) == 2


def test_what_is_kept_is_bounded(monkeypatch):
    monkeypatch.setattr(front, "CACHE_BYTES", 10)
    app, asked = serving([b"123456"], FOREVER)
    remembering = front.cache_static_files(app)
    for path in ("/a", "/b", "/a", "/b"):
        assert ask(remembering, path)[2] == b"123456"
    assert [scope["path"] for scope in asked] == ["/a", "/b", "/b"]


@pytest.mark.parametrize("path", ["/", "/Attention_lab", "/behind/a/proxy/State_dict", "/proxy/"])
def test_a_page_tells_where_the_server_is_and_stays_whole(path):
    app, asked = serving([PAGE[:20], PAGE[20:]], [(b"content-length", b"%d" % len(PAGE))])
    found = ask(front.inject_backend_url(app), path, [(b"accept-encoding", b"gzip"), (b"a", b"b")])
    status, headers, body = found
    assert status == 200 and int(headers[b"content-length"]) == len(body)
    assert body.replace(front.HEAD, b"</head>") == PAGE and front.HEAD in body
    assert asked[0]["headers"] == [(b"a", b"b")], "not asked to be packed, for it is read here"


def test_who_asks_for_the_headers_of_a_page_gets_those_of_the_page():
    app, asked = serving([PAGE], [(b"content-length", b"%d" % len(PAGE)), (b"etag", b"x")])
    injecting = front.inject_backend_url(app)
    conditions = [(b"range", b"bytes=0-3"), (b"if-none-match", b"x")]
    status, headers, body = ask(injecting, "/Attention_lab", conditions)
    assert asked[0]["headers"] == [], "all of the file, whichever the browser has"
    assert (status, headers, b"") == ask(injecting, "/Attention_lab", conditions, method="HEAD")
    assert int(headers[b"content-length"]) == len(body)
    assert b"etag" not in headers, "it stands for the page without our lines"


def test_who_asks_for_the_headers_of_a_kept_file_gets_no_body():
    app, asked = serving([b"one"], [*FOREVER, (b"content-length", b"3")])
    remembering = front.cache_static_files(app)
    _, headers, _ = ask(remembering, "/static/js/a.js")
    assert ask(remembering, "/static/js/a.js", method="HEAD") == (200, headers, b"")
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("accepted", "packed"),
    [
        ("gzip", True),
        ("br, GZip;q=0.5", True),
        ("*", True),
        ("", False),
        ("gzip;q=0", False),
        ("gzip; q=0.000, br", False),
        ("*;q=0", False),
        ("*, gzip;q=0", False),
        ("gzip;q=nonsense", False),
        ("identity", False),
        ("x-gzipped", False),
    ],
)
def test_a_browser_says_whether_it_takes_gzip(accepted, packed):
    assert accepts_gzip(Headers({"accept-encoding": accepted})) is packed


@pytest.mark.parametrize(
    ("path", "method"),
    [("/", "POST"), ("/Attention_lab", "POST"), ("/Attention_lab/<script>", "GET"), ("/x", "GET")],
)
def test_other_answers_are_not_touched(path, method):
    app, _ = serving([PAGE])
    assert ask(front.inject_backend_url(app), path, method=method)[2] == PAGE


def test_every_page_and_every_script_that_is_fetched_early_is_there():
    addresses = {Path(lesson.page).stem.partition("_")[2] for lesson in LESSONS}
    assert addresses == front.PAGES and {"", "Attention_lab", "State_dict"} < front.PAGES
    assert front.HEAD.count(b"import(") == len(front.CHARTS + front.RESULTS)
    for kind in front.NEEDED:
        assert (
            front.HEAD.count(f'modulepreload" crossorigin href="./static/js/{kind}.'.encode()) == 1
        )
