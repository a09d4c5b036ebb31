"""Tensors of one forward pass as tables of numbers: whole, as a window, or one query's row."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.attention.stages import Step, stage_of, work_through
from core.charts.heatmap import cell_text
from core.charts.pooling import WHOLE_TOKENS, WINDOW_TOKENS, Matrix
from core.lab.run import Observation, VariantRun
from core.lab.view import ViewRequest
from pages.components.widgets import plain

FEW_KEYS = 16  # keys of a row that is worked through in full; of more, these many are shown


def window_of(request: ViewRequest) -> slice:
    """The rows of a table: all tokens, or those of the ViewRequest's window."""
    count = len(request.experiment.tokens)
    if count <= WHOLE_TOKENS:
        return slice(0, count)
    start = max(0, min(request.window[0], count - WINDOW_TOKENS))
    return slice(start, start + WINDOW_TOKENS)


def values(
    run: VariantRun, step: Step, labels: Sequence[str], request: ViewRequest, zoomed: bool = False
) -> None:
    """The table of a pipeline Step of a VariantRun; zoomed: its window even where all would fit."""
    stage = stage_of(run, step)
    assert stage, f"forward did not reach {step.title}"
    tensor = stage.tensor
    if isinstance(tensor, Matrix):
        part = tensor.window if zoomed else tensor.window_or_all()
        numbers = part.values
        rows = labels[part.query : part.query + len(numbers)]
        columns = labels[part.key : part.key + len(numbers)]
    else:
        numbers, rows = tensor[0][window_of(request)], labels[window_of(request)]
        columns = [str(i + 1) for i in range(tensor.shape[2])]
    digits = 6 if zoomed else 4
    texts = [[cell_text(value, digits) for value in row] for row in numbers.tolist()]
    st.markdown(f"**{step.title}**")
    row = "query" if step.columns == "key" else "token"
    table(pd.DataFrame(texts, index=pd.Index(rows), columns=pd.Index(columns)), step.title, row)


def table(frame: pd.DataFrame, title: str, rows: str) -> None:
    """A table whose rows stand for `rows`, with the visitor's text as text."""
    frame = frame.rename(index=plain, columns=plain)  # st.table reads Markdown
    frame.index.name = rows  # an empty corner would be a header without a name
    st.table(frame, height=420 if len(frame) > 12 else "content", alt=title)


def worked_row(observation: Observation, run: VariantRun, labels: Sequence[str]) -> None:
    """The kept query's row from its scores to its context vector."""
    query = run.trace.get("attn_scores").tensor.query
    rows = work_through(run, query)
    dropped, vectors = run.trace.get("dropped_weights"), run.trace.get("values")
    if dropped and observation.experiment.dropout:
        rows.append(("after dropout", dropped.tensor.row.tolist()))
    keys = list(range(len(labels)))
    weighed = [key for key in keys if rows[4][1][key] > 0]
    if len(keys) > FEW_KEYS:
        keys = sorted(sorted(weighed, key=lambda key: -rows[4][1][key])[:FEW_KEYS])
        st.caption(
            f"Of {len(labels):,} keys, {len(weighed):,} have a weight above 0. "
            + (
                f"The {FEW_KEYS} largest are shown; "
                if len(weighed) > FEW_KEYS
                else "They are shown; "
            )
            + "every sum runs over all keys."
        )
    numbers = [[cell_text(row[key], 4) for key in keys] for _, row in rows]
    columns = [labels[key] for key in keys]
    frame = pd.DataFrame(numbers, index=[step for step, _ in rows], columns=columns)
    table(frame, f"The query {labels[query]} worked through", "step")
    if dropped is None:
        st.caption(
            "Everything after *query · key* is what would have come: `forward` did not get there."
        )
        return
    weights, vectors = dropped.tensor.row.tolist(), vectors.tensor[0].tolist()
    terms = [
        f"{cell_text(weights[key], 4)} · ({', '.join(cell_text(v, 4) for v in vectors[key])})"
        for key in keys
        if weights[key]
    ]
    if len(keys) < len(weighed):
        terms.append("…")
    context = run.trace.get("context_vec").tensor[0, query].tolist()
    shown = ", ".join(cell_text(value, 4) for value in context)
    if not any(weights):
        st.markdown("Dropout removed every weight of this row, so the context vector is zero:")
        terms = ["0"]
    else:
        after = " after dropout" if observation.experiment.dropout else ""
        st.markdown(
            f"The context vector is the sum of the value vectors, each times its weight{after}:"
        )
    st.code(" + ".join(terms) + f"\n= ({shown})", language=None, wrap_lines=True)
