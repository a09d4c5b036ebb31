"""Look inside a checkpoint: keys, what looks like a buffer and why, and what files differ in.

An upload is read in the run that shows it. It is never cached, logged or written, and nothing in it
runs: core.checkpoint.checkpoint reads it as a table.
"""

import pandas as pd
import streamlit as st

from core.checkpoint.checkpoint import LIMITS, Refusal, bundled, compare, look_inside
from core.checkpoint.contents import printable
from core.settings.setting import Choice, shorten
from pages.components.progress import forget, work
from pages.components.widgets import widget

OURS = bundled()
NOTHING = "nothing"
INSIDE = {
    setting.name: setting
    for setting in (
        Choice(
            "bundled",
            "A file of ours",
            next(iter(OURS)),
            "Made by this project, anew on every start.",
            options=tuple(OURS),
        ),
        Choice(
            "compared",
            "Compare it with",
            NOTHING,
            "The file above is the one that is expected, this is the one that is loaded.",
            options=(NOTHING, *OURS),
        ),
    )
}
MEGABYTES = LIMITS.file_bytes // 2**20  # of one upload; the browser refuses more
FILES_READ = 5
SMALL = 2**20  # bytes; a larger file is read by a worker process
ROWS_SHOWN = 2_000
ENDINGS = ["pt", "pth", "bin", "safetensors"]
UPLOAD_HELP = (
    f"At most {MEGABYTES} MB a file and {FILES_READ} files, since all of it is held in the "
    f"server's memory, together with the files of everyone else; {LIMITS.entries:,} entries, "
    f"{LIMITS.depth} dicts or lists inside one another, {LIMITS.unpacked_bytes // 2**20} MB "
    "unpacked. For a larger file, save only a part of its keys."
)


def panel():
    """The upload, the files of ours, a table for each file, and what the files differ in."""
    st.markdown(
        "A checkpoint of PyTorch is a pickle, and a pickle can import and call anything when it is "
        "loaded. **Nothing in a file runs here**: it is read as a table, no tensor is made, and a "
        "file that asks for more than tensors is refused. What you upload stays in this server's "
        "memory until you remove it or leave; nobody else can see it, and it is not written to "
        "disk."
    )
    uploads = st.file_uploader(
        "Checkpoints: .pt, .pth, .bin or .safetensors. Of several, the first is compared with "
        "each other one.",
        ENDINGS,
        accept_multiple_files=True,
        key="uploads",
        help=UPLOAD_HELP,
        max_upload_size=MEGABYTES,
    )
    chosen = widget(INSIDE["bundled"], disabled=bool(uploads))
    other = widget(INSIDE["compared"], disabled=bool(uploads))
    if uploads:
        if len(uploads) > FILES_READ:
            st.warning(
                f"There are {len(uploads)} files; the limit is {FILES_READ}. The first "
                f"{FILES_READ} are read. Remove some to see the others."
            )
        files = [(file.name, file.getvalue()) for file in uploads[:FILES_READ]]
    else:
        files = [(name, OURS[name]) for name in (chosen, other) if name != NOTHING]
    for place in range(len(files), FILES_READ):
        forget(f"file {place}")
    read = [c for place, file in enumerate(files) if (c := contents_of(place, *file))]
    for contents in read[1:]:
        comparison(read[0], contents)


def contents_of(place, name, data):
    """Show the Contents of a file and return them; None after saying why there are none yet."""
    if len(data) > SMALL:
        contents = work(f"file {place}", look_inside, data, name, private=True)
        if contents is None:
            return None
    else:
        forget(f"file {place}")
        contents = look_inside(None, data, name)
    if isinstance(contents, Refusal):
        st.error(f"**{shown(name)} is refused.** {contents}")
        return None
    summary(contents)
    contents_table(contents)
    return contents


def shown(name):
    """A file's name as inline code: whatever is in it stays text."""
    return shorten(printable(name), 80)


def summary(contents):
    entries = contents.entries
    hinted = [entry for entry in entries if entry.buffer_hint]
    looks = "none looks like a buffer"
    if hinted:
        like = "looks like a buffer" if len(hinted) == 1 else "look like buffers"
        looks = f"{len(hinted):,} {like}, {sum(entry.nbytes for entry in hinted):,} bytes"
    st.markdown(
        f"**{shown(contents.name)}** {contents.format}, {contents.nbytes:,} bytes. "
        f"{len(entries):,} {'key' if len(entries) == 1 else 'keys'}; {looks}."
    )
    if contents.note:
        st.warning(contents.note)


def contents_table(contents):
    """Keys in the file's order; of too many, those that look like buffers come first."""
    entries = contents.entries
    if len(entries) > ROWS_SHOWN:
        entries = sorted(entries, key=lambda entry: not entry.buffer_hint)[:ROWS_SHOWN]
        st.caption(
            f"{ROWS_SHOWN:,} of {len(contents.entries):,} keys are shown, those that look like "
            "buffers first."
        )
    rows = {
        "key": [printable(entry.key) for entry in entries],
        "looks like a buffer": [entry.buffer_hint or "" for entry in entries],
        "shape": [shape(entry) for entry in entries],
        "dtype": [printable(entry.dtype) for entry in entries],
        "bytes": [f"{entry.nbytes:,}" for entry in entries],  # may be beyond 64 bits
        "device": [printable(entry.device) for entry in entries],
    }
    hinted = [entry.key for entry in entries if entry.buffer_hint][:5]
    alt = f"{len(entries):,} keys of {printable(contents.name)}. " + (
        f"Like buffers look {', '.join(map(printable, hinted))}." if hinted else ""
    )
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        alt=alt,
        column_config={"bytes": st.column_config.TextColumn(alignment="right")},
    )


def shape(entry):
    return str(list(entry.shape)) if entry.is_tensor else "no tensor"


def comparison(a, b):
    """What b lacks, has more, or has otherwise, if it is loaded where a is expected."""
    differences = compare(a, b)
    heading = f"**{shown(b.name)} loaded where {shown(a.name)} is expected.**"
    if not differences:
        st.success(f"{heading} Every key is in both, with the same shape and dtype.")
        return
    counts = [
        f"{len(keys):,} {word}"
        for word in ("missing", "unexpected", "mismatched")
        if (keys := getattr(differences, word))
    ]
    st.markdown(f"{heading} {', '.join(counts)}. The words are those of `load_state_dict`.")
    in_a, in_b = ({entry.key: entry for entry in contents.entries} for contents in (a, b))
    rows = [(key, "missing", described(in_a[key]), "") for key in differences.missing]
    rows += [(key, "unexpected", "", described(in_b[key])) for key in differences.unexpected]
    rows += [(m.key, "mismatched", described(m.a), described(m.b)) for m in differences.mismatched]
    if len(rows) > ROWS_SHOWN:
        st.caption(f"{ROWS_SHOWN:,} of {len(rows):,} differences are shown.")
    table = [[printable(text) for text in row] for row in rows[:ROWS_SHOWN]]
    st.dataframe(
        pd.DataFrame(table, columns=["key", "it is", "expected", "in the other file"]),
        hide_index=True,
        alt=f"Differences of {printable(a.name)} and {printable(b.name)}: {', '.join(counts)}.",
    )


def described(entry):
    return f"{shape(entry)} {entry.dtype}"
