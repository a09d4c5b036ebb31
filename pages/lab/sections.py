"""The lab's closer looks, each in a section of its own that is computed only while it is open."""

import html
from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from core.attention.causal_attention import CausalAttentionWithBuffer, CausalAttentionWithoutBuffers
from core.attention.causality import neighbours
from core.attention.stages import PIPELINE, formula, stage_of
from core.charts.heatmap import MAX_PRINTED_TOKENS, token_labels
from core.charts.markdown_table import markdown_table
from core.charts.pooling import WHOLE_TOKENS, WINDOW_TOKENS
from core.lab.run import Observation, VariantRun
from core.lab.script import experiment_script
from core.lab.settings import LAB, LabSettings
from core.lab.take_home import as_csv, differing_lines
from core.lab.view import MAX_TOKENS_IN_PLACE, ViewRequest, probe_without_mask
from pages.components.code import take_home
from pages.components.widgets import plain, section, token_asked, token_choice
from pages.lab.controls import probe_of
from pages.lab.tables import values, worked_row

ZOOMED = (("attn_scores", 1), ("attn_weights", 0))  # the stages of the heatmaps


def view_request(settings: LabSettings) -> ViewRequest:
    """The ViewRequest of this screen: the experiment, and where its sections look closely."""
    count = len(settings.experiment.tokens)

    def at(name: str) -> int:
        _, asked = token_asked(LAB[name], count)
        return min(asked, count) - 1

    return ViewRequest(settings.experiment, (at("zoom_query"), at("zoom_key")), at("query"))


def closer_looks(
    settings: LabSettings,
    request: ViewRequest,
    observation: Observation | None,
    chosen: VariantRun | None,
    other: VariantRun | None,
) -> None:
    """Every section below the heatmaps, for the chosen VariantRun and the compared one or None.

    observation and chosen are None while a worker is at it: the sections stay, and wait.
    """
    labels = token_labels(request.experiment.tokens)
    if len(labels) > MAX_PRINTED_TOKENS:
        with section(LAB["zoom"]) as opened:
            if opened.open:
                zoom(request, chosen, other, labels)
    with section(LAB["pipeline"]) as opened:
        if opened.open:
            pipeline(request, observation, chosen, labels)
    with section(LAB["tensors"]) as opened:
        if opened.open:
            for run in filter(None, (chosen, other)):
                tensor_table(run)
    with section(LAB["causality"]) as opened:
        if opened.open:
            causality(*probed(settings, chosen, other), labels)
    with section(LAB["code"]) as opened:
        if opened.open and observation:
            code(observation)


def zoom(
    request: ViewRequest, chosen: VariantRun | None, other: VariantRun | None, labels: Sequence[str]
) -> None:
    st.markdown(
        f"{WINDOW_TOKENS} queries by {WINDOW_TOKENS} keys with their exact values, out of "
        f"{len(labels):,} by {len(labels):,}."
    )
    for column, name in zip(st.columns(2), ("zoom_query", "zoom_key"), strict=True):
        with column:
            token_choice(LAB[name], request.experiment.tokens)
    for run in filter(None, (chosen, other)):
        st.markdown(f"**`{run.class_name}`**")
        wanted = ZOOMED if run.trace.get("attn_scores", 1) else (("attn_scores", 0),)
        steps = [step for step in PIPELINE if (step.variable, step.change) in wanted]
        steps = [step for step in steps if stage_of(run, step)]
        if not steps:
            st.info("`forward` ended before it computed any scores.")
        for column, step in zip(st.columns(2), steps, strict=False):
            with column:
                values(run, step, labels, request, zoomed=True)


def pipeline(
    request: ViewRequest,
    observation: Observation | None,
    run: VariantRun | None,
    labels: Sequence[str],
) -> None:
    if run is None or observation is None:
        token_choice(LAB["query"], request.experiment.tokens)
        return
    st.markdown(f"Every tensor of one forward pass of `{run.class_name}`, as observed.")
    rows = []
    for step in PIPELINE:
        stage = stage_of(run, step)
        seen = ("not reached", "", "")
        if stage:
            dtype = str(stage.tensor.dtype).removeprefix("torch.")
            seen = (tuple(stage.tensor.shape), dtype, f"`{stage.device}`")
        rows.append((step.title, formula(step, observation.experiment), *seen))
    st.markdown(markdown_table(("stage", "formula", "shape", "dtype", "device"), rows))
    if len(labels) > WHOLE_TOKENS:
        st.caption(
            f"Of {len(labels):,} tokens, each table shows {WINDOW_TOKENS}. *Zoom into a window* "
            "decides which."
        )
    reached = [step for step in PIPELINE if stage_of(run, step)]
    few_numbers = observation.experiment.d_out <= 4
    few_keys = len(labels) <= WINDOW_TOKENS or len(labels) > WHOLE_TOKENS
    for narrow, beside in ((True, 5 if few_numbers else 1), (False, 2 if few_keys else 1)):
        steps = [step for step in reached if (step.columns == "number") == narrow]
        for start in range(0, len(steps), beside):
            group = steps[start : start + beside]
            for column, step in zip(st.columns(beside), group, strict=False):
                with column:
                    values(run, step, labels, request)
    st.markdown("**One query, worked through**")
    if run.trace.get("attn_scores"):
        token_choice(LAB["query"], request.experiment.tokens)
        worked_row(observation, run, labels)
    else:
        st.info("`forward` ended before it computed any scores.")


def tensor_table(run: VariantRun) -> None:
    heads = ("tensor", "kind", "shape", "dtype", "device", "bytes", "requires_grad")
    rows = [
        (
            f"`{row.name}`",
            row.kind,
            row.shape,
            row.dtype,
            f"`{row.device}`",
            f"{row.bytes:,}",
            "yes" if row.requires_grad else "no",
            "yes" if row.in_state_dict else "no",
        )
        for row in run.tensors
    ]
    table = markdown_table((*heads, "in state_dict"), rows, "lllllrll")
    st.markdown(f"**`{run.class_name}`**\n\n{table}")


def probed(
    settings: LabSettings, chosen: VariantRun | None, other: VariantRun | None
) -> tuple[LabSettings, VariantRun | None]:
    """The variant to probe: the chosen one, or the one beside it where only that one ran."""
    if chosen and other and chosen.trace.error and not other.trace.error:
        st.info(f"`{chosen.class_name}` failed. `{other.class_name}`, beside it, is probed.")
        return replace(settings, buffer=not settings.buffer), other
    return settings, chosen


def causality(settings: LabSettings, run: VariantRun | None, labels: Sequence[str]) -> None:
    tokens = settings.experiment.tokens
    st.markdown(
        "A causal model's answer at one position must not depend on later tokens. Change a token: "
        "each of its numbers moves by 1. The module runs again, and the rows are compared."
    )
    changed = token_choice(LAB["changed"], tokens)
    if run is None:
        return
    if run.trace.error:
        st.info("The forward pass failed, so there are no rows to compare.")
        return
    rows = probe_of(settings, changed)
    if rows is None:
        return
    cells_of_rows = []
    for part in neighbours(rows) if len(rows) > WHOLE_TOKENS else [[row] for row in rows]:
        cells = (
            f":orange-badge[changed by up to {size:.4g}]" if size else ":gray-badge[identical]"
            for size in (max(row.weights for row in part), max(row.context for row in part))
        )
        first, last = part[0].query, part[-1].query
        name = f"{first + 1}. {plain(tokens[first])}"
        if len(part) > 1:
            name += f" to {last + 1}. {plain(tokens[last])}"
        cells_of_rows.append((name, *cells))
    st.markdown(markdown_table(("query", "attention weights", "context vector"), cells_of_rows))
    early = [row for row in rows[:changed] if row.weights or row.context]
    token = f"“{plain(labels[changed])}”"
    if early:
        st.error(f"{len(early):,} rows before {token} changed: this model looks ahead.")
    elif changed:
        rows = "The one row" if changed == 1 else f"All {changed:,} rows"
        st.success(
            f"{rows} before {token} {'is' if changed == 1 else 'are'} identical, bit for bit."
        )
    else:
        st.success(f"{token} is the first token, so every row may depend on it.")
    if changed and len(tokens) <= MAX_TOKENS_IN_PLACE:
        st.markdown(contrast(settings, changed, token))


def contrast(settings: LabSettings, changed: int, token: str) -> str:
    """What the same change does where the mask hides nothing, in a sentence."""
    rows = probe_without_mask(settings.experiment, changed) or ()
    early = [row for row in rows[:changed] if row.context]
    most = max((row.context for row in early), default=0)
    return (
        f"**The contrast: a mask of zeros, which hides nothing**, in a module with the same seed, "
        f"on the CPU. Of the {changed:,} rows before {token}, {len(early):,} changed, by up to "
        f"{most:.4g}."
    )


def code(observation: Observation) -> None:
    st.markdown("**The one line that differs**, in two classes of a longer file")
    classes = (CausalAttentionWithoutBuffers, CausalAttentionWithBuffer)
    for column, (source, index) in zip(st.columns(2), differing_lines(*classes), strict=True):
        lines = [html.escape(line) for line in source.split("\n")]
        lines[index] = f"<mark>{lines[index]}</mark>"
        shown = "\n".join(lines)
        column.html(f'<pre class="marked" tabindex="0">{shown}</pre>')
    take_home(experiment_script(observation.experiment), "buffer_lab", as_csv(observation))
