"""The routes of folders of pages: answered first, packed where the browser takes it."""

import asyncio
import gzip

import pytest
from starlette.responses import PlainTextResponse

from pages.rooms.documents import new_page
from pages.server.asgi import collect
from pages.server.routes import answer_routes

APP = answer_routes(PlainTextResponse("a page of Streamlit's"))


def ask(path, method="GET", accepted=""):
    """The answer to a request."""
    headers = [(b"accept-encoding", accepted.encode())] if accepted else []
    scope = {"type": "http", "method": method, "path": path, "query_string": b""}

    async def nothing():
        return {"type": "http.request", "body": b""}

    return asyncio.run(collect(APP, {**scope, "headers": headers}, nothing))


@pytest.mark.parametrize("path", ["/", "/Attention_lab", "/rooms", "/_stcore/health"])
def test_all_other_addresses_are_streamlits(path):
    assert ask(path).body == b"a page of Streamlit's"


def test_an_address_of_a_room_is_not():
    assert ask("/r/new").body.decode() == new_page()
    assert ask("/r/new", "PUT").status == 405  # a method that it does not take


@pytest.mark.parametrize(("accepted", "is_packed"), [("gzip", True), ("gzip;q=0", False)])
def test_a_light_page_is_packed_for_who_takes_it(accepted, is_packed):
    answer = ask("/r/new", accepted=accepted)
    assert answer.headers["vary"] == "accept-encoding"
    assert ("content-encoding" in answer.headers) == is_packed
    assert (gzip.decompress(answer.body) if is_packed else answer.body).decode() == new_page()
