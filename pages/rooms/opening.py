"""Opening a room: a form that the browser sends, since the answer sets a cookie."""

import streamlit as st

_component = st.components.v2.component(
    "buffer_lab_open_room",
    html="<form method='post' action='/r/new'><button type='submit'>Open a room</button></form>",
    css="""button { font: inherit; font-weight: 600; color: #fff; background: #0b5cad; border: 0;
border-radius: 0.5rem; padding: 0.6rem 1.2rem; cursor: pointer; }
button:focus-visible { outline: 3px solid var(--st-text-color); outline-offset: 2px; }""",
)


def open_button() -> None:
    """The button that opens a room and comes back to this page with it."""
    _component(key="open a room")
