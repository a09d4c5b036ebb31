"""What to keep of the experiments on state_dict, in one sentence each; Markdown."""

from collections.abc import Mapping, Sequence

from core.state_dict.edit_mask import EditResult
from core.state_dict.load_failures import LoadResult
from core.state_dict.loading import LoadOutcome
from core.state_dict.size import STORED_AS, CheckpointSize, longest_saved


def keys_takeaway(listings: Mapping[str, Mapping[str, Sequence[str]]]) -> str:
    """listings: {how the mask is held: {call: the names that it lists}}."""
    saved = {held for held, listed in listings.items() if "mask" in listed["state_dict()"]}
    if saved != {"a persistent buffer", "an nn.Buffer"}:
        return ""
    return "By default the `state_dict` has parameters and persistent buffers, and no other tensor."


def edit_takeaway(with_buffer: EditResult, without: EditResult) -> str:
    """Of an edit that was saved and loaded; with_buffer is persistent or not."""
    if without.survived:
        return "An edit that leaves the mask as it was can show nothing: choose other cells."
    if with_buffer.survived:
        return "A change by hand survives saving in a persistent buffer, not in a plain attribute."
    return "What is not saved is built anew by `__init__`: a change to it is gone after loading."


def load_takeaway(loaded: LoadResult) -> str:
    """Of a loading, by what PyTorch said and what the target was like afterwards."""
    loading, message = loaded.loading, loaded.message
    if loaded.outcome is LoadOutcome.LOADS:
        if "missing_keys" in message:
            return "`strict=False` loads what matches: read in what it returns what did not."
        return "A checkpoint fits where it has the keys that the module asks for, in their shapes."
    if loading.wrapped != "nothing" and loading.fix != "strip-prefix":
        if loaded.raised:
            return (
                "Save the `state_dict` of the module inside the wrapper: its keys have no prefix."
            )
        return "`strict=False` can load nothing at all without an error: read what it returns."
    if "size mismatch" in message:
        return "`strict=False` forgives missing and unexpected keys, and never another shape."
    if "Missing key" in message or "Unexpected key" in message:
        return (
            "A file keeps the keys that it was saved with: it does not fit a module with other "
            "persistent buffers."
        )
    if any("`W_query.weight` is still on `meta`" in fault for fault in loaded.faults):
        if loading.assign:
            return "What is moved to `meta` loses its values."
        return "A tensor on `meta` has no memory to copy into: load with `assign=True`."
    if any("meta" in fault for fault in loaded.faults):
        return "After building on `meta`, make by hand what is not in the file."
    if loading.assign:
        return "`assign=True` takes the file's device and dtype; copying keeps the module's."
    return "That loading raised nothing is no proof: look at the values, and run `forward`."


def size_takeaway(table: Sequence[CheckpointSize]) -> str:
    """Of the bytes of checkpoints, at the longest masks that were saved in every way."""
    _, boolean, unsaved, nothing = STORED_AS
    saved = {(row.way, row.context_length): row.bytes for row in table if row.measured}
    length = longest_saved(table[0].layers)
    if not saved[unsaved, length] <= saved[nothing, length] < saved[boolean, length]:
        return ""
    return (
        "A mask with `persistent=False` costs the file nothing; a saved one, its bytes per layer."
    )
