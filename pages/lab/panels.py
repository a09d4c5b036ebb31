"""The panels of the lab: one row a variant, the error in place of the weights, the state_dict."""

from typing import Any

import streamlit as st

from core.attention.trace import ForwardError
from core.charts.heatmap import MAX_CELL_TOKENS, Kind, describe_matrix, heatmap
from core.charts.markdown_table import markdown_table
from core.charts.pooling import CELL_BLOCKS, PIXEL_BLOCKS, Matrix
from core.charts.raster_heatmap import picture
from core.lab.experiment import Observation, VariantRun
from core.lab.reasons import reason, remedies
from core.workers.byte_cache import kept
from pages.components.variant import heading

PICTURE = (
    " With this many tokens the colours of the weights follow the fourth root, so that small ones "
    f"can be told apart. Of more than {CELL_BLOCKS} tokens, neighbours are pointed at as one "
    "block. It names its value that is largest in size, and the cell that has it. Of more than "
    f"{PIXEL_BLOCKS}, they are drawn as one too. Open *Zoom into a window* for exact numbers."
)


def variant_row(
    observation: Observation, run: VariantRun, other: VariantRun | None, explain: bool = True
) -> None:
    """Masked scores | softmax weights | state_dict keys of one variant, side by side.

    other is the VariantRun to compare with, or None: keys that only it has show as missing.
    explain: say why it came out like this, where the verdict has not said so already.
    """
    with st.container(border=True):
        why = reason(run, observation.experiment) if explain else ""
        heading(run.class_name, run.outcome, why)
        scores, weights, state = st.columns([1, 1, 0.9], gap="medium")
        with scores:
            scores_panel(observation, run)
        with weights:
            if run.trace.error:
                error_panel(observation, run, run.trace.error)
            else:
                stage_heatmap(observation, run, "attn_weights", 0, "Softmax weights", "weights")
        with state:
            state_dict_panel(run, other)


def scores_panel(observation: Observation, run: VariantRun) -> None:
    if run.trace.get("attn_scores", 1):
        stage_heatmap(observation, run, "attn_scores", 1, "Masked scores", "scores")
    elif run.trace.get("attn_scores"):
        title = "Scores before the mask"
        stage_heatmap(observation, run, "attn_scores", 0, title, "scores")
    else:
        st.markdown("**Masked scores**")
        st.info("`forward` ended before it computed any scores.")


def stage_heatmap(
    observation: Observation, run: VariantRun, name: str, change: int, title: str, kind: Kind
) -> None:
    stage = run.trace.get(name, change)
    tokens, largest = observation.experiment.tokens, largest_score(observation)
    st.markdown(f"**{title}** on `{stage.device}`")
    st.vega_lite_chart(
        spec=chart(stage.tensor, tokens, kind, largest),
        alt=describe_matrix(stage.tensor, tokens, f"{title} of {run.class_name}"),
    )


@kept(16 * 2**20)
def chart(matrix: Matrix, tokens: tuple[str, ...], kind: Kind, largest: float) -> dict[str, Any]:
    """The chart of a Matrix, ready to be sent; kept, since it is asked for on every rerun."""
    if matrix.size > MAX_CELL_TOKENS:
        return picture(matrix, tokens, kind, largest)
    cells = matrix.window_or_all()
    return heatmap(cells.values.tolist(), tokens, kind, cells.masked.tolist(), largest)


def error_panel(observation: Observation, run: VariantRun, error: ForwardError) -> None:
    """The exception that PyTorch raised, in full, with the line, the devices and the ways out."""
    st.markdown("**Softmax weights**: never computed")
    st.code(f"{error.type}: {error.message}", language=None, wrap_lines=True)
    st.markdown(f"Raised by line {error.line} of the module's file, in `forward`:")
    st.code(error.source, wrap_lines=True)
    places = {}
    for name, device in error.devices:
        places.setdefault(device, []).append(f"`{name}`")
    st.markdown("\n".join(f"- on `{device}`: {', '.join(n)}" for device, n in places.items()))
    st.markdown(
        "**What to do**\n" + "\n".join(f"- {r}" for r in remedies(run, observation.experiment))
    )


def state_dict_panel(run: VariantRun, other: VariantRun | None) -> None:
    """The keys of state_dict, in PyTorch's order, with those that only the other variant has."""
    rows = {row.name: row for row in run.tensors}
    missing = [key for key in (other.state_dict if other else ()) if key not in run.state_dict]
    lines = [(f"`{key}`", ":red-badge[:material/close: missing]", "") for key in missing]
    for key in run.state_dict:
        row = rows[key]
        extra = other is not None and key not in other.state_dict
        mark = " :green-badge[:material/add: only here]" if extra else ""
        lines.append((f"`{key}`{mark}", str(row.shape), f"`{row.device}`"))
    mask = rows["mask"]
    st.markdown(
        f"**state_dict keys**\n\n{markdown_table(('key', 'shape', 'device'), lines)}\n\n"
        f"`mask` is a **{mask.kind}** on `{mask.device}`."
    )


def largest_score(observation: Observation) -> float:
    """The largest score in size that a chart shows: one colour scale for all heatmaps."""
    runs = (observation.without_buffers, observation.with_buffer)
    stages = (run.trace.get("attn_scores", 1) or run.trace.get("attn_scores") for run in runs)
    return max((stage.tensor.most for stage in stages if stage), default=0.0) or 1.0


def legend(*runs: VariantRun | None) -> None:
    """How to read the heatmaps, in words, where there are any."""
    shown = list(filter(None, (run.trace.get("attn_scores") for run in runs if run)))
    if not shown:
        return
    many = shown[0].tensor.size > MAX_CELL_TOKENS
    st.caption(
        "Grey cells are masked: −∞ before the softmax, a weight of exactly 0 after it. "
        "Scores run from orange, below zero, to blue, above. Weights run from dark, 0, to bright, "
        "1. Point at a row with the mouse to see the same query in every heatmap." + PICTURE * many
    )
