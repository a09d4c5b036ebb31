"""What a checkpoint holds, as a table: entries with the reason why one looks like a buffer.

    a, b = inspect(old_file), inspect(new_file)     # core.checkpoint.checkpoint
    compare(a, b).missing                           # keys that only `a` has

Nothing here touches a tensor: shapes, dtypes and names only.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

NO_DEVICE = "—"  # safetensors stores none, and what is no tensor has none


class Refusal(ValueError):
    """A file that is not read. The message is a plain sentence or two for whoever uploaded it."""


@dataclass(frozen=True)
class Limits:
    """How much of a file's word is taken. Sizes in bytes; each has a message of its own."""

    file_bytes: int = 64 * 2**20  # a safetensors file opened by path may be larger
    unpacked_bytes: int = 256 * 2**20  # all members of a zip together
    zip_ratio: int = 200  # unpacked : packed, of one member
    pickle_bytes: int = 16 * 2**20
    pickle_steps: int = 2_500_000  # instructions; a tensor takes about 35
    header_bytes: int = 8 * 2**20  # of safetensors; the reference implementation takes 100 MB
    entries: int = 50_000
    depth: int = 20  # dicts and lists inside one another
    dimensions: int = 64  # of one tensor
    key_chars: int = 200  # shown of a longer key


LIMITS = Limits()


@dataclass(frozen=True)
class Entry:
    """One row. A value that is no tensor has the shape None, its type as dtype, and 0 bytes."""

    key: str  # printable and bounded; may hold markup, so show it as text
    shape: tuple[int, ...] | None
    dtype: str  # "float32"
    nbytes: int  # elements x bytes of one, as tensor.nbytes; two keys may share memory
    device: str  # the tag in the file, "cuda:0", whether or not there is such a device here
    buffer_hint: str | None  # why it looks like a buffer

    @property
    def is_tensor(self) -> bool:
        return self.shape is not None


@dataclass(frozen=True)
class Contents:
    """What `inspect` read."""

    name: str
    format: str  # "torch zip", "torch legacy pickle" or "safetensors"
    entries: tuple[Entry, ...]  # in the file's order; keys are distinct
    nbytes: int  # of the file
    note: str = ""  # a sentence if the file's name says something else


# ------------------------------------------------------------------------------ buffer hints

_ROTARY = "rotary table: computed from positions, never trained"
_POSITIONS = "positions or indices: computed in __init__, never trained"
_HINTS = MappingProxyType(
    {  # a pattern for the last part of a key -> why
        r"running_(mean|var)": "running statistics: normalisation layers update them in forward",
        r"num_batches_tracked": "a counter: normalisation layers add one in each training forward",
        r"(.+_)?mask|masked_bias|tril|triu": "mask: says which positions may not be seen",
        r"(.+_)?inv_freq|(cos|sin)(_cached)?|(cos|sin)_(table|cache)|freqs_(cis|cos|sin)|rope(_.+)?"
        r"|rotary(_.+)?": _ROTARY,
        r"position_ids|token_type_ids|relative_position_index|relative_coords_table": _POSITIONS,
    }
)
_PATTERNS = tuple((re.compile(pattern), why) for pattern, why in _HINTS.items())
_TRAINABLE = re.compile(r"b?float|complex")  # only these dtypes can have a gradient


def buffer_hint(key: str, shape: tuple[int, ...], dtype: str) -> str | None:
    """Why the tensor looks like a buffer, or None. A guess: a file does not say what was one.

    `bias` counts when it is a square, 1 x 1 x T x T: GPT-2 keeps its causal mask under that name,
    and the bias of a layer has one dimension.
    """
    last = key.rpartition(".")[2]
    for pattern, why in _PATTERNS:
        if pattern.fullmatch(last):
            return why
    if last == "bias" and len(shape) >= 2 and shape[-1] == shape[-2] and set(shape[:-2]) <= {1}:
        return "causal mask: GPT-2 calls it bias, but a layer's bias has one dimension"
    if last == "pe" and len(shape) >= 2:
        return "table of positions: computed in __init__, never trained"
    if not _TRAINABLE.match(dtype):
        return f"dtype {dtype}: it can have no gradient, so it is no trained parameter"
    return None


def tensor_entry(
    key: str, shape: tuple[int, ...], dtype: str, nbytes: int, device: str = NO_DEVICE
) -> Entry:
    return Entry(key, shape, dtype, nbytes, device, buffer_hint(key, shape, dtype))


def printable(text: str, limits: Limits = LIMITS) -> str:
    """`text` on one line: control characters escaped, and cut, with a fingerprint, if too long."""
    if len(text) > limits.key_chars:
        fingerprint = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
        text = f"{text[: limits.key_chars]}… ({len(text):,} characters, {fingerprint})"
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


class Distinct:
    """Makes keys distinct: the second `a.b`, from {"a.b": 1, "a": {"b": 2}}, is `a.b (2)`."""

    def __init__(self):
        self.counts: dict[str, int] = {}

    def __call__(self, key: str) -> str:
        result = key
        while result in self.counts:
            self.counts[key] += 1
            result = f"{key} ({self.counts[key]})"
        self.counts[result] = 1
        return result


# --------------------------------------------------------------------------------- comparing


@dataclass(frozen=True)
class Mismatch:
    """A key of both files whose tensors differ in shape, in dtype, or in being one at all.

    `load_state_dict` refuses another shape, with strict=False too; it casts another dtype.
    """

    key: str
    a: Entry
    b: Entry

    @property
    def shape_differs(self) -> bool:
        return self.a.shape != self.b.shape

    @property
    def dtype_differs(self) -> bool:
        return self.a.dtype != self.b.dtype


@dataclass(frozen=True)
class Differences:
    """The words are those of load_state_dict, with `a` as the module and `b` as the file."""

    missing: tuple[str, ...]  # in a, not in b
    unexpected: tuple[str, ...]  # in b, not in a
    mismatched: tuple[Mismatch, ...]  # in both, with another shape or dtype

    def __bool__(self) -> bool:
        return bool(self.missing or self.unexpected or self.mismatched)


def compare(a: Contents, b: Contents) -> Differences:
    """What differs if `b` is loaded where `a` is expected. Each part in its file's order."""
    in_a: Mapping[str, Entry] = {entry.key: entry for entry in a.entries}
    in_b: Mapping[str, Entry] = {entry.key: entry for entry in b.entries}
    return Differences(
        tuple(key for key in in_a if key not in in_b),
        tuple(key for key in in_b if key not in in_a),
        tuple(
            Mismatch(key, entry, in_b[key])
            for key, entry in in_a.items()
            if key in in_b and (entry.shape, entry.dtype) != (in_b[key].shape, in_b[key].dtype)
        ),
    )
