"""Spot the bug: choose a line of the damaged listing, and what should stand there."""

import streamlit as st

from core.cases.catalogue import CASES
from core.cases.reasons import as_text
from core.cases.settings import FAILURES, LINES
from core.cases.spot_the_bug import BUGS, Spot, State, advice, listing_in, one_a_line
from pages.cases.catalogue import PAGE, to_case
from pages.components import state
from pages.components.links import page_link
from pages.components.widgets import widget

KEPT = "as it stands"
LEFT_BEHIND = CASES["mask-left-behind"]
SIDEWAYS = "The listing scrolls sideways; the line numbers stay. ⇄"
# A line that wraps loses its indentation, and that is part of Python. So it scrolls instead.
LISTING_STYLE = """<style>
.st-key-listing { overflow-x: auto; }
.st-key-listing :is(pre, code) { font-size: 0.78rem; overflow: visible !important; }
.st-key-listing pre { padding-left: 0; width: max-content; min-width: 100%; }
.st-key-listing pre * { background-color: inherit !important; }
.st-key-listing .linenumber { position: sticky; left: 0; z-index: 1; }
.sideways { display: none; margin: 0; font-size: 0.86rem; }
@media (max-width: 1100px) { .sideways { display: block; } }
</style>"""


def show_listing() -> None:
    """The listing, the choice of a line and of its repair, and what Python says to it."""
    chosen = one_a_line(tuple(st.query_params.get_all("repairs")))
    st.markdown(
        "This listing of causal attention, from the notebook on buffers, arrived damaged. "
        f"{len(BUGS)} things are wrong, and some are missing lines. They are slips of typing and "
        "none is about the buffer: here you practise to read what Python says. "
        "Choose a line and what should stand there. It runs each time. It is an extra, not counted "
        "for the lesson."
    )
    found = listing_in(chosen)
    left, right = st.columns([1, 2], gap="medium")
    with left:  # on a phone it stands above the listing
        choose(chosen)
        answer(found)
    with right:
        st.html(LISTING_STYLE + f'<p class="sideways">{SIDEWAYS}</p>')
        with st.container(key="listing"):
            st.code(found.text, line_numbers=True)


def choose(chosen: tuple[str, ...]) -> None:
    """The line that is looked at, if any, and what stands there; and back to the start."""
    line = widget(FAILURES["line"])
    if line:
        choose_repair(LINES[line], chosen)
    else:
        st.caption("Choose a line of the listing. Then you see what can stand there.")
    why = None if chosen else "No line is changed yet."
    st.button("Start over", on_click=start_over, disabled=not chosen, help=why)


def choose_repair(spot: Spot, chosen: tuple[str, ...]) -> None:
    """What stands in a line: as it is, or one of its repairs."""
    options = [KEPT, *(word for word, _ in spot.options)]
    texts = dict(spot.options)
    now = next((word for word in options if word in chosen), KEPT)
    st.radio(
        f"What should stand in line {spot.number}?",
        options,
        options.index(now),
        format_func=lambda word: KEPT if word == KEPT else as_label(texts[word]),
        key=f"repair of {spot.number} {now}",
        on_change=put,
        args=(spot, now),
    )


def start_over() -> None:
    """Back to the listing as it arrived."""
    st.query_params.pop("repairs", None)


def as_label(text: str) -> str:
    """Lines of code as one label."""
    return " then ".join(f"`{line.strip()}`" for line in text.split("\n"))


def put(spot: Spot, now: str) -> None:
    """Keep what was chosen for a line in the link."""
    word = state.value_in_session(f"repair of {spot.number} {now}")
    of_line = {one for one, _ in spot.options}
    words = [one for one in st.query_params.get_all("repairs") if one not in of_line]
    if word != KEPT:
        words.append(word)
    if words:
        st.query_params["repairs"] = list(one_a_line(tuple(words)))
    else:
        st.query_params.pop("repairs", None)


def answer(found: State) -> None:
    """What running the listing gave."""
    st.markdown("**Python says**")
    st.code(as_text(found.seen) or "(nothing)", language=None, wrap_lines=True)
    say = st.success if found.published else st.info if found.seen.failure else st.warning
    say(advice(found))
    st.caption(f"{found.repaired} of {len(BUGS)} bugs repaired.")
    if found.published:
        st.markdown(
            "The class now computes the right numbers, on the CPU. Its mask is still a plain "
            "attribute: `.to(device)` leaves it where it is. That is not one of these bugs, but it "
            "is what this course is about."
        )
        page_link(PAGE, label=f"See it fail: {LEFT_BEHIND.title}", settings=to_case(LEFT_BEHIND))
