"""Going to a screen: another page, or the same page with other settings.

Somebody may click while the way there is not done. The run that their click asks for takes its
place, and would leave the page where it was, or its controls as they were. So what was asked for is
kept, and the next run looks whether it is there.
"""

from collections.abc import Collection, Mapping
from typing import Any

import streamlit as st

from core.lessons import lesson_at
from core.rooms.questions import screen_of
from core.rooms.room import Screen
from core.rooms.settings import NOT_SHOWN
from pages.components import state
from pages.server.internals import let_link_decide, rerun_with_link
from pages.server.run_lock import release

MOST_TRIES = 3  # to go somewhere


def page_of(screen: Screen) -> str | None:
    """The file of a screen's page, if there is one."""
    found = lesson_at(screen.page)
    return found.page if found else None


def link_here() -> dict[str, list[str]]:
    """The parameters of this page's link, each with all its values."""
    return {name: st.query_params.get_all(name) for name in st.query_params}


def screen_here(page: str, left_out: Collection[str] = NOT_SHOWN) -> Screen:
    """The screen of a page's file that this browser shows, but for some names of its link."""
    link = link_here()
    return screen_of(page, {name: link[name] for name in link if name not in left_out})


def visit(page: str, link: Mapping[str, Any], tries: int = 1) -> None:
    """Run a page as its link would open it; what runs now ends here."""
    state.ON_THE_WAY.set((page, dict(link), tries))
    release()  # both ways wait a moment, so that the browser hears of the link first
    state.unbind_link()
    if page == state.PAGE.get():
        rerun_with_link(link)
    st.switch_page(page, query_params=link)


def arrive(page: str) -> None:
    """At the start of a page: where a visit leads here, its link decides what controls show."""
    asked = state.ON_THE_WAY.take()
    if asked is None:
        return
    wanted, link, tries = asked
    values = {name: [value] if isinstance(value, str) else value for name, value in link.items()}
    if wanted == page and values == link_here():
        let_link_decide()
    elif tries < MOST_TRIES:
        visit(wanted, link, tries + 1)
