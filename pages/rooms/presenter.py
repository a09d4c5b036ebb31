"""How a page is shown: large and in high contrast for a projector, and without its controls.

A presenter's remote sends PageDown and PageUp; arrow keys do the same.
"""

import streamlit as st

from core.rooms.settings import CONTROLS, HIDDEN, PRESENT
from pages.components.widgets import in_link, put_in_link

# Widgets of a lesson; those of a gate and of a room stay.
WIDGETS = ", ".join(f".st{name}" for name in (
    "Radio", "Checkbox", "NumberInput", "TextInput", "TextArea", "Selectbox", "MultiSelect",
    "Slider", "FileUploader", "ButtonGroup"))  # fmt: skip
KEPT = '[class*="st-key-prediction"] *, [class*="st-key-room"] *'
NO_CONTROLS = f"""
.stMain :is({WIDGETS}):not(:is({KEPT})), .stMain [class*="st-key-controls"], .st-key-navigation {{
  display: none; }}
"""
LARGE = """
html { font-size: clamp(18px, 1.7vw, 30px); }
.stMainBlockContainer { padding-top: 1rem; padding-inline: clamp(0.5rem, 2vw, 2.5rem); }
.stApp [data-testid=stHeader], .st-key-navigation { display: none; }
.stMain [data-testid=stLayoutWrapper]:has(> .st-key-room-bar) { position: sticky; top: 0;
  z-index: 100; }
.stMain .st-key-title h1 { font-size: 1.6rem; padding-block: 0.25rem; }
.st-key-room-bar { padding: 0.4rem 0; gap: 0.5rem; border-bottom: 3px solid currentcolor; }
.st-key-room-bar p { font-size: 1.25rem; }
.st-key-room-bar button { padding: 0.1rem 0.5rem; min-height: 2rem; }
.st-key-room-bar :is(button, [data-testid=stCaptionContainer]) p { font-size: 0.85rem; }
.st-key-room-bar code { font-size: 1em; color: inherit; background: none; font-weight: 600; }
[class*=st-key-prediction] > .stElementContainer:has(.stButton) { position: static; }
/* What is hidden takes no room above the page either. */
.stMain [data-testid=stLayoutWrapper]:has(> .st-key-navigation),
.stMain .stElementContainer:has(> .stHtml > style:only-child) { display: none; }
"""
# Of whichever theme is on: a browser may change it without a run of the page.
CONTRAST = """
.stApp, .st-key-room-bar { background: light-dark(#fff, #000); color: light-dark(#000, #fff); }
.stApp :is(p, li, h1, h2, h3, td, th, label, summary):not(button *) {
  color: light-dark(#000, #fff); }
"""
KEYS = """
const NEXT = ["PageDown", "ArrowRight"], BACK = ["PageUp", "ArrowLeft"];
// Where arrows mean something else; page keys do so only where a text may be long.
const LONG = "textarea, select, [contenteditable], [role=slider], [role=listbox], pre";
const TAKEN = `${LONG}, input, [role=tab], [role=radiogroup], summary`;
const NOW = "[class*=st-key-room-now] button[kind=primary]:not(:disabled)";
const DONE = "[class*=st-key-room-now]";
const ON = ".st-key-room-go-on button:not(:disabled)";
const BEFORE = ".st-key-room-go-back button:not(:disabled)";
const ASK = "[class*=st-key-room-strip] button[kind=primary]:not(:disabled)";
function press(event) {
  const goes = NEXT.includes(event.key), returns = BACK.includes(event.key);
  if (!goes && !returns || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
  if (event.target.closest?.(event.key.startsWith("Page") ? LONG : TAKEN)) return;
  const find = (selector) => document.querySelector(selector);
  const button = goes ? find(NOW) ?? (find(DONE) ? find(ON) : find(ASK)) ?? find(ON) : find(BEFORE);
  if (!button) return;
  event.preventDefault();
  event.stopPropagation();
  button.click();
}
export default function () {
  document.addEventListener("keydown", press, true);
  document.documentElement.dataset.remote = "on";
  return () => document.removeEventListener("keydown", press, true);
}
"""
_keys = st.components.v2.component("buffer_lab_remote", html="<span></span>", js=KEYS)


def presenting() -> bool:
    """Whether this page is shown to a room."""
    return in_link(PRESENT)


def show_as_asked() -> None:
    """What the link says of how the page is shown."""
    if in_link(CONTROLS) == HIDDEN:
        st.html(f"<style>{NO_CONTROLS}</style>")
    if presenting():
        st.html(f"<style>{LARGE}{CONTRAST}</style>")
        _keys(key="remote")


def present_switch() -> None:
    """Switch the presenter view on and off, on this page."""
    present = presenting()
    st.button(
        "Leave the presenter view" if present else "Presenter view",
        key="room present",
        icon=":material/slideshow:",
        on_click=lambda: put_in_link(PRESENT.name, str(not present).lower(), "false"),
        help="Large type for a projector. PageDown, PageUp and the arrow keys go on and back.",
    )


def controls_switch() -> None:
    """Hide the controls of this page, or show them again."""
    hidden = in_link(CONTROLS) == HIDDEN
    st.button(
        "Show the controls" if hidden else "Hide the controls",
        key="room controls",
        icon=":material/tune:",
        on_click=lambda: put_in_link(CONTROLS.name, "shown" if hidden else HIDDEN, "shown"),
        help="Those of the lesson. It is in the link: learners who open the screen see it so too.",
    )
