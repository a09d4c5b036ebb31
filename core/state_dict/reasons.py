"""Why the experiments of the lesson on state_dict come out as they do; Markdown."""

from collections.abc import Mapping, Sequence

from core.charts.byte_words import in_bytes
from core.settings.prediction import Verdict, verdict
from core.state_dict.edit_mask import EditResult
from core.state_dict.load_failures import LoadResult
from core.state_dict.settings import HOW_MANY, SURVIVES
from core.state_dict.size import STORED_AS, CheckpointSize, longest_saved


def keys_verdict(guess: str, listings: Sequence[Mapping[str, Sequence[str]]]) -> Verdict:
    """What a guess at how many modules have `mask` in their state_dict was worth, and why.

    listings: of each module, the names that each call lists (core.state_dict.keys).
    """
    return verdict(
        guess,
        HOW_MANY[sum("mask" in listed["state_dict()"] for listed in listings)],
        "A persistent buffer is saved, however it was registered; `nn.Buffer` is persistent unless "
        "it is told otherwise. A non-persistent one moves with the module and is left out of the "
        "`state_dict`. A plain attribute is neither a parameter nor a buffer, so PyTorch does not "
        "list it anywhere.",
        wrong="Counted:",
    )


def survival_verdict(guess: str, with_buffer: EditResult, without: EditResult) -> Verdict:
    """What a guess at where an edit survives was worth, and why.

    with_buffer is persistent or not: what it kept shows which.
    """
    kept = (without.survived, with_buffer.survived)
    answers = {(True, True): SURVIVES[0], (False, True): SURVIVES[1], (False, False): SURVIVES[2]}
    effect = "changed" if with_buffer.output_changed else "is as before the edit"
    because = (
        "A persistent buffer is in the file, so loading overwrote what the fresh module had built. "
        "A plain attribute is not, so the fresh module kept its own."
    )
    if kept == (False, False):
        because = (
            "A buffer with `persistent=False` is not in the file, by choice, and a plain attribute "
            "never is. So both fresh modules kept the mask that they had built."
        )
    if kept == (True, True):
        because = "The edit left the mask as it was, so there is nothing to lose."
    output = f"With the buffer, the output {effect}."
    if with_buffer.survived and not with_buffer.output_changed:
        output += " `forward` takes `.bool()` of the mask, so only zero or not zero counts."
    if with_buffer.leaks:
        output += f" Tokens {', '.join(map(str, with_buffer.leaks))} now see later ones."
    return verdict(guess, answers[kept], f"{because} {output}")


def load_verdict(guess: str, loaded: LoadResult) -> Verdict:
    """What a guess at what load_state_dict will do was worth, and why."""
    return verdict(guess, loaded.outcome, load_reason(loaded))


def shrinking_verdict(guess: str, table: Sequence[CheckpointSize]) -> Verdict:
    """What a guess at what bool saves was worth, and why; from Prices."""
    saved = {(row.way, row.context_length): row.bytes for row in table if row.measured}
    float32, boolean, *_ = STORED_AS
    length = longest_saved(table[0].layers)
    before, after = saved[float32, length], saved[boolean, length]
    return verdict(
        guess,
        f"{before / after:.0f} times",
        f"At {length:,} tokens the file has {in_bytes(before)} with float32 masks and "
        f"{in_bytes(after)} with bool ones. A float32 takes four bytes and a bool one: PyTorch "
        "does not pack bools into bits. A mask that is not in the file costs nothing there.",
        right="That is what was saved.",
        wrong="Saved:",
    )


def load_reason(loaded: LoadResult) -> str:
    """Why a LoadResult came out as it did; Markdown."""
    loading, message = loaded.loading, loaded.message
    if not loaded.raised and not loaded.faults:
        return "Every key that the target needed was there, with its shape, and its values arrived."
    if loading.wrapped != "nothing" and loading.fix != "strip-prefix":
        prefix = "module." if loading.wrapped == "DataParallel" else "_orig_mod."
        quiet = "" if loaded.raised else " With `strict=False` that is no error: nothing is loaded."
        return (
            f"`{loading.wrapped}` holds the model as an attribute, so every key begins with "
            f"`{prefix}` and none of them is the target's.{quiet}"
        )
    if "size mismatch" in message:
        return (
            "The mask's shape is the context length, squared, and a persistent buffer makes it "
            "part of the checkpoint. `strict` is about keys; a shape has to match in any case."
        )
    if "Missing key" in message:
        return (
            "The target registers its mask as a persistent buffer, so strict loading wants a key "
            "for it. The source never saved one."
        )
    if "Unexpected key" in message:
        return (
            "The source's mask is a persistent buffer, so its `state_dict` has a mask. The target "
            "has no persistent buffer of that name to put it in."
        )
    if any("`W_query.weight` is still on `meta`" in fault for fault in loaded.faults):
        if loading.assign:
            return "`assign=True` put the loaded tensors in place, and a move to `meta` lost them."
        return (
            "A tensor on `meta` has no memory to copy into, so nothing was loaded. That is no "
            "error: PyTorch warns. `assign=True` would put the loaded tensors in place."
        )
    if any("meta" in fault for fault in loaded.faults):
        return (
            "`assign=True` put the loaded tensors in place of those on `meta`. The mask is not "
            "among them: it is in no file. So it stays on `meta`, without values, and no error "
            "says so."
        )
    if loading.assign:
        return (
            "`assign=True` takes the loaded tensors themselves, with their device and dtype. "
            "Copying, the default, keeps the target's."
        )
    return "No error was raised, and yet the target is not what it should be."
