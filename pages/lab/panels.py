"""The panels of the lab: one row a variant, the error in place of the weights, the state_dict."""

import streamlit as st

from core.attention.outcome import Outcome
from core.charts.heatmap import CELLS_UP_TO, describe_matrix, heatmap
from core.charts.pooling import CELLS, PIXELS
from core.charts.raster_heatmap import picture
from core.lab.reasons import reason, remedies
from core.workers.byte_cache import kept

PICTURE = (
    " With this many tokens the colours of the weights follow the fourth root, so that small ones "
    f"can be told apart. Of more than {CELLS} tokens, neighbours are pointed at as one block. It "
    f"names its value that is largest in size, and the cell that has it. Of more than {PIXELS}, "
    "they are drawn as one too. Open *Zoom into a window* for exact numbers."
)
BADGES = {
    Outcome.WORKS: "green",
    Outcome.DEVICE_ERROR: "red",
    Outcome.SOMETHING_ELSE: "orange",
}


def variant_row(observation, run, other, explain=True):
    """Masked scores | softmax weights | state_dict keys of one variant, side by side.

    other is the VariantRun to compare with, or None: keys that only it has show as missing.
    explain: say why it came out like this, where the verdict has not said so already.
    """
    with st.container(border=True):
        heading(run, reason(run, observation.experiment) if explain else "")
        scores, weights, state = st.columns([1, 1, 0.9], gap="medium")
        with scores:
            scores_panel(observation, run)
        with weights:
            if run.trace.error:
                error_panel(observation, run)
            else:
                stage_heatmap(observation, run, "attn_weights", 0, "Softmax weights", "weights")
        with state:
            state_dict_panel(run, other)


def heading(run, more=""):
    """The variant's class name, what its forward pass did, and more text beneath."""
    icon = ":material/check:" if run.outcome is Outcome.WORKS else ":material/error:"
    badge = f":{BADGES[run.outcome]}-badge[{icon} {run.outcome}]"
    st.markdown(f"## `{run.class_name}` &nbsp; {badge}\n\n{more}", anchors=False)


def scores_panel(observation, run):
    if run.trace.get("attn_scores", 1):
        stage_heatmap(observation, run, "attn_scores", 1, "Masked scores", "scores")
    elif run.trace.get("attn_scores"):
        title = "Scores before the mask"
        stage_heatmap(observation, run, "attn_scores", 0, title, "scores")
    else:
        st.markdown("**Masked scores**")
        st.info("`forward` ended before it computed any scores.")


def stage_heatmap(observation, run, name, change, title, kind):
    stage = run.trace.get(name, change)
    tokens, largest = observation.experiment.tokens, largest_score(observation)
    st.markdown(f"**{title}** on `{stage.device}`")
    st.vega_lite_chart(
        spec=chart(stage.tensor, tokens, kind, largest),
        alt=describe_matrix(stage.tensor, tokens, f"{title} of {run.class_name}"),
    )


@kept(16 * 2**20)
def chart(matrix, tokens, kind, largest):
    """The chart of a Matrix, ready to be sent; kept, since it is asked for on every rerun."""
    if matrix.size > CELLS_UP_TO:
        return picture(matrix, tokens, kind, largest)
    cells = matrix.whole
    return heatmap(cells.values.tolist(), tokens, kind, cells.masked.tolist(), largest)


def error_panel(observation, run):
    """The exception that PyTorch raised, in full, with the line, the devices and the ways out."""
    error = run.trace.error
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


def state_dict_panel(run, other):
    """The keys of state_dict, in PyTorch's order, with those that only the other variant has."""
    rows = {row.name: row for row in run.tensors}
    missing = [key for key in (other.state_dict if other else ()) if key not in run.state_dict]
    lines = ["| key | shape | device |", "|---|---|---|"]
    for key in missing:
        lines.append(f"| `{key}` | :red-badge[:material/close: missing] | |")
    for key in run.state_dict:
        row = rows[key]
        extra = other is not None and key not in other.state_dict
        mark = " :green-badge[:material/add: only here]" if extra else ""
        lines.append(f"| `{key}`{mark} | {row.shape} | `{row.device}` |")
    mask = rows["mask"]
    st.markdown(
        "**state_dict keys**\n\n" + "\n".join(lines) + "\n\n"
        f"`mask` is a **{mask.kind}** on `{mask.device}`."
    )


def largest_score(observation):
    """The largest score in size that a chart shows: one colour scale for all heatmaps."""
    runs = (observation.without_buffers, observation.with_buffer)
    stages = (run.trace.get("attn_scores", 1) or run.trace.get("attn_scores") for run in runs)
    return max((stage.tensor.most for stage in stages if stage), default=0.0) or 1.0


def legend(*runs):
    """How to read the heatmaps, in words, where there are any."""
    shown = list(filter(None, (run.trace.get("attn_scores") for run in runs if run)))
    if not shown:
        return
    many = shown[0].tensor.size > CELLS_UP_TO
    st.caption(
        "Grey cells are masked: −∞ before the softmax, a weight of exactly 0 after it. "
        "Scores run from orange, below zero, to blue, above. Weights run from dark, 0, to bright, "
        "1. Point at a row with the mouse to see the same query in every heatmap." + PICTURE * many
    )
