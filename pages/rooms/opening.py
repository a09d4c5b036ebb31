"""Opening a room: the browser asks for it, since the answer sets a cookie."""

import streamlit as st

JS = """
export default function ({ parentElement }) {
  const button = parentElement.querySelector("button");
  const says = parentElement.querySelector("p");
  button.onclick = async () => {
    button.disabled = true;
    try {
      const headers = { accept: "application/json" };
      const answer = await fetch("/r/new", { method: "POST", headers });
      if (!answer.ok) throw new Error(await answer.text());
      const { code } = await answer.json();
      const here = new URLSearchParams(location.search);
      here.set("room", code);
      location.assign(`${location.pathname}?${here}`);
    } catch (error) {
      button.disabled = false;
      says.textContent = "No room could be opened. " + String(error.message).slice(0, 200);
    }
  };
}
"""
_component = st.components.v2.component(
    "buffer_lab_open_room",
    html="<button type='button'>Open a room</button><p role='status'></p>",
    css="""button { font: inherit; font-weight: 600; color: #fff; background: #0b5cad; border: 0;
border-radius: 0.5rem; padding: 0.6rem 1.2rem; cursor: pointer; }
button:focus-visible { outline: 3px solid var(--st-text-color); outline-offset: 2px; }
p { margin: 0.3rem 0 0; font-family: var(--st-font); color: var(--st-text-color); }""",
    js=JS,
)


def open_button() -> None:
    """The button that opens a room and comes back to this page with it."""
    _component(key="open a room")
