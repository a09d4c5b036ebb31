"""The lab's closer looks, each in a section of its own that is computed only while it is open."""

import html

import pandas as pd
import streamlit as st

from core import export
from core.attention import CausalAttentionWithBuffer, CausalAttentionWithoutBuffers
from core.causality import row_changes, with_changed_token
from core.charts import cell_text, token_labels
from core.lab import LAB
from core.pipeline import PIPELINE, formula, stage_of, work_through
from pages.shared.code import downloads, whole_file
from pages.shared.controls import observe
from pages.shared.widgets import plain, section, token_choice


def closer_looks(observation, chosen, other, buffer):
    """Every section below the heatmaps, for the chosen VariantRun and the compared one or None."""
    with section(LAB["pipeline"]) as opened:
        if opened.open:
            pipeline(observation, chosen)
    with section(LAB["tensors"]) as opened:
        if opened.open:
            for run in filter(None, (chosen, other)):
                tensor_table(run)
    with section(LAB["causality"]) as opened:
        if opened.open:
            causality(observation, chosen, buffer)
    with section(LAB["code"]) as opened:
        if opened.open:
            code(observation)


def pipeline(observation, run):
    labels = token_labels(observation.experiment.tokens)
    st.markdown(f"Every tensor of one forward pass of `{run.class_name}`, as observed.")
    lines = ["| stage | formula | shape | dtype | device |", "|---|---|---|---|---|"]
    for step in PIPELINE:
        stage = stage_of(run, step)
        seen = "not reached | | |"
        if stage:
            dtype = str(stage.tensor.dtype).removeprefix("torch.")
            seen = f"{tuple(stage.tensor.shape)} | {dtype} | `{stage.device}` |"
        lines.append(f"| {step.title} | {formula(step, observation.experiment)} | {seen}")
    st.markdown("\n".join(lines))
    reached = [step for step in PIPELINE if stage_of(run, step)]
    few_numbers, few_keys = observation.experiment.d_out <= 4, len(labels) <= 8
    for narrow, beside in ((True, 5 if few_numbers else 1), (False, 2 if few_keys else 1)):
        steps = [step for step in reached if (step.columns == "number") == narrow]
        for start in range(0, len(steps), beside):
            group = steps[start : start + beside]
            for column, step in zip(st.columns(beside), group, strict=False):
                with column:
                    values(stage_of(run, step).tensor[0], step, labels)
    st.markdown("**One query, worked through**")
    if run.trace.get("attn_scores"):
        worked_row(observation, run, labels)
    else:
        st.info("`forward` ended before it computed any scores.")


def values(tensor, step, labels):
    columns = labels if step.columns == "key" else [str(i + 1) for i in range(tensor.shape[1])]
    rows = [[cell_text(value, 4) for value in row] for row in tensor.tolist()]
    st.markdown(f"**{step.title}**")
    row = "query" if step.columns == "key" else "token"
    table(pd.DataFrame(rows, index=labels, columns=columns), step.title, row)


def table(frame, title, rows):
    frame = frame.rename(index=plain, columns=plain)  # st.table reads Markdown
    frame.index.name = rows  # an empty corner would be a header without a name
    st.table(frame, height=420 if len(frame) > 12 else "content", alt=title)


def worked_row(observation, run, labels):
    query = token_choice(LAB["query"], labels)
    rows = work_through(run, query)
    dropped, vectors = run.trace.get("dropped_weights"), run.trace.get("values")
    if dropped and observation.experiment.dropout:
        rows.append(("after dropout", dropped.tensor[0, query].tolist()))
    numbers = [[cell_text(value, 4) for value in row] for _, row in rows]
    frame = pd.DataFrame(numbers, index=[step for step, _ in rows], columns=labels)
    table(frame, f"The query {labels[query]} worked through", "step")
    if dropped is None:
        st.caption(
            "Everything after *query · key* is what would have come: `forward` did not get there."
        )
        return
    weights, vectors = dropped.tensor[0, query].tolist(), vectors.tensor[0].tolist()
    terms = [
        f"{cell_text(weight, 4)} · ({', '.join(cell_text(v, 4) for v in vector)})"
        for weight, vector in zip(weights, vectors, strict=True)
        if weight
    ]
    context = run.trace.get("context_vec").tensor[0, query].tolist()
    shown = ", ".join(cell_text(value, 4) for value in context)
    if not terms:
        st.markdown("Dropout removed every weight of this row, so the context vector is zero:")
    else:
        after = " after dropout" if observation.experiment.dropout else ""
        st.markdown(
            f"The context vector is the sum of the value vectors, each times its weight{after}:"
        )
    st.code(" + ".join(terms or ["0"]) + f"\n= ({shown})", language=None, wrap_lines=True)


def tensor_table(run):
    lines = [
        "| tensor | kind | shape | dtype | device | bytes | requires_grad | in state_dict |",
        "|---|---|---|---|---|---:|---|---|",
    ]
    lines += [
        f"| `{row.name}` | {row.kind} | {row.shape} | {row.dtype} | `{row.device}` | "
        f"{row.bytes:,} | {'yes' if row.requires_grad else 'no'} | "
        f"{'yes' if row.in_state_dict else 'no'} |"
        for row in run.tensors
    ]
    st.markdown(f"**`{run.class_name}`**\n\n" + "\n".join(lines))


def causality(observation, run, buffer):
    experiment = observation.experiment
    labels = token_labels(experiment.tokens)
    st.markdown(
        "A causal model's answer at one position must not depend on later tokens. Change a token: "
        "each of its numbers moves by 1. The module runs again, and the rows are compared."
    )
    changed = token_choice(LAB["changed"], labels)
    after = observe(with_changed_token(experiment, changed)).variant(buffer)
    rows = row_changes(run, after)
    if rows is None:
        st.info("The forward pass failed, so there are no rows to compare.")
        return
    lines = ["| query | attention weights | context vector |", "|---|---|---|"]
    for row in rows:
        cells = (
            f":orange-badge[changed by up to {size:.4f}]" if size else ":gray-badge[identical]"
            for size in (row.weights, row.context)
        )
        lines.append(f"| {row.query + 1}. {plain(labels[row.query])} | {' | '.join(cells)} |")
    st.markdown("\n".join(lines))
    early = [row for row in rows[:changed] if row.weights or row.context]
    token = f"“{plain(labels[changed])}”"
    if early:
        st.error(f"{len(early)} rows before {token} changed: this model looks ahead.")
    elif changed:
        rows = "The one row" if changed == 1 else f"All {changed} rows"
        st.success(
            f"{rows} before {token} {'is' if changed == 1 else 'are'} identical, bit for bit."
        )
    else:
        st.success(f"{token} is the first token, so every row may depend on it.")


def code(observation):
    st.markdown("**The one line that differs**")
    classes = (CausalAttentionWithoutBuffers, CausalAttentionWithBuffer)
    for column, (source, index) in zip(
        st.columns(2), export.differing_lines(*classes), strict=True
    ):
        lines = [html.escape(line) for line in source.split("\n")]
        lines[index] = f"<mark>{lines[index]}</mark>"
        shown = "\n".join(lines)
        column.html(f'<pre class="marked" tabindex="0">{shown}</pre>')
    parts = export.experiment_parts(observation)
    st.markdown("**The experiment that ran on this page**")
    st.code(observation.script, wrap_lines=True)
    st.markdown("**The module that it ran**, with the forward pass that both variants share")
    st.code(dict(parts)["The two attention modules"], line_numbers=True, wrap_lines=True)
    whole_file(parts)
    downloads(parts, "buffer_lab", export.as_csv(observation))
