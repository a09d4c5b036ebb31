"""The recap's questions: answer, run the code, see what it showed and why; score and summary."""

import streamlit as st

from core.course.end import CAN, NEXT, TITLE
from core.course.recap import ASKED, drawn, kept_seen
from core.course.recap_question import (
    RecapQuestion,
    Seen,
    answers_in_words,
    in_words,
    question_script,
    recap_verdict,
    what_holds,
)
from core.course.recap_settings import (
    ANSWERS,
    AT,
    LARGEST_SEED,
    RECAP,
    SEED,
    prediction_of,
    recap_for,
)
from core.lessons import lesson
from core.settings.setting import Setting, SettingError, Whole
from pages.components import quiz, state
from pages.components.code import beside_code, take_home
from pages.components.links import page_link
from pages.components.prediction import gate, guess_of, show
from pages.components.start_of import start_of
from pages.components.widgets import control_box, section, widget


def number_of(setting: Whole) -> int:
    """The number that the session or the link has, or the default where it is none."""
    known = state.value_in_session(setting.name)
    if known is not None:
        return known if setting.accepts(known) else setting.default
    try:
        return setting.parse(st.query_params.get(setting.name, str(setting.default)))
    except SettingError:
        return setting.default


def catalogue() -> dict[str, Setting]:
    """The page's settings, with the answers of the question that the link is at."""
    return recap_for(drawn(number_of(SEED))[number_of(AT) - 1])


def show_recap() -> None:
    """One question at a time, and the summary of all."""
    st.markdown(
        f"{ASKED} questions from all lessons and tools; some will be new to you. Read the code, "
        "choose an answer, and the code runs. Your first answer counts. The recap is done when all "
        "are answered, right or wrong."
    )
    body = st.container()
    with control_box("twelve"), st.container(horizontal=True, vertical_alignment="bottom"):
        with st.container(width=200):
            seed = widget(SEED, on_change=start_over)
        st.button("Another twelve", on_click=another, args=(seed,), icon=":material/shuffle:")
        ask = widget(RECAP["predict"])
    with body:
        one_of(drawn(seed), ask)


def one_of(questions: tuple[RecapQuestion, ...], ask: bool) -> None:
    """The question that the link is at, and the summary of all."""
    at = number_of(AT) - 1
    question = questions[at]
    start_of(question.slug)
    slugs = [one.slug for one in questions]
    quiz.steps(slugs, at, go, f"**Question {at + 1} of {ASKED}**")
    answers, code = beside_code(1, 1)
    with code:
        st.markdown("**The code**, a part of a longer file")
        st.code(question.code, wrap_lines=True)
    with answers:
        if asked(question, ask):
            answer(question, kept_seen(question.slug), ask)
    summed_up = answered(questions)
    quiz.summary(summed_up, go, start_over)
    if all(one.right is not None for one in summed_up):
        the_end(sum(not one.right for one in summed_up))


def the_end(missed: int) -> None:
    """What the course taught, and what to do next: first what was missed."""
    st.header(TITLE, anchor=False)
    st.markdown("\n".join(f"- {what}" for what in CAN))
    st.markdown("**What to do next**")
    if missed:
        questions = "the question" if missed == 1 else f"the {missed} questions"
        st.markdown(f"Go back to {questions} that you missed: the list above leads to the lessons.")
    for place in NEXT:
        page_link(place.page, label=place.words, icon=lesson(place.page).icon, settings=place.link)


def asked(question: RecapQuestion, ask: bool) -> bool:
    """Whether the question was answered, and its code may run. The first answer counts."""
    if not ask:
        st.markdown(question.question)
        return True
    asks = prediction_of(question)
    if not gate(asks, question.question, question.slug, ask, code=question.code):
        return False
    said = guess_of(asks)
    first = quiz.keep_first(ANSWERS, question.slug, said)
    if first != said:
        st.caption(f"Your first answer counts: {first}.")
    return True


def answer(question: RecapQuestion, seen: Seen, ask: bool) -> None:
    """What the code showed, what the guess was worth, every answer's reason, and a way back."""
    guess = guess_of(prediction_of(question)) if ask else None
    if guess:
        show(recap_verdict(question, guess, seen))
    st.markdown("**What it showed**")
    st.code(in_words(seen), language=None, wrap_lines=True)
    if told := answers_in_words(question, seen, guess):
        st.markdown(told)
    back = question.back
    page_link(
        back.page, label=f"Go back to {back.words}", icon=lesson(back.page).icon, settings=back.link
    )
    with section(RECAP["code"]) as opened:
        if opened.open:
            take_home(question_script(question), "answer")


def answered(questions: tuple[RecapQuestion, ...]) -> list[quiz.Answered]:
    """The questions, as they were answered first."""
    first = quiz.answers_in_link(ANSWERS)
    return [
        quiz.Answered(
            question.question,
            is_right(question, first[question.slug]) if question.slug in first else None,
            question.back.page,
            question.back.words,
            question.back.link,
        )
        for question in questions
    ]


def is_right(question: RecapQuestion, said: str) -> bool:
    """Whether an answer is what its code showed."""
    holds = what_holds(question, kept_seen(question.slug))
    return holds is not None and holds.text == said


def go(at: int) -> None:
    """Show another question, with the first answer to it."""
    question = drawn(number_of(SEED))[at]
    said = quiz.answers_in_link(ANSWERS).get(question.slug)
    quiz.go_to(prediction_of(question), question.slug, said, at="" if at == 0 else str(at + 1))


def start_over() -> None:
    """Forget all answers, and begin with the first question."""
    st.query_params.pop(ANSWERS.name, None)
    go(0)


def another(seed: int) -> None:
    """Draw other questions."""
    state.set_value(SEED, seed % LARGEST_SEED + 1)
    start_over()
