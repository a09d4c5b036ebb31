"""The case machine: decide how a tensor is held, run it so, and see what came of it."""

import functools

import streamlit as st

from core.charts.markdown_table import markdown_table
from core.course.case import Case
from core.course.case_machine import CASES
from core.course.case_program import CaseResult, case_script, chosen_line, module_text, run
from core.course.case_reasons import case_verdict, consequences, is_right
from core.course.decision_settings import DECIDED, DECISIONS, HOLD
from core.course.takeaway import case_takeaway
from pages.components import quiz, state
from pages.components.code import beside_code, take_home
from pages.components.prediction import gate, guess_of, show
from pages.components.start_of import start_of
from pages.components.takeaway import show_takeaway
from pages.components.widgets import in_link, section, widget

TENSORS = tuple(CASES)


@functools.lru_cache(64)
def result_of(slug: str, choice: str) -> CaseResult:
    """What a choice came to; run once for all visitors, since a case has no settings."""
    return run(CASES[slug], choice)


def show_machine(ask: bool) -> None:
    """One case at a time, and the summary of all. ask: for a choice, before anything runs."""
    case = CASES[in_link(DECISIONS["case"])]
    at = TENSORS.index(case.slug)
    start_of(case.slug)
    quiz.steps(TENSORS, at, go, f"**{at + 1} of {len(CASES)}: {case.title}**")
    st.markdown(case.story)
    if ask:
        choices, code = beside_code(1, 1)
        code.code(without_choice(case), wrap_lines=True)
        with choices:
            choice = decided(case)
            if choice:
                show(case_verdict(case, result_of(case.slug, choice)))
    else:
        choice = widget(HOLD.guess) or case.best
    if choice:
        results(case, choice, ask)
    quiz.summary(answered(), go, start_over)
    st.caption(
        "Your first choice counts. It is right if it is recommended, or works as well. One that "
        "runs but has a drawback is not."
    )


def without_choice(case: Case) -> str:
    """The module, with the line that is asked for left open."""
    line = chosen_line(case, case.best)
    return module_text(case, case.best).replace(line, f"…  # self.{case.tensor}: how?").rstrip()


def decided(case: Case) -> str | None:
    """The choice that was run, or None as long as none was. The first one counts."""
    question = f"How should the module hold `{case.tensor}`? Your choice is then run."
    code = without_choice(case)
    if not gate(HOLD, question, case.slug, predict=True, context=case.story, code=code):
        return None
    choice = guess_of(HOLD)
    first = quiz.keep_first(DECIDED, case.slug, choice)
    if first != choice:
        right = "right" if is_right(case, first) else "wrong"
        st.caption(f"Your first choice counts: {first}, {right}.")
    return choice


def results(case: Case, choice: str, ask: bool) -> None:
    """What came of a choice, beside what came of the recommended one."""
    mine, best = result_of(case.slug, choice), result_of(case.slug, case.best)
    if not ask:
        verdict = case_verdict(case, mine)
        st.markdown(f"**{choice}.** {verdict.said} {verdict.reason}")
    columns = [mine] if choice == case.best else [mine, best]
    headers = ["Held as", choice, f"{case.best}, recommended"][: 1 + len(columns)]
    rows: dict[str, list[str]] = {what: [] for one in columns for what, _ in consequences(one)}
    for one in columns:
        seen = dict(consequences(one))
        for what, cells in rows.items():
            cells.append(seen.get(what, "" if one.error else "yes"))
    st.markdown(markdown_table(headers, [[what, *cells] for what, cells in rows.items()]))
    show_takeaway(case_takeaway(case))
    with section(DECISIONS["code"]) as opened:
        if opened.open:
            take_home(case_script(case, choice), "case")


def answered() -> list[quiz.Answered]:
    """All cases, as they were decided first."""
    first = quiz.answers_in_link(DECIDED)
    return [
        quiz.Answered(
            case.title,
            is_right(case, first[slug]) if slug in first else None,
            case.back.page,
            case.back.words,
            case.back.link,
        )
        for slug, case in CASES.items()
    ]


def go(at: int) -> None:
    """Show another case, as it was decided first."""
    slug = TENSORS[at]
    said = quiz.answers_in_link(DECIDED).get(slug)
    quiz.go_to(HOLD, slug, said, case="" if at == 0 else slug)


def start_over() -> None:
    """Forget all choices."""
    st.query_params.pop(DECIDED.name, None)
    state.forget(HOLD.guess)
    go(0)
