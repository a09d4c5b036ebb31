"""Look inside a checkpoint: keys, what looks like a buffer and why, and what files differ in.

An upload is read once, by a worker unless it is tiny, and what came of it is kept in the session
until the upload is removed. It is never logged or written, and nothing in it runs:
core.checkpoint.checkpoint reads it as a table.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import streamlit as st

from core.checkpoint.contents import LIMITS, Refusal
from core.checkpoint.reader import is_quick
from core.checkpoint.reasons import NOTHING_RECORDED
from core.checkpoint.report import (
    FEW_KEYS,
    ROWS_SHOWN,
    ComparisonReport,
    FileReport,
    compare_packed,
    look,
)
from core.checkpoint.settings import INSIDE, NOTHING, OURS
from core.checkpoint.takeaway import comparison_takeaway, file_takeaway
from pages.components import state
from pages.components.progress import forget, work
from pages.components.takeaway import show_takeaway
from pages.components.widgets import widget
from pages.server.limits import LIMITS as SERVER
from pages.state_dict.checkpoint_tables import comparison, contents_table, refused, summary

__all__ = ["INSIDE", "ROWS_SHOWN", "show_checkpoint"]

MEGABYTES = LIMITS.file_bytes // 2**20  # of one upload; the browser refuses more
FILES_READ = 5
ROOM = (
    f"{SERVER.upload_session_mb} MB for all files of yours together, {SERVER.upload_address_mb} MB "
    f"for those of your network, {SERVER.upload_mb} MB for those of all visitors"
)
UPLOAD_HELP = (
    f"{LIMITS.entries:,} entries, {LIMITS.depth} dicts or lists inside one another, "
    f"{LIMITS.unpacked_bytes // 2**20} MB unpacked, {LIMITS.seconds} seconds. For a larger file, "
    "save only a part of its keys."
)
# What the browser or the front of the server refuses never comes to the page, so it cannot know:
# its own style decides which of two texts is seen. A red label is Streamlit's.
RED_LABEL = "[data-testid=stFileChipIconError]"
STYLE = f"""<style>
.st-key-not_taken {{ display: none; }}
.stMain:has({RED_LABEL}) .st-key-not_taken {{ display: flex; }}
.stMain:has({RED_LABEL}) .st-key-files_of_ours {{ display: none; }}
</style>"""
NOT_TAKEN = (
    ":material/error: **A file with a red label was not taken, so there is no table of it.** "
    f"The limit is {MEGABYTES} MB a file; the browser does not send more. If yours is smaller, the "
    f"server has no room now: {ROOM}. Remove files or try again later, or look at it on your own "
    "machine. Remove it from the list to see our files again."
)


@dataclass(frozen=True)
class File:
    """A file to look into: an upload, or one of ours."""

    id: str
    name: str
    data: Callable[[], bytes]
    ours: bool


def show_checkpoint() -> None:
    """The upload, the files of ours, a table for each file, and what the files differ in."""
    st.html(STYLE)
    st.markdown(
        "A checkpoint of PyTorch is a zip file with a pickle in it. To load a pickle with "
        "`weights_only=False` can run any code. **Nothing in a file runs here**: it is read as a "
        "table, and a file that asks for more than tensors is refused. What you "
        "upload stays in this server's memory until you remove it or leave; nobody else can see "
        "it, and it is not written to disk."
    )
    uploads = st.file_uploader(
        "Your checkpoints. Their names do not matter: the content decides. The first file is "
        "compared with each of the others.",
        accept_multiple_files=True,
        key="uploads",
        help=UPLOAD_HELP,
        max_upload_size=MEGABYTES,
    )
    st.caption(
        f"At most {FILES_READ} files, each of at most {MEGABYTES} MB. The server holds them in its "
        f"memory, and has room there: {ROOM}."
    )
    with st.container(key="not_taken"):
        st.markdown(NOT_TAKEN)
    chosen = widget(INSIDE["bundled"], disabled=bool(uploads))
    other = widget(INSIDE["compared"], disabled=bool(uploads))
    if uploads:
        if len(uploads) > FILES_READ:
            st.warning(
                f"There are {len(uploads)} files; the limit is {FILES_READ}. The first "
                f"{FILES_READ} are read. Remove some to see the others."
            )
        show([File(f.file_id, f.name, f.getvalue, False) for f in uploads[:FILES_READ]])
    else:
        names = [name for name in (chosen, other) if name != NOTHING]
        with st.container(key="files_of_ours"):
            show(
                [
                    File(name, name, functools.partial(OURS.__getitem__, name), True)
                    for name in names
                ]
            )


def show(files: list[File]) -> None:
    """A table for each file, and what each differs in from the first."""
    kept = state.FILES_READ.get()
    ids = {file.id for file in files}
    for key in [key for key in kept if not ids.issuperset(key)]:
        del kept[key]
    for place in range(len(files), FILES_READ):
        forget(f"file {place}")
        forget(f"comparison {place}")
    st.caption(NOTHING_RECORDED)
    reports = [(file, contents_of(place, file)) for place, file in enumerate(files)]
    found = [(file, report) for file, report in reports if report is not None]
    wrapped = any(report.wrappers for _, report in found[1:])
    unwrap = widget(INSIDE["unwrap"]) if wrapped else False
    compared = [
        differences_of(place, found[0], other, unwrap) for place, other in enumerate(found[1:], 1)
    ]
    if compared and compared[0]:
        show_takeaway(comparison_takeaway(compared[0]))
    elif found and not compared:
        show_takeaway(file_takeaway(found[0][1]))


@functools.cache
def report_of_ours(name: str) -> FileReport | Refusal:
    return look(None, OURS[name], name)


def contents_of(place: int, file: File) -> FileReport | None:
    """Show what a file holds and return it; None after saying why there is nothing yet."""
    report = report_of_ours(file.name) if file.ours else read(place, file)
    if isinstance(report, Refusal):
        refused(file.name, report)
        return None
    if report is not None:
        summary(report)
        contents_table(report)
    return report


def look_here(data: bytes, name: str) -> FileReport | Refusal:
    """Read in the server what is as quick to read as to send to a worker."""
    return look(None, data, name)


def read(place: int, file: File) -> FileReport | Refusal | None:
    """What came of reading an upload; None while a worker reads it."""
    kept = state.FILES_READ.get()
    if (file.id,) not in kept:
        data = file.data()
        report: Any = (
            look_here(data, file.name)
            if is_quick(data)
            else work(f"file {place}", look, data, file.name, private=True)
        )
        if report is None:
            return None
        kept[(file.id,)] = report
    forget(f"file {place}")
    return kept[(file.id,)]


def differences_of(
    place: int, first: tuple[File, FileReport], other: tuple[File, FileReport], unwrap: bool
) -> ComparisonReport | None:
    """Show what load_state_dict says of the other file where the first is expected, and return it;
    None after saying why there is nothing.
    """
    (file_a, a), (file_b, b) = first, other
    kept = state.FILES_READ.get()
    key = (file_a.id, file_b.id)
    if kept.get(key, (None,))[0] != unwrap:
        few = max(a.keys, b.keys) <= FEW_KEYS
        asked = (a.packed, b.packed, unwrap)
        report: Any = (
            compare_packed(None, *asked)
            if few
            else work(f"comparison {place}", compare_packed, *asked, private=True)
        )
        if report is None:
            return None
        kept[key] = unwrap, report
    forget(f"comparison {place}")
    report = kept[key][1]
    if isinstance(report, Refusal):
        st.error(str(report))
        return None
    comparison(a.contents.name, b.contents.name, report)
    return report
