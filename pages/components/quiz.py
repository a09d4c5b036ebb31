"""What quizzes share: answers in the link, the score, steps, and a summary with ways back."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from core.lessons import lesson
from core.settings.answers import Answers
from core.settings.prediction import Prediction
from core.settings.setting import Setting
from pages.components import state
from pages.components.links import page_link
from pages.components.widgets import in_link, put_in_link


@dataclass(frozen=True)
class Answered:
    """A question of a quiz in the summary.

    right: None where it was not answered. page, words, settings: where to go back to. show: what
    leads there within this same page, in a callback, in place of a link.
    """

    title: str
    right: bool | None
    page: str
    words: str
    settings: Mapping[str, str | list[str]]
    show: Callable[[], None] | None = None


def answers_in_link(answers: Answers) -> dict[str, str]:
    """{key: first answer}, as the link has them."""
    return answers.read(in_link(answers))


def keep_first(answers: Answers, key: str, said: str) -> str:
    """Keep the first answer to a question in the link; returns the one that counts."""
    known = answers_in_link(answers)
    if key not in known:
        known[key] = said
        put_in_link(answers.name, answers.write(known), "")
    return known[key]


def show_screen(
    catalogue: Mapping[str, Setting], link: Mapping[str, str | list[str]], bare: Sequence[str] = ()
) -> None:
    """In a callback: show another screen of this page, and say so in the address.

    link: texts by name. Streamlit writes into the address what a drawn control has; what stands
    there for another one is up to us. bare: names that stand in the address without a control.
    """
    for name, text in link.items():
        setting = catalogue[name]
        value = setting.parse(text) if isinstance(text, str) else list(text)
        if not state.is_drawn(name):
            if value == setting.default:
                st.query_params.pop(name, None)
            else:
                st.query_params[name] = text
        if name not in bare:
            state.set_value(setting, value)


def go_to(prediction: Prediction, about: str, said: str | None, **names: str) -> None:
    """In a callback: show a question, with the answer that was given to it. names go to the link
    as they are; an empty one leaves it."""
    for name, value in names.items():
        put_in_link(name, value, "")
    state.question_of(state.PAGE.get(), prediction.answered.name).set(about)
    state.set_value(prediction.guess, said)
    answer = prediction.answer(about, (said,))
    put_in_link(prediction.answered.name, answer or "", "")


def score(rights: Sequence[bool | None]) -> str:
    """The score in words."""
    done = [right for right in rights if right is not None]
    left = len(rights) - len(done)
    rest = f"{len(done)} answered, {left} to go." if left else "All are answered."
    return f"**Score: {sum(done)} of {len(rights)}.** {rest}"


def steps(titles: Sequence[str], at: int, go: Callable[[int], None], heading: str) -> None:
    """Above a question: which one it is, and buttons to the one before and to the next one."""
    with st.container(horizontal=True, vertical_alignment="center", key="quiz steps"):
        st.markdown(heading, width="content")
        st.button("Previous", icon=":material/arrow_back:", disabled=at == 0, on_click=go,
                  args=(at - 1,), key="quiz previous")  # fmt: skip
        st.button("Next", icon=":material/arrow_forward:", disabled=at == len(titles) - 1,
                  on_click=go, args=(at + 1,), key="quiz next")  # fmt: skip


def summary(
    answered: Sequence[Answered], go: Callable[[int], None], again: Callable[[], None]
) -> None:
    """Score, what was missed with a way back for each, what is left; and a new start.

    As long as something is left, what was missed is folded away.
    """
    st.markdown(score([one.right for one in answered]))
    if all(one.right is None for one in answered):
        return
    missed = [(number, one) for number, one in enumerate(answered) if one.right is False]
    left = [(number, one) for number, one in enumerate(answered) if one.right is None]
    if missed and left:
        with st.expander(f"Missed so far: {len(missed)}", key="quiz missed"):
            ways_back(missed)
    elif missed:
        st.markdown("**Missed.** Go back to what shows it:")
        ways_back(missed)
    elif not left:
        st.success("Nothing was missed.")
    with st.container(horizontal=True):
        if left:
            number, _ = left[0]
            st.button(f"To question {number + 1}, not answered yet", on_click=go, args=(number,),
                      key="quiz open")  # fmt: skip
        st.button("Start over", on_click=again, key="quiz again")


def ways_back(missed: Sequence[tuple[int, Answered]]) -> None:
    """A link, or a button, to what shows each of the questions that were missed."""
    for number, one in missed:
        icon = lesson(one.page).icon
        label = f"{number + 1}. {one.title} → {one.words}"
        if one.show:
            st.button(label, icon=icon, on_click=one.show, key=f"missed {number}", type="tertiary")
        else:
            page_link(one.page, label=label, icon=icon, settings=one.settings)
