"""Links with names and numbers of names that no page of ours makes."""

import pytest
from coroutines import run
from websocket_visitor import connect, get, rerun, texts

PAGES = ["", "Attention_lab", "Moving_devices", "State_dict", "What_is_state", "Training"]
NAMES = ["=1", "seed=7&=", "=", "$$ID-x=1", "$$ID-0-buffer=1", "$$WIDGET_ID=1", "%00=1", "page=1",
         "link+to+page=1", "%F0%9F%92%A9=1", "a[b]=1", "embed=true&=1", "&&&", "=&=&=",
         "__proto__=1"]  # fmt: skip


async def visit(address, page, query):
    async with connect(address) as socket:
        return await rerun(socket, query, page=page)


def said(messages):
    return "\n".join(texts(messages))


@pytest.mark.parametrize("query", NAMES)
def test_a_strange_name_is_an_unknown_name_on_every_page(attacked, query):
    for page in PAGES if query in NAMES[:4] else PAGES[1:2]:
        messages = run(visit(attacked.address, page, query))
        found = said(messages)
        assert "a fault, and it is ours" not in found and "Traceback" not in found
        assert "**Buffer Lab**" in found, "the navigation is there"
        empty = not query.strip("&=")
        assert empty or "The link had something that this page cannot use" in found


@pytest.mark.parametrize(
    "query",
    ["&".join(f"n{number}=1" for number in range(900)),
     "&".join(f"name{number}={'v' * 300}" for number in range(1000)),
     "&".join(f"buffer=maybe{number}" for number in range(1000))],
    ids=["900 short names", "307 kB of names", "one name 1,000 times"],
)  # fmt: skip
def test_a_link_with_many_names_costs_no_more_than_its_length(attacked, query):
    messages = run(visit(attacked.address, "Attention_lab", query))
    assert sum(m.HasField("page_info_changed") for m in messages) <= 3
    assert len(messages) < 200
    assert sum(m.ByteSize() for m in messages) < 3 * len(query) + 200_000
    found = said(messages)
    assert "The link had something that this page cannot use" in found
    assert "names, but at most 100 are read" in found or "buffer" in query


@pytest.mark.parametrize("query", ["&".join(["seed=7"] * 5000), "x=" + "1" * 800_000])
@pytest.mark.parametrize("path", ["/Attention_lab", "/"])
def test_a_link_of_which_nothing_would_be_read_says_so(attacked, path, query):
    status, _, body = get(f"{attacked.address}{path}?{query}")
    assert status == 414 and b"<h1>This link is too long</h1>" in body
    assert f"It has {len(query):,} characters".encode() in body
    assert b'<a href="?">Open the page without them.</a>' in body
