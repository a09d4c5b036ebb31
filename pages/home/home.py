"""The home page: the first question, what a buffer is, and the map of the course."""

import streamlit as st

from core.charts.devices_and_bytes import describe_where, where_tensors_are
from core.course.start import BROUGHT, START, WORKS, start_verdict
from core.course.takeaway import start_takeaway
from core.glossary.words import GLOSSARY
from core.lab.experiment import Experiment, Observation
from core.lab.reasons import reason
from core.lab.settings import HOME
from core.lab.view import ViewRequest, view_cached
from core.lessons import LESSONS
from pages.components import course, frame, prediction, state
from pages.components.takeaway import show_takeaway
from pages.components.variant import heading
from pages.components.widgets import in_link, widget

PAGE = "dashboard.py"
QUESTION = (
    'Both modules and their input are on the CPU, and both work. Now `model.to("sim")` moves '
    "each module to another device, the input goes there too, and each runs again."
)


@frame.page(PAGE, START)
def home() -> None:
    minutes = sum(one.minutes for one in LESSONS if one.kind == "lesson")
    st.markdown(
        "Two modules of causal attention, which differ in one line: how they hold their mask. "
        f"That line is what this course is about. It takes about {minutes} minutes in all, and "
        "each lesson stands for itself."
    )
    moved = ask_and_move()
    observation = view_cached(ViewRequest(Experiment(device="sim" if moved else "cpu")))
    if moved and state.value_of(WORKS.guess):
        prediction.show(start_verdict(prediction.guess_of(WORKS), observation))
    picture(observation, moved)
    if moved:
        what_a_buffer_is()
        show_takeaway(start_takeaway(observation))
    st.header("The course", anchor=False)
    if course.course_map(frame.link_back, brought()):
        st.query_params.pop(BROUGHT.name, None)
        st.rerun()
    about()
    with st.expander("The words of this course"):
        st.markdown("\n".join(f"- **{word}**: {text}" for word, text in GLOSSARY.items()))


def ask_and_move() -> bool:
    """Ask, or draw the switch; whether both modules were moved.

    A link that says itself whether they were moved is not asked; a reader who came here by an
    answer may move them back and forth.
    """
    name = HOME["moved"].name
    answered = WORKS.answered.name in st.query_params
    explicit = name in st.query_params or state.is_drawn(name)
    ask = bool(in_link(START["predict"])) and (answered or not explicit)
    if not prediction.gate(WORKS, QUESTION, "", ask):
        return False
    return bool(widget(HOME["moved"]))


def picture(observation: Observation, moved: bool) -> None:
    """Where the tensors of both modules are, and what the forward pass did."""
    for column, buffer in zip(st.columns(2, gap="large"), (False, True), strict=True):
        run = observation.variant(buffer)
        with column.container(border=True):
            heading(run.class_name, run.outcome)
            mask = next(row for row in run.tensors if row.name == "mask")
            st.markdown(f"The mask is a **{mask.kind}**.")
            st.altair_chart(
                where_tensors_are(run.tensors, ["cpu", "sim:0"]), alt=describe_where(run.tensors)
            )
            if moved:
                st.markdown(reason(run, observation.experiment))
    done = "moved and run" if moved else "and run on the CPU, where they were made"
    st.caption(
        f"This picture was observed just now: both modules were built, {done}. `sim` is a "
        "simulated accelerator with a memory of its own, so this works on a machine without a GPU. "
        'With one, write `model.to("cuda")`.'
    )


def what_a_buffer_is() -> None:
    """The rule, once the guess was made."""
    st.markdown(
        "A **buffer** is a tensor that belongs to a module without being a weight, such as the "
        "mask of causal attention. Register it, and it goes where the module goes: to another "
        "device; into another floating dtype, if it is floating point; and into the saved "
        "`state_dict`, if it is persistent. Keep it as a **plain attribute**, and it stays behind. "
        "PyTorch says nothing until an operation that checks devices meets tensors from two."
    )


def brought() -> tuple[str, ...]:
    """The answered questions that the link brings from elsewhere."""
    answers, _ = BROUGHT.parse_all(st.query_params.get_all(BROUGHT.name))
    return answers


def about() -> None:
    """For whom, what one should know, and where the modules come from."""
    st.header("Before you begin", anchor=False)
    st.markdown(
        "**For whom**: whoever writes or reads PyTorch modules and has met `register_buffer`.\n\n"
        "**What you should know**: Python classes, what a tensor is, and that an `nn.Module` has a "
        "`forward`. What attention computes is shown as it runs. No GPU is needed.\n\n"
        "**Where it comes from**: both classes follow the notebook *Understanding PyTorch "
        "Buffers*, bonus material of chapter 3 of Sebastian Raschka's book *Build a Large Language "
        "Model (From Scratch)*, Manning 2024. You can take the course without it.\n\n"
        "**Versions**: `nn.Buffer` exists since PyTorch 2.5; with an older one, use "
        "`register_buffer`."
    )
