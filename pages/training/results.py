"""What a training run showed: loss, leak, drift and gradients, masks at any step, and more."""

from collections.abc import Mapping, Sequence
from math import isfinite

import streamlit as st
import torch

from core.charts.heatmap import describe_heatmap, heatmap
from core.charts.markdown_table import markdown_table
from core.settings.setting import SettingError
from core.training import charts as draw
from core.training.modules import BUFFER, MODULES, NORM, PARAMETER, PLAIN, UNDECAYED
from core.training.reasons import (
    cheating,
    decay_reason,
    largest_leak,
    number,
    start_of_the_leak,
)
from core.training.run import ModuleRun, TrainingRun
from core.training.settings import TRAINING
from core.training.summary import summary
from core.training.take_home import training_script
from pages.components import state
from pages.components.chart import chart
from pages.components.code import take_home
from pages.components.frame import remember_link
from pages.components.widgets import put_in_link, sections
from pages.training.controls import say_gaps

THREE = (PLAIN, BUFFER, PARAMETER)


def in_short(run: TrainingRun) -> None:
    """How each module ended, in a table, and what its numbers are."""
    st.markdown(f"**In short**, after {run.training.steps} steps")
    st.markdown(summary(run))
    st.caption(
        "The loss is the mean squared error: lower is closer to the next token's embedding. A "
        "distance is the norm of a tensor's difference from its start: the root of the sum of its "
        f"squares. *none: {NORM}* is no attention: a BatchNorm and a linear layer. It is here for "
        "its `running_mean`. It has no attention weights, so its loss says nothing about a mask."
    )


def results(run: TrainingRun) -> None:
    """Loss, attention on later tokens, distances and gradients over the steps, and masks."""
    st.markdown(
        "**What to look at.** The first two charts show what the way to hold the mask does. The "
        "others show the same run tensor by tensor, for a closer look."
    )
    left, right = st.columns(2, gap="large")
    with left:
        st.header("The loss", anchor=False)
        series = {name: module.losses for name, module in run.modules.items()}
        chart(draw.losses(series), "Loss", draw.describe_series(series, "Loss"))
        say_gaps(series)
        same = run.modules[PLAIN].losses == run.modules[BUFFER].losses
        st.markdown(
            f"{cheating(run)} Plain attribute and buffer have "
            f"{'the same losses, bit for bit' if same else 'different losses'}."
        )
    with right:
        st.header("Attention on later tokens", anchor=False)
        series = {name: m.leaks for name, m in run.modules.items() if m.leaks}
        title = "Attention on later tokens"
        chart(draw.leaks(run), title, draw.describe_series(series, title))
        say_gaps(series)
        largest = "; ".join(f"{name} {largest_leak(run.modules[name])}" for name in THREE)
        st.markdown(
            "How much of a query's attention goes to tokens that come later, as a mean over all "
            f"queries. The largest single weight on a later token, over all steps: {largest}. "
            f"{start_of_the_leak(run)}"
        )
    st.header("The distance of each tensor from its start", anchor=False)
    charts_of_tensors(run, "drifts", "Distance from the start")
    st.caption(
        "The scale is logarithmic, but linear near 0. A tensor that never moved is on the line "
        "of 0." + draw.thinned(run.training.steps)
    )
    st.header("The gradient of each tensor", anchor=False)
    charts_of_tensors(run, "gradients", "Norm of the gradient")
    st.caption(
        "The norm of a gradient is the root of the sum of its squares: the larger, the more the "
        "loss depends on the tensor."
    )
    st.header("Mask and attention weights at any step", anchor=False)
    at_step(run)


def charts_of_tensors(run: TrainingRun, what: draw.What, title: str) -> None:
    """A chart a module; one for plain attribute and buffer, where both have the same numbers."""
    one = same_numbers(*(getattr(run.modules[name], what) for name in (PLAIN, BUFFER)))
    names = THREE[1:] if one else THREE
    charts = draw.per_tensor(run, names, what)
    for column, name, drawing in zip(st.columns(len(names)), names, charts, strict=True):
        with column:
            too = "; a plain attribute has the same numbers" if one and name == BUFFER else ""
            st.markdown(f"**{MODULES[name]}**{too}")
            series = getattr(run.modules[name], what)
            titled = f"{title}, {name}"
            chart(drawing, titled, draw.describe_series(series, titled))
            say_gaps(series)


def same_numbers(*series: Mapping[str, Sequence[float | None]]) -> bool:
    """Whether series by tensor have the same numbers, bit for bit; nan is nan."""
    first, second = (repr({name: list(values) for name, values in one.items()}) for one in series)
    return first == second


@st.fragment
def at_step(run: TrainingRun) -> None:
    """The masks and the attention weights of two modules after as many steps as a slider says.

    A fragment: the slider draws this again, and not the page. The step asked for stays in the link,
    also where this run has fewer: it counts again in a run with more.
    """
    steps = run.training.steps
    asked = int(st.query_params.get("at", steps))  # the default is the last step of any run
    shown = min(asked, steps)
    step = st.slider(TRAINING["at"].label, 0, steps, shown, key=f"at, of {steps}")
    if step != shown:  # the slider was moved
        asked = step
        put_in_link("at", str(step), str(steps))
    if asked > steps:
        error = SettingError("at", asked, f"a step of this run, 0 to {steps}")
        st.warning(f"{error} `{steps}` is used instead, until a run has as many steps.")
    remember_link(str(state.PAGE.get()))
    tokens = run.training.tokens
    for module in (run.modules[BUFFER], run.modules[PARAMETER]):
        st.markdown(f"**{MODULES[module.name]}**")
        mask, weights = (t[step].tolist() for t in observed(module))
        for column, (values, kind, title) in zip(
            st.columns(2, gap="large"),
            ((mask, "scores", "Mask"), (weights, "weights", "Attention weights")),
            strict=True,
        ):
            with column:
                st.markdown(f"{title} after {step} steps")
                hidden = [
                    [not isfinite(v) or (kind == "weights" and v == 0 and j > i)
                     for j, v in enumerate(row)]
                    for i, row in enumerate(values)
                ]  # fmt: skip
                words = f"{title} of {module.class_name} after {step} steps"
                end = largest(module) if kind == "scores" else None
                drawing = heatmap(values, tokens, kind, hidden, end)
                shows = in_words(values, tokens, words, hidden)
                chart(drawing, f"{title} of {module.class_name}", shows)
    st.caption(
        "In the buffer's mask, 1 means that the score becomes −∞. The mask parameter is added to "
        "the scores. A grey cell is −∞, `nan`, or a weight of exactly 0 above the diagonal. Of a "
        "longer text, the first window of tokens is shown."
    )


def observed(module: ModuleRun) -> tuple[torch.Tensor, torch.Tensor]:
    """The masks and the attention weights of a module that has a mask, (steps + 1, T, T) each."""
    assert module.masks is not None and module.attn_weights is not None, module.name
    return module.masks, module.attn_weights


def largest(module: ModuleRun) -> float:
    """The largest number of a mask at any step, in size: one colour scale for all steps."""
    return max(abs(v) for v in [1.0, *observed(module)[0].flatten().tolist()] if isfinite(v))


def in_words(
    values: list[list[float]], tokens: Sequence[str], title: str, hidden: list[list[bool]]
) -> str:
    if any(isfinite(v) for row in values for v in row):
        return describe_heatmap(values, tokens, title, hidden)
    return f"{title}: no finite number is left."


def decay(run: TrainingRun) -> None:
    """The mask parameter with weight decay, and its twin without."""
    series = {name: run.modules[name].above for name in (PARAMETER, UNDECAYED)}
    if isfinite(series[PARAMETER][0]):
        title = "Mean above the diagonal"
        chart(draw.above_the_diagonal(run), title, draw.describe_series(series, title))
    st.markdown(decay_reason(run))


def norm(run: TrainingRun) -> None:
    """The running statistics of BatchNorm: in training, in eval(), and in train() again."""
    left, right = st.columns(2, gap="large")
    name = "norm.running_mean"
    with left:
        st.markdown("**While the module was trained**")
        values = run.statistics[name]
        series = {f"number {i + 1}": values[:, i].tolist() for i in range(values.shape[1])}
        title = "running_mean"
        chart(draw.statistic(values, title), title, draw.describe_series(series, title))
    with right:
        st.markdown("**Afterwards, with 1 added to every input**")
        series = {
            f"number {i + 1}": [tensors[name][i].item() for _, tensors in run.after]
            for i in range(values.shape[1])
        }
        title = "running_mean in eval(), then in train()"
        chart(
            draw.statistic_afterwards(run.after, name), title, draw.describe_series(series, title)
        )
    st.markdown(
        "No optimizer holds `running_mean` and `running_var`; they change because `forward` "
        "writes them. After training, the module ran under `torch.no_grad()`, with no optimizer at "
        "all: first in `eval()`, then in `train()`."
    )
    rows = []
    phases = {
        mode: [tensors for m, tensors in run.after if m == mode] for mode in ("eval", "train")
    }
    before = run.after[0][1]
    for tensor, kind in run.modules[NORM].kinds.items():
        cells = []
        for mode in ("eval", "train"):
            after = phases[mode][-1]
            same = (after[tensor] == before[tensor]).all().item()
            cells.append(":gray-badge[stays]" if same else ":orange-badge[→ changes]")
            before = after
        before = run.after[0][1]
        rows.append((f"`{tensor}`", kind, *cells))
    st.markdown(markdown_table(("tensor", "held as", "in eval() it", "in train() it"), rows))


def tensors(run: TrainingRun) -> None:
    """Every tensor of every module: how it is held, and what training did with it."""
    rows = []
    for module in run.modules.values():
        for tensor, kind in module.kinds.items():
            gradient = module.gradients[tensor][0]
            rows.append(
                (
                    f"none: {module.name}" if module.name == NORM else module.name,
                    f"`{tensor}`",
                    kind,
                    "yes" if module.optimized[tensor] else "no",
                    "no gradient" if gradient is None else number(gradient),
                    number(module.drifts[tensor][-1]),
                    ":orange-badge[→ changed]" if module.changed[tensor] else "identical",
                )
            )
    heads = ("the mask", "tensor", "held as", "in the optimizer", "gradient at the start")
    ends = ("distance from its start", "bits")
    st.markdown(markdown_table((*heads, *ends), rows, "llllrrl"))


def code(run: TrainingRun) -> None:
    """The training that ran, its loop, and files to take home."""
    take_home(training_script(run.training), "training")


@st.fragment
def closer(run: TrainingRun) -> None:
    """The sections. A fragment: to open one draws these again, and not the page."""
    sections(TRAINING, {"decay": decay, "norm": norm, "tensors": tensors, "code": code}, run)
    remember_link(str(state.PAGE.get()))
