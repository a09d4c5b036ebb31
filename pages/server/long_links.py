"""Links that are too long for Streamlit: it opens the page as if nothing stood in them."""

from starlette.types import ASGIApp, Receive, Scope, Send

from pages.server.asgi import is_read, plain_page
from pages.server.descriptors import wants_place
from pages.server.internals import QUERY_CHARS, QUERY_FIELDS


def refuse_long_links(app: ASGIApp) -> ASGIApp:
    """ASGI middleware: 414 for a page with more in its link than is read, with a way on."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if is_read(scope) and wants_place(scope["path"]):
            query = scope["query_string"]
            fields = query.count(b"&") + 1
            if len(query) > QUERY_CHARS or fields > QUERY_FIELDS:
                page = plain_page(
                    414,
                    "This link is too long",
                    f"It has {len(query):,} characters and {fields:,} parameters, but at most "
                    f"{QUERY_CHARS:,} characters and {QUERY_FIELDS:,} parameters are read. "
                    '<a href="?">Open the page without them.</a>',
                )
                return await page.send(send, body=scope["method"] == "GET")
        return await app(scope, receive, send)

    return answer
