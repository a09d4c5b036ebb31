"""What does the mask cost? Four ways to the same forward pass, measured by a worker process."""

import pandas as pd
import streamlit as st

from core.device.available import SIMULATED, available_devices
from core.mask_cost import charts as cost_charts
from core.mask_cost import findings as costing
from core.mask_cost.measure import D_HEAD, MAX_SECONDS
from core.mask_cost.results import Report
from core.mask_cost.settings import CROSSES, FASTEST, MASK_COST
from core.mask_cost.take_home import cost_script, measure_cost
from core.mask_cost.takeaway import takeaway
from pages.components import prediction, progress, state
from pages.components.chart import chart
from pages.components.code import take_home
from pages.components.takeaway import show_takeaway
from pages.components.widgets import section, widget


def show_mask_cost(ask: bool) -> None:
    """Controls, guess if ask, the measuring with its progress, and what came of it."""
    four = (
        "Four modules compute the same causal attention. They differ in where the mask comes from:"
        "\n\n- **stored buffer**: the module holds it as a buffer\n"
        "- **rebuilt each time**: `forward` builds it on the device, with `causal_mask`\n"
        "- **copied each time**: `forward` builds it on the CPU and copies it to the device\n"
        "- **SDPA**: there is none; PyTorch's `scaled_dot_product_attention(is_causal=True)` does "
        "it all\n\n"
        f"Each has one attention head, as large as one of GPT-2: a query, a key and a value are "
        f"{D_HEAD} numbers each. Its input is one sequence of tokens, as long as its context."
    )
    st.markdown(four)
    where, how_long = st.columns(2, gap="medium")
    with where:
        captions = [device.description for device in available_devices()]
        device = widget(MASK_COST["cost_device"], captions)
    with how_long:
        longest = int(widget(MASK_COST["cost_longest"]))
    question = f"Which is the fastest at {longest:,} tokens on `{device}`, on this machine?"
    asked = CROSSES if device == SIMULATED else FASTEST
    if asked is CROSSES:
        question = f"Which copies most bytes to `{device}` in **each** forward pass?"
    name = f"{device}-{longest}"
    if not prediction.gate(asked, question, name, ask, context=four):
        return
    attempt = state.COST_ATTEMPT.get()
    report = progress.work("cost", measure_cost, device, longest, attempt, live=st.caption)
    if report is None:
        return
    if not report.rows:
        st.warning(
            f"No length was measured within {MAX_SECONDS:.0f} seconds: the machine is busy. "
            "Measure again, or choose a shorter input."
        )
    else:
        findings(report, prediction.guess_of(asked) if ask else None)
    st.button("Measure again", key="cost anew", icon=":material/refresh:", on_click=once_more)
    take_home(cost_script(device, longest), "mask_cost")


def once_more() -> None:
    state.COST_ATTEMPT.set(state.COST_ATTEMPT.get() + 1)


def findings(report: Report, guess: str | None) -> None:
    """What is missing, the verdict, the reasons, both charts, and all figures, folded."""
    if report.missing:
        st.warning(costing.too_few(report))
    if guess and report.device == SIMULATED:
        prediction.show(costing.crossing_verdict(guess, report))
    elif guess:
        prediction.show(costing.fastest_verdict(guess, report))
    else:
        st.markdown(costing.ranking(report))
    if not report.same:
        st.error(costing.sameness(report))
    st.markdown("\n".join(f"- {sentence}" for sentence in costing.reasons(report)))
    show_takeaway(takeaway(report))
    times, memory = st.columns(2, gap="medium")
    with times:
        st.markdown("**Time of a forward pass**")
        shows = cost_charts.describe_times(report)
        chart(cost_charts.time_chart(report), "Time of a forward pass", shows)
    with memory:
        st.markdown("**Memory at the peak of a forward pass**")
        shows = cost_charts.describe_memory(report)
        chart(cost_charts.memory_chart(report), "Memory of a forward pass", shows)
    st.caption(costing.reading(report))
    if report.same:
        st.caption(costing.sameness(report))
    st.markdown(costing.measured(report))
    with section(MASK_COST["cost_figures"]) as opened:
        if opened.open:
            figures(report)


def figures(report: Report) -> None:
    """All figures, how they were measured, and what it costs to watch a forward pass."""
    rows = pd.DataFrame(costing.figures(report)).set_index("tokens, the mask")
    st.table(rows, height=420, alt="All figures, a row for each length and way")
    st.markdown("**How they were measured.** " + costing.limits(report))
    st.markdown("**What watching costs.** " + costing.tracing(report))
    st.markdown(costing.traced_table(report))
