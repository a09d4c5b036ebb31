"""The decision card: five questions, what to write, and the experiment that proves it."""

import streamlit as st

from core.course.card_files import as_markdown, as_svg
from core.course.case_machine import CASES
from core.course.decision_card import BRANCHES, CARD, ELSE, Branch
from core.course.decision_settings import DECISIONS, MACHINE
from core.course.place import Place
from core.lessons import lesson
from pages.components import quiz
from pages.components.code import download
from pages.components.links import page_link

STYLE = """<style>
.st-key-decision_card { gap: 0.35rem; }
.st-key-decision_card [data-testid="stMarkdownContainer"] { margin: 0; font-size: 0.9rem;
  line-height: 1.4; }
.st-key-decision_card [data-testid="stMarkdownContainer"] p { margin: 0; font-size: inherit; }
.st-key-decision_card .stPageLink a { padding-block: 0.1rem; min-height: 1.6rem; }
.st-key-decision_card .stHorizontalBlock { gap: 0.25rem 1rem; }
.st-key-decision_card .stVerticalBlock { gap: 0.2rem; }
.st-key-decision_card .stButton button { min-height: 1.6rem; padding: 0.1rem 0.5rem; }
.st-key-decision_card .stPageLink { padding-block: 0.15rem; }
.st-key-decision_card [class*="st-key-branch_"] {
  border-bottom: 1px solid rgba(128, 128, 128, 0.3); padding-bottom: 0.3rem; }
@media print {
  @page { size: landscape; margin: 12mm; }
  .stApp, .stMain, .stAppViewContainer, .stMainBlockContainer {
    position: static !important; overflow: visible !important; height: auto !important;
    display: block !important; padding: 0 !important; background: #fff !important; }
  .stApp header, .st-key-title,
  .stMainBlockContainer .stElementContainer:not(.st-key-decision_card *),
  .stMainBlockContainer .stLayoutWrapper:not(:has(.st-key-decision_card), .st-key-decision_card *),
  .stMainBlockContainer .stVerticalBlock:not(
    :has(.st-key-decision_card), .st-key-decision_card, .st-key-decision_card *) {
    display: none !important; }
  html, body { background: #fff !important; }
  .st-key-decision_card::before { content: "How do I hold this tensor?"; font-weight: 700;
    font-size: 1.4rem; }
  .st-key-decision_card, .st-key-decision_card * { color: #1a2330 !important;
    background: none !important; }
}
</style>"""


def show_card() -> None:
    """The card, the way on to the cases, and the downloads."""
    st.html(STYLE)
    with st.container(key="decision_card"):
        for number, branch in enumerate(BRANCHES, start=1):
            with st.container(key=f"branch_{number}"):
                one(number, branch)
        st.markdown(ELSE)
    with st.container(horizontal=True, vertical_alignment="center", key="card files"):
        st.button(f"Now decide {len(CASES)} cases", type="primary", on_click=quiz.show_screen,
                  args=(DECISIONS, {"view": MACHINE}))  # fmt: skip
        download("Card (.svg)", as_svg(), "decision-card.svg", "image/svg+xml")
        download("Card (.md)", as_markdown(), "decision-card.md", "text/markdown")
        st.caption("Print this page, or print it into a PDF: only the card is on the sheet.")


def one(number: int, branch: Branch) -> None:
    """A branch: question, what to write, proofs."""
    question, write, proofs = st.columns([4, 5.4, 4])
    question.markdown(f"**{number}. {branch.question}**  \n{branch.example}")
    write.markdown(f"→ **{branch.answer}:** `{branch.code}`  \n{branch.why}")
    with proofs:
        for place in branch.proofs:
            to(place)


def to(place: Place) -> None:
    """A link to a proof; on this same page, whose address a link would leave as it is, a button."""
    icon = lesson(place.page).icon
    if place.page == CARD:
        st.button(place.words, icon=icon, type="tertiary", on_click=quiz.show_screen,
                  args=(DECISIONS, place.link, ("case",)))  # fmt: skip
    else:
        page_link(place.page, label=place.words, icon=icon, settings=place.link)
