"""The home page: what a buffer is, in one live picture, and the way to the lessons."""

import streamlit as st

from core.charts.devices_and_bytes import describe_where, where_tensors_are
from core.lab.experiment import Experiment
from core.lab.reasons import reason
from core.lab.settings import HOME
from core.lab.view import ViewRequest, view_cached
from core.lessons import LESSONS
from pages.components import frame
from pages.components.variant import heading

PAGE = "dashboard.py"


@frame.page(PAGE, HOME)
def home() -> None:
    st.markdown(
        "A **buffer** is a tensor that belongs to a module without being a weight, such as the "
        "mask of causal attention. Register it, and it goes where the module goes: to another "
        "device; into another floating dtype, if it is floating point; and into the saved "
        "`state_dict`, if it is persistent. Keep it as a **plain attribute**, and it stays behind. "
        "PyTorch says nothing until an operation that checks devices meets tensors from two."
    )
    moved = st.toggle(HOME["moved"].label, HOME["moved"].default, key="moved", bind="query-params")
    observation = view_cached(ViewRequest(Experiment(device="sim" if moved else "cpu")))
    for column, buffer in zip(st.columns(2, gap="large"), (False, True), strict=True):
        run = observation.variant(buffer)
        with column.container(border=True):
            heading(run.class_name, run.outcome)
            mask = next(row for row in run.tensors if row.name == "mask")
            st.markdown(f"The mask is a **{mask.kind}**.")
            st.altair_chart(
                where_tensors_are(run.tensors, ["cpu", "sim:0"]), alt=describe_where(run.tensors)
            )
            st.markdown(reason(run, observation.experiment))
    done = "moved and run" if moved else "and run on the CPU, where they were made"
    st.caption(
        f"This picture was observed just now: both modules were built, {done}. `sim` is a "
        "simulated accelerator with a memory of its own, so this works on a machine without a GPU."
    )
    st.header("Where to go from here", anchor=False)
    for lesson in LESSONS[1:]:
        st.page_link(lesson.page, label=f"**{lesson.title}**: {lesson.question}", icon=lesson.icon)
