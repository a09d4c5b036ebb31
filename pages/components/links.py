"""Links from one page of ours to another: how the page is shown goes along."""

from collections.abc import Iterable, Mapping
from typing import Any

import streamlit as st

from core.rooms.settings import ON_EVERY_PAGE


def shown_so() -> dict[str, str]:
    """The parameters of this page's link that say how any page is shown: in large type, say."""
    return {name: st.query_params[name] for name in ON_EVERY_PAGE if name in st.query_params}


def page_link(
    page: str,
    label: str,
    settings: Mapping[str, Any] | Iterable[tuple[str, Any]] = (),
    icon: str | None = None,
) -> None:
    """A link to a page with these settings, shown as this page is."""
    st.page_link(page, label=label, icon=icon, query_params={**dict(settings), **shown_so()})
