"""The home page: the first question, what a buffer is, and the map of the course."""

import html

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.charts.devices_and_bytes import describe_where, where_tensors_are
from core.course.end import CAN, NEXT, TITLE
from core.course.start import BROUGHT, START, WORKS, start_verdict
from core.course.takeaway import start_takeaway
from core.glossary.words import GLOSSARY, meaning
from core.lab.experiment import Experiment
from core.lab.reasons import names_in_message, reason
from core.lab.run import Observation
from core.lab.settings import HOME
from core.lab.take_home import held_by
from core.lab.view import ViewRequest, view_cached
from core.lessons import LESSONS
from pages.components import course, frame, prediction, state
from pages.components.chart import chart
from pages.components.takeaway import show_takeaway
from pages.components.variant import heading
from pages.components.widgets import in_link, widget

PAGE = "dashboard.py"
INTRODUCTION = (
    "Two modules compute the same causal attention: each token, such as a word of a sentence, "
    "attends to itself and to earlier ones. They differ in one line: how they hold their **mask**, "
    "the tensor that hides later tokens."
)
PREREQUISITES = (
    " You should know Python classes and tensors. *Words*, above, explains the other terms."
)
QUESTION = (
    'Both work on the CPU. Now `model.to("sim")` moves each of them to `sim`, a simulated GPU; the '
    "input goes there too, and each runs again."
)
SHAPES = {"plain attribute": "▲", "buffer": "■", "parameter": "●"}
STYLE = """<style>
.st-key-both [data-testid=stVerticalBlock] { gap: 0.4rem; }
.st-key-both [data-testid=stMarkdownContainer] { margin: 0; }
.st-key-both .stMarkdown :is(h2, p) { padding: 0; margin: 0; }
.st-key-both { padding-bottom: 0.75rem; }
.st-key-both pre.marked { font-size: 0.72rem; padding: 0.3rem 0.5rem; margin: 0;
  min-height: 3.1rem; }
</style>"""


@frame.page(PAGE, START)
def home() -> None:
    st.markdown(INTRODUCTION + PREREQUISITES)
    question, verdict, pictures, below = (st.container() for _ in range(4))
    with question:
        moved = ask_and_move(below)
    observation = view_cached(ViewRequest(Experiment(device="sim" if moved else "cpu")))
    answered = moved and bool(state.value_of(WORKS.guess))
    with verdict:
        if answered:
            prediction.show(start_verdict(prediction.guess_of(WORKS), observation))
    with pictures:
        both(observation, moved, answered)
    if moved:
        what_a_buffer_is()
        show_takeaway(start_takeaway(observation))
    st.header("The course", anchor=False)
    minutes = sum(one.minutes for one in LESSONS if one.kind == "lesson")
    st.markdown(
        f"It takes about {minutes} minutes in all. You can also take any lesson on its own."
    )
    end = {"title": TITLE, "can": CAN, "next": [(one.page, one.words) for one in NEXT]}
    if course.course_map(frame.link_back, brought(), end):
        st.query_params.pop(BROUGHT.name, None)
        st.rerun()
    about()
    with st.expander("The words of this course"):
        words = sorted(GLOSSARY, key=lambda word: word.strip("`_").lower())
        st.markdown("\n".join(f"- **{word}**: {meaning(word, moved)}" for word in words))


def ask_and_move(place: DeltaGenerator) -> bool:
    """Ask, or draw the switch in its place; whether both modules were moved.

    A link that says itself whether they were moved is not asked; a reader who came here by an
    answer may move them back and forth.
    """
    name = HOME["moved"].name
    answered = WORKS.answered.name in st.query_params
    explicit = name in st.query_params or state.is_drawn(name)
    ask = bool(in_link(START["predict"])) and (answered or not explicit)
    code = "\n".join(held_by())
    if not prediction.gate(WORKS, QUESTION, "", ask, context=INTRODUCTION, code=code):
        return False
    with place:
        return bool(widget(HOME["moved"]))


def both(observation: Observation, moved: bool, told: bool) -> None:
    """The line that holds the mask, where all tensors are, and what the forward pass did.

    told: why the one without buffers fails has been said.
    """
    with st.container(key="both"):
        for column, buffer in zip(st.columns(2, gap="small"), (False, True), strict=True):
            with column.container(border=True):
                module(observation, buffer, moved, told)
        legend = ", ".join(f"{shape} {kind}" for kind, shape in SHAPES.items())
        built = "built, moved and run" if moved else "built and run"
        st.caption(
            f"{legend}. Each stands in the column of its device. Both modules were {built} just "
            "now. `sim` has a memory of its own, so no GPU is needed; with one, write "
            '`model.to("cuda")`. PyTorch numbers the devices of a kind: `sim:0` is the first.'
        )
    st.html(STYLE)


def module(observation: Observation, buffer: bool, moved: bool, told: bool) -> None:
    """One of the two modules."""
    run = observation.variant(buffer)
    heading(run.class_name, run.outcome)
    mask = next(row for row in run.tensors if row.name == "mask")
    st.html(f'<pre class="marked short" tabindex="0">{html.escape(held_by()[buffer])}</pre>')
    drawing = where_tensors_are(run.tensors, ["cpu", "sim:0"], height=150)
    chart(drawing, f"The tensors of {run.class_name}", describe_where(run.tensors))
    st.markdown(f"The mask is a **{mask.kind}**.")
    if run.trace.error:
        error = run.trace.error
        st.code(f"{error.type}: {error.message}", language=None, wrap_lines=True)
        st.markdown(names_in_message(error.message))
    if moved and (buffer or not told):
        st.markdown(reason(run, observation.experiment))


def what_a_buffer_is() -> None:
    """The rule, once the guess was made."""
    st.markdown(
        "A **buffer** is a tensor that belongs to a module and is not trained, such as the mask of "
        "causal attention. Register it, and it goes where the module goes. Keep it as a **plain "
        "attribute**, and it stays behind: the move itself raises no error, and the first "
        "operation that needs all its tensors on one device does."
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
