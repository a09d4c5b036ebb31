"""The place where a question, a case or an answer begins: the browser goes there when it is new."""

from pathlib import Path

import streamlit as st

_component = st.components.v2.component(
    "buffer_lab_start",
    html="<div class='start-of' tabindex='-1'></div>",
    css=".start-of { scroll-margin-top: 5rem; outline: none; height: 0; }",
    js=(Path(__file__).parent / "start_of.js").read_text("utf-8"),
    isolate_styles=False,
)


def start_of(what: str) -> None:
    """Mark where something begins, what, as one word. Once per page.

    When it is another than before, and its start is out of sight, the page scrolls there. The
    keyboard goes on from there too. What the page shows first is left where it is.
    """
    _component(key="start of", data=what)
