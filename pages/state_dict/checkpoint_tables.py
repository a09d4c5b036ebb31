"""The tables of a checkpoint and of what two differ in, or why one is refused."""

import pandas as pd
import streamlit as st

from core.charts.byte_words import in_bytes
from core.checkpoint import clean_save
from core.checkpoint.comparing import Cast
from core.checkpoint.contents import Entry, Refusal, printable
from core.checkpoint.report import ROWS_SHOWN, ComparisonReport, FileReport, shape_text
from core.settings.setting import shorten

DOES = {  # what load_state_dict does with a key that is ...
    "missing": "error; with strict=False the module keeps its own",
    "unexpected": "error; with strict=False it is left out",
    "mismatched": "error, with strict=False too",
    "filled": "no error: the module keeps its own",
}


def shown(name: str) -> str:
    """A file's name as inline code: whatever is in it stays text."""
    return shorten(printable(name), 80)


def cell(text: str) -> str:
    """A file's text for a table. A spreadsheet must not take it for a formula: see the CSV file."""
    text = printable(text)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@") else text


def refused(name: str, refusal: Refusal) -> None:
    """Say, where the table would be, why a file has none, and what to run instead."""
    st.error(f"**{shown(name)} is refused.** {refusal}")
    if refusal.code:
        st.code(refusal.code, wrap_lines=True)


def summary(report: FileReport) -> None:
    """What a file is, how much of it looks like buffers, and what its storages hold."""
    contents = report.contents
    looks = "no name, dtype or number suggests a buffer"
    if report.hinted:
        like = "looks like a buffer" if report.hinted == 1 else "look like buffers"
        looks = f"{report.hinted:,} {like}, {in_bytes(report.hinted_bytes)}"
    st.markdown(
        f"**{shown(contents.name)}** {contents.format}, {in_bytes(contents.nbytes)}. "
        f"{report.keys:,} {'key' if report.keys == 1 else 'keys'}; {looks}."
    )
    for note in filter(None, (contents.note, *contents.notes)):
        st.warning(note)
    storage_summary(report)


def storage_summary(report: FileReport) -> None:
    """Where tensors share storages or use a part of them: each byte counted once."""
    total = report.total
    if total.tensors == total.stored == total.used:
        return
    times = "one storage is" if report.sharing == 1 else f"{report.sharing:,} storages are"
    shared = f" {times[0].upper()}{times[1:]} read by more than one name." if report.sharing else ""
    saved = f" Saved without what nobody reads, they would take {in_bytes(total.clean)}."
    st.markdown(
        f"**Bytes, counted once.** By their shapes the tensors have {in_bytes(total.tensors)}. The "
        f"file stores {in_bytes(total.stored)} for them; they use {in_bytes(total.used)} of that."
        + shared
        + (saved if total.clean < total.stored else "")
    )
    if report.can_be_cleaned:
        st.code(clean_save.program(), wrap_lines=True, height=240)


def contents_table(report: FileReport) -> None:
    """Keys in the file's order; of too many, those that look like buffers come first."""
    contents, entries = report.contents, report.contents.entries
    if report.keys > len(entries):
        st.caption(
            f"{len(entries):,} of {report.keys:,} keys are shown, those that look like "
            "buffers first."
        )
    rows = {
        "key": [cell(entry.key) for entry in entries],
        "looks like a buffer": [entry.buffer_hint or "" for entry in entries],
        "shape": [shape_text(entry.shape) for entry in entries],
        "dtype": [cell(entry.dtype) for entry in entries],
        "bytes": [f"{entry.nbytes:,}" for entry in entries],  # may be beyond 64 bits
        "device": [cell(entry.device) for entry in entries],
    }
    if any(report.uses):
        rows["storage"] = list(report.uses)
    hinted = [entry.key for entry in entries if entry.buffer_hint][:5]
    alt = f"{len(entries):,} keys of {printable(contents.name)}. " + (
        f"Like buffers look {', '.join(map(printable, hinted))}." if hinted else ""
    )
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        alt=alt,
        column_config={
            "key": st.column_config.TextColumn(pinned=True),
            "looks like a buffer": st.column_config.TextColumn(width=560),
            "bytes": st.column_config.TextColumn(alignment="right"),
        },
    )


def comparison(expected: str, loaded: str, report: ComparisonReport) -> None:
    """What load_state_dict does with one file where the other is expected."""
    found = report.differences
    a, b = (f"{shown(name)}{under(part)}" for name, part in
            ((expected, report.expected), (loaded, report.loaded)))  # fmt: skip
    heading = f"**{b} loaded where {a} is expected.**"
    if found.loads and not found.casts and not found.filled:
        st.success(f"{heading} Every key is in both, with the same shape and dtype.")
        return
    counts = [f"{report.counts[w]:,} {w}" for w in ("missing", "unexpected", "mismatched")
              if report.counts[w]]  # fmt: skip
    if report.counts["casts"]:
        counts.append(f"{report.counts['casts']:,} cast to another dtype")
    if report.counts["filled"]:
        counts.append(f"{report.counts['filled']:,} left as the module has it")
    st.markdown(f"{heading} {', '.join(counts)}. The words are those of `load_state_dict`.")
    findings(report)
    rows = difference_rows(report)
    total = sum(report.counts.values())
    if total > len(rows):
        st.caption(f"{len(rows):,} of {total:,} differences are shown.")
    st.dataframe(
        pd.DataFrame(
            [[cell(text) for text in row] for row in rows],
            columns=["key", "it is", "expected", "in the other file", "what load_state_dict does"],
        ),
        hide_index=True,
        column_config={"what load_state_dict does": st.column_config.TextColumn(width="large")},
        alt=f"Differences of {printable(expected)} and {printable(loaded)}: {', '.join(counts)}.",
    )
    st.markdown("`load_state_dict` ran on tensors of these shapes, and said:")
    st.code(found.message, language=None, wrap_lines=True, height=140)


def under(part: str) -> str:
    return f"[{shorten(repr(part), 60)}]" if part else ""


def findings(report: ComparisonReport) -> None:
    """What the counts do not say: a dict around the tensors, casts in silence, a prefix."""
    found = report.differences
    if report.offered and not report.loaded:
        st.info(
            f"The file is a training checkpoint: a dict that has the tensors under "
            f"{shorten(report.offered)}. Load that: `model.load_state_dict(torch.load(file)"
            f"[{report.offered!r}])`. The switch above compares it so."
        )
    if found.prefix:
        st.info(
            f"Only {shorten(found.prefix)} before each key makes the difference, as a wrapper such "
            "as DataParallel or torch.compile puts it there. "
            "`torch.nn.modules.utils.consume_prefix_in_state_dict_if_present` takes it away."
        )
    if found.lossy:
        st.warning(
            f"**{len(found.lossy):,} tensors are cast in silence, and numbers change.** "
            f"`load_state_dict` copies into the dtype that is there: {cast_text(found.lossy[0])}."
        )
    if found.filled:
        st.info(
            "What is missing is not called missing: the file has no `_metadata` of this version, "
            "so a normalisation layer takes it for an old one and keeps its own counter."
        )


def cast_text(cast: Cast) -> str:
    return (
        f"{shorten(cast.key, 60)} is {cast.b.dtype}, {cast.a.dtype} is expected, and "
        f"{cast.result.before} becomes {cast.result.after}"
    )


def difference_rows(report: ComparisonReport) -> list[tuple[str, str, str, str, str]]:
    found, texts = report.differences, report.described
    rows = [
        (key, "left as it is" if kind == "filled" else kind, *texts[key], DOES[kind])
        for kind in ("missing", "unexpected", "filled")
        for key in getattr(found, kind)
    ]
    rows += [
        (m.key, "mismatched", described(m.a), described(m.b), DOES["mismatched"])
        for m in found.mismatched
    ]
    rows += [(c.key, "cast", described(c.a), described(c.b), cast_row(c)) for c in found.casts]
    return rows[:ROWS_SHOWN]


def cast_row(cast: Cast) -> str:
    if cast.result.is_exact:
        return "no error: it is cast, and every number stays"
    return f"no error: it is cast, and {cast.result.before} becomes {cast.result.after}"


def described(entry: Entry) -> str:
    return f"{shape_text(entry.shape)} {entry.dtype}"
