"""Going to a screen: another page, or the same page with other settings."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from core.lessons import lesson_at
from core.rooms.room import Screen
from pages.components import state
from pages.server.internals import visit_again
from pages.server.run_lock import release


def page_of(screen: Screen) -> str | None:
    """The file of a screen's page, if there is one."""
    found = lesson_at(screen.page)
    return found.page if found else None


def visit(page: str, link: Mapping[str, Any]) -> None:
    """Run a page as its link would open it; what runs now ends here."""
    release()  # both wait a moment, so that the browser hears of the link first
    state.unbind_link()
    if page == state.PAGE.get():
        visit_again(link)
    st.switch_page(page, query_params=link)
