"""The list of cases: search, tags, and a link to each."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.cases.case import Case
from core.cases.catalogue import CASES, CHAPTERS, FIRST, search
from core.cases.settings import FAILURES
from core.lessons import lesson
from pages.components import state
from pages.components.links import page_link
from pages.components.widgets import widget

PAGE = "pages/6_Failure_cases.py"
STYLE = """<style>
.st-key-cases h2 { font-size: 1.05rem; padding: 0.25rem 0 1.1rem; }
@media (max-width: 640px) {  /* a finger needs room */
  .st-key-cases .stVerticalBlock { gap: 0.75rem; } }
.st-key-begin { align-items: baseline; column-gap: 1.5rem; }
@media (min-width: 1100px) {  /* chapters from the top of a column to its end, and none is split */
  .st-key-begin { margin-bottom: -0.75rem; }
  .st-key-cases { display: block; columns: 3; column-gap: 2rem; }
  .st-key-cases > * { break-inside: avoid; padding-bottom: 0.75rem; } }
.stCode pre .linenumber.linenumber.linenumber {
  color: color-mix(in srgb, currentcolor 60%, #808495) !important; }
pre.marked.difference { white-space: pre; overflow-x: auto; }
pre.marked ins, pre.marked del { display: block; text-decoration: none; }
pre.marked ins { background: rgba(32, 140, 80, 0.22); }
pre.marked del { background: rgba(200, 40, 50, 0.18); }
</style>"""


def show_catalogue(left: DeltaGenerator, right: DeltaGenerator) -> None:
    """Search and filter, in their two places, and the cases that are left, by chapter."""
    with left:
        find = widget(FAILURES["find"])
    with right:
        tags = widget(FAILURES["tags"])
    state.CASE_SEARCH.set((find, tags))
    found = search(find, tags)
    if len(found) == len(CASES):
        times = lesson(PAGE).times
        with st.container(horizontal=True, gap="xxsmall", key="begin"):
            st.header("Begin with these five", anchor=False, width="content")
            st.markdown(
                f"After any {times} of the {len(CASES)} cases, this lesson is done.",
                width="content",
            )
        with st.container(horizontal=True, gap="small"):
            for case in FIRST:
                link(case)
    st.caption(f"{len(found)} of {len(CASES)} cases, in the order in which learners meet them.")
    if not found:
        st.info("No case has all of these words and one of these tags. Take one away.")
    with st.container(key="cases"):
        for chapter, cases in CHAPTERS.items():
            shown = [case for case in cases if case in found]
            if shown:
                with st.container(gap="xxsmall"):
                    st.header(chapter, anchor=False)
                    for case in shown:
                        link(case)


def follow(slug: str | None) -> None:
    """Another case than in the last run, or none: tell the browser, whose address bar does not
    follow a link from a page to the same page. slug is what the link that was opened names."""
    if state.CASE_SHOWN.known and state.CASE_SHOWN.get() != slug:
        st.query_params["case"] = slug or ""
        if not slug:
            del st.query_params["case"]
    state.CASE_SHOWN.set(slug)


def link(case: Case) -> None:
    """A link to a case."""
    page_link(PAGE, label=f"{number_of(case)}. {case.title}", settings=to_case(case))


def number_of(case: Case) -> int:
    """A case's place in the list, from 1."""
    return tuple(CASES).index(case.slug) + 1


def to_case(case: Case | None) -> dict[str, str | list[str]]:
    """What the link to a case says; without one, that to the list, as it was searched."""
    asked = st.query_params.get("predict")
    link: dict[str, str | list[str]] = {"predict": asked} if asked else {}
    if case:
        return link | {"case": case.slug}
    find, tags = state.CASE_SEARCH.get()
    return link | ({"find": find} if find else {}) | ({"tags": list(tags)} if tags else {})


def searched() -> tuple[Case, ...]:
    """The cases that the list showed last to this visitor."""
    return search(*state.CASE_SEARCH.get())
