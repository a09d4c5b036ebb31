"""The panels of the lab: one row a variant, the error in place of the weights, the state_dict."""

from typing import Any

import streamlit as st

from core.attention.tensor_table import TensorKind
from core.attention.trace import ForwardError
from core.charts.heatmap import (
    MAX_CELL_TOKENS,
    Kind,
    describe_matrix,
    heatmap,
    prints_numbers,
)
from core.charts.markdown_table import markdown_table
from core.charts.pooling import CELL_BLOCKS, PIXEL_BLOCKS, Matrix
from core.charts.raster_heatmap import picture
from core.lab.reasons import names_in_message, reason, remedies
from core.lab.run import Observation, VariantRun
from core.rooms.settings import PRESENT
from core.workers.byte_cache import kept
from pages.components.chart import chart as draw
from pages.components.chart import read_out
from pages.components.variant import heading
from pages.components.widgets import in_link

PICTURE = (
    " With this many tokens the colours of the weights follow the fourth root, so that small ones "
    f"can be told apart. Of more than {CELL_BLOCKS} tokens, neighbours are pointed at as one "
    "block. It names its value that is largest in size, and the cell that has it. Of more than "
    f"{PIXEL_BLOCKS}, they are drawn as one too. Open *Zoom into a window* for exact numbers."
)
BESIDE_HEIGHT = 158  # pixels of a heatmap where both variants share a screen
PROJECTED_HEIGHT = 240  # the same on a projector, for the last row
SCALE_HEIGHT = 75  # pixels more where a scale stands below the cells


def variants(observation: Observation, buffer: bool, compare: bool, explained: bool | None) -> None:
    """The chosen variant, and with compare both, side by side where the screen is wide.

    The plain attribute is on the left, whichever is chosen: what did not change stays as it is.
    explained: of which one (with a buffer or not) the verdict has said why it came out like this.
    """
    with st.container(key="variants"):
        if not compare:
            one_variant(observation, buffer, None, buffer != explained)
            return
        for column, held in zip(st.columns(2, gap="small"), (False, True), strict=True):
            with column:
                other = observation.variant(not held)
                one_variant(observation, held, other, held != explained)


def one_variant(
    observation: Observation, buffer: bool, other: VariantRun | None, explain: bool
) -> None:
    """Masked scores | softmax weights and the state_dict keys of one variant.

    other is the VariantRun beside it, or None.
    """
    run = observation.variant(buffer)
    with st.container(border=True, gap="small"):
        heading(run.class_name, run.outcome)
        widths = (1, 1) if other else (1, 1, 0.9)
        small = PROJECTED_HEIGHT if in_link(PRESENT) else BESIDE_HEIGHT
        height = small if other else None
        scores, weights, *beside = st.columns(widths, gap="small")
        with scores:
            words = scores_panel(observation, run, height)
        with weights:
            if run.trace.error:
                error_panel(run.trace.error)
            else:
                name, title = "attn_weights", "Softmax weights"
                if observation.experiment.dropout:
                    name, title = "dropped_weights", "Weights after dropout"
                words += stage_heatmap(observation, run, name, 0, title, "weights", height)
        with beside[0] if beside else st.container(gap="small"):
            state_dict_panel(run, other, words)
            why = [reason(run, observation.experiment)] if explain else []
            if run.trace.error:
                why.append(after_error(observation, run, run.trace.error))
            if why:
                st.markdown("\n\n".join(why))


def scores_panel(observation: Observation, run: VariantRun, height: int | None) -> list[str]:
    """Draw the scores as far as they were computed; what they show, in words."""
    if run.trace.get("attn_scores", 1):
        return stage_heatmap(observation, run, "attn_scores", 1, "Masked scores", "scores", height)
    if run.trace.get("attn_scores"):
        title = "Scores before the mask"
        return stage_heatmap(observation, run, "attn_scores", 0, title, "scores", height)
    st.markdown("**Masked scores**")
    st.info("`forward` ended before it computed any scores.")
    return []


def stage_heatmap(
    observation: Observation,
    run: VariantRun,
    name: str,
    change: int,
    title: str,
    kind: Kind,
    height: int | None,
) -> list[str]:
    """Draw a stage; what it shows, in words."""
    stage = run.trace.get(name, change)
    tokens, largest = observation.experiment.tokens, largest_score(observation)
    st.markdown(f"**{title}** on `{stage.device}`")
    draw(chart(stage.tensor, tokens, kind, largest, height), f"{kind} of {run.class_name}")
    return [describe_matrix(stage.tensor, tokens, f"{title} of {run.class_name}")]


@kept(16 * 2**20)
def chart(
    matrix: Matrix, tokens: tuple[str, ...], kind: Kind, largest: float, height: int | None
) -> dict[str, Any]:
    """The chart of a Matrix, ready to be sent; kept, since it is asked for on every rerun."""
    if height and not prints_numbers(matrix.size, small=True):
        height += SCALE_HEIGHT
    if matrix.size > MAX_CELL_TOKENS:
        more = {} if height is None else {"height": height}
        return picture(matrix, tokens, kind, largest, **more)
    cells = matrix.window_or_all()
    return heatmap(cells.values.tolist(), tokens, kind, cells.masked.tolist(), largest, height)


def error_panel(error: ForwardError) -> None:
    """The exception that PyTorch raised, in full, and the line that raised it."""
    st.markdown("**Softmax weights**: never computed")
    st.code(f"{error.type}: {error.message}", language=None, wrap_lines=True)
    st.markdown(f"Raised by this line of `forward`:\n```python\n{error.source}\n```")


def after_error(observation: Observation, run: VariantRun, error: ForwardError) -> str:
    """Where the tensors were that the failing line met, and the ways out; Markdown."""
    places: dict[str, list[str]] = {}
    for name, device in error.devices:
        places.setdefault(device, []).append(f"`{name}`")
    where = "; ".join(f"on `{device}`: {', '.join(names)}" for device, names in places.items())
    ways = "\n".join(f"- {way}" for way in remedies(run, observation.experiment))
    names = names_in_message(error.message)
    found = f"**Where they were**: {where}. {names}\n\n" if where else ""
    return f"{found}**What to do**\n{ways}"


def state_dict_panel(run: VariantRun, other: VariantRun | None, words: list[str]) -> None:
    """The keys of state_dict, in PyTorch's order, and the mask where it is none of them.

    words: what the charts beside show, for screen readers.
    """
    rows = {row.name: row for row in run.tensors}
    mask = rows["mask"]
    lines = []
    for key in dict.fromkeys(("mask", *run.state_dict)):
        mark = "saved"
        if key not in run.state_dict:
            by_choice = mask.kind is TensorKind.NON_PERSISTENT
            mark = f":gray-badge[not saved{', by choice' * by_choice}]"
        elif other is not None and key not in other.state_dict:
            mark = ":green-badge[:material/add: saved only here]"
        lines.append((f"`{key}`", mark, str(rows[key].shape), f"`{rows[key].device}`"))
    st.markdown(markdown_table(("tensor", "in state_dict", "shape", "device"), lines))
    read_out(*words)
    moves = " It moves with the module." * (mask.kind is TensorKind.NON_PERSISTENT)
    st.markdown(f"`mask` is a **{mask.kind}** on `{mask.device}`.{moves}")


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
        "Queries go down, keys across. Grey cells are masked: −∞ before the softmax, a weight of "
        "exactly 0 after it. "
        "Scores run from orange, below zero, to blue, above. Weights run from dark, 0, to bright, "
        "1. Point at a row, or tap it, to see the same query in every heatmap." + PICTURE * many
    )
