"""One case: story, code, a guess, both outcomes side by side, why, the fix, and what is next."""

import html

import streamlit as st

from core.cases.case import Case, Seen
from core.cases.catalogue import CASES, neighbours
from core.cases.observe import Outcome, kept_outcome, observe_in_worker
from core.cases.program import difference, needs_device, script, shown
from core.cases.reasons import answers_in_words, as_text, in_short, outcome_in_words, verdict
from core.cases.settings import FAILURES, question_of
from core.cases.sources import address, words
from core.cases.takeaway import takeaway
from core.lessons import lesson
from pages.cases.catalogue import PAGE, link, number_of, searched, to_case
from pages.components.code import DEVICE_NOTE, beside_code, take_home
from pages.components.links import page_link
from pages.components.prediction import gate, guess_of, results_are_there, show
from pages.components.progress import work
from pages.components.takeaway import show_takeaway
from pages.components.widgets import section, widget


def show_case(slug: str) -> None:
    """The case with this slug: its story, the question beside the code, the results."""
    case = CASES[slug]
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        to_all_cases()
        ask = widget(FAILURES["predict"])
    st.header(f"{number_of(case)}. {case.title}", anchor=False)
    st.markdown(case.story)
    if ask:
        beside, code = beside_code(2, 3)
    else:
        code, beside = st.columns(2, gap="medium")
    text = shown(case.broken)
    with code:
        st.markdown("**The code**, a part of a longer file")
        st.code(text, line_numbers=True, wrap_lines=True)
        if needs_device(case):
            st.caption(DEVICE_NOTE)
        if case.ranks > 1:
            st.caption("Two processes run this function at once, one with each rank.")
    with beside:
        answered = gate(
            question_of(case),
            case.question,
            case.slug,
            ask,
            context=case.story,
            code=text,
            later=True,
        )
        outcome = run(case) if answered else None
        if outcome and ask:
            results_are_there(question_of(case), case.slug)
            show(verdict(case, guess_of(question_of(case)), outcome.broken))
        elif outcome:
            both(outcome, beside=False)
    with st.container():
        if outcome:
            if ask:
                both(outcome, beside=True)
            results(case, outcome, ask)
    ways_on(case)


def run(case: Case) -> Outcome | None:
    """The case's Outcome, or None while a worker is still at it."""
    if case.slow:
        return work("case", observe_in_worker, case.slug, live=st.caption)
    return kept_outcome(case.slug)


def results(case: Case, outcome: Outcome, ask: bool) -> None:
    """Why, the fix, and where to go from here."""
    st.markdown(f"**Why.** {case.why}\n\n**The fix.** {case.fix}")
    st.html(difference_as_html(case))
    show_takeaway(takeaway(case, outcome))
    guess = guess_of(question_of(case)) if ask else None
    if told := answers_in_words(case, outcome.broken, guess):
        st.markdown(told)
    elsewhere(case)
    with section(FAILURES["home"]) as opened:
        if opened.open:
            for fixed, column in zip((False, True), st.columns(2, gap="medium"), strict=True):
                with column:
                    take_home(script(case, fixed), f"{case.slug}{'-fixed' if fixed else ''}")


def both(outcome: Outcome, beside: bool) -> None:
    """Both outcomes in short, then each of them: beside each other, or one below the other."""
    st.markdown(f"**In short.** {in_short(outcome.broken, outcome.fixed)}")
    broken, fixed = st.columns(2, gap="medium") if beside else (st.container(), st.container())
    with broken.container(border=True):
        side("As it was written", outcome.broken, failing=True)
    with fixed.container(border=True):
        side("With the fix", outcome.fixed, failing=False)


def side(title: str, seen: Seen, failing: bool) -> None:
    """One outcome: how it ended, and what was printed."""
    colour = "red" if seen.failure else "orange" if failing else "green"
    st.markdown(f"**{title}** :{colour}-badge[{outcome_in_words(seen)}]")
    st.code(as_text(seen) or "(nothing was printed)", language=None, wrap_lines=True)


def difference_as_html(case: Case) -> str:
    """What the fix changes, as lines that say themselves whether they went or came."""
    tag = {"-": "del", "+": "ins", " ": "span"}
    lines = (
        f"<{tag[line.sign]}>{line.sign} {html.escape(line.text)}</{tag[line.sign]}>"
        + ("\n" if line.sign == " " else "")
        for line in difference(case)
    )
    label = "The code difference: lines with a minus went, lines with a plus came"
    return (
        f'<pre class="marked difference" tabindex="0" role="region" aria-label="{label}">'
        f"{''.join(lines)}</pre>"
    )


def elsewhere(case: Case) -> None:
    """Where the case was met, the lesson's experiment, and similar cases."""
    there = lesson(case.experiment.page)
    st.caption("Sources: " + ", ".join(f"[{words(s)}]({address(s)})" for s in case.sources))
    st.markdown("**Try it yourself, and similar cases**")
    page_link(
        there.page,
        label=f"To the experiment: {there.title}",
        icon=there.icon,
        settings=case.experiment.settings,
    )
    for slug in case.similar:
        link(CASES[slug])


def ways_on(case: Case) -> None:
    """The case before, the case after, and the list."""
    before, after = neighbours(case, searched())
    with st.container(horizontal=True, key="ways on cases"):
        for other, label, icon in (
            (before, "Previous case", ":material/arrow_back:"),
            (after, "Next case", ":material/arrow_forward:"),
        ):
            if other:
                page_link(
                    PAGE,
                    label=f"{label}: {other.title}",
                    icon=icon,
                    settings=to_case(other),
                )
        to_all_cases()


def to_all_cases() -> None:
    page_link(PAGE, label="All cases", icon=":material/list:", settings=to_case(None))
