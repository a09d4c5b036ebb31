"""What a checkpoint holds, as a table: limits, the refusal, and one Entry for each key.

Nothing here touches a tensor: shapes, dtypes, names and places only.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

NO_DEVICE = "—"  # safetensors stores none, and what is no tensor has none
WHOLE_FILE, EMPTY_DICT = "(the whole file)", "dict (empty)"  # a key and a type of the table
RAGGED = -1  # in a shape: a size that differs within a nested tensor


class Refusal(ValueError):
    """A file that is not read. The message is a plain sentence or two for whoever uploaded it.

    code is what to run instead, where that is known; it may be empty.
    """

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code


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
    seconds: int = 30  # that reading one pickle may take
    values_bytes: int = 4 * 2**20  # of numbers that are read, all together, to check the hints


LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class View:
    """The part of a storage that a tensor reads, in elements; a sparse tensor has several."""

    storage: str  # the storage's name in the file
    storage_bytes: int
    itemsize: int
    offset: int
    size: tuple[int, ...]
    stride: tuple[int, ...]


@dataclass(frozen=True)
class Entry:
    """One row. A value that is no tensor has the shape None, its type as dtype, and 0 bytes."""

    key: str  # printable and bounded; may hold markup, so show it as text
    shape: tuple[int, ...] | None  # RAGGED for a size that differs within a nested tensor
    dtype: str  # "float32"
    nbytes: int  # elements x bytes of one, as tensor.nbytes; two keys may share memory
    device: str  # the tag in the file, "cuda:0", whether or not there is such a device here
    buffer_hint: str | None = None  # why it looks like a buffer
    views: tuple[View, ...] = ()  # empty where the file says nothing of storages
    wrapper: str = ""  # the dict that it lies in, at the file's top; empty for the file itself

    @property
    def is_tensor(self) -> bool:
        return self.shape is not None

    @property
    def name(self) -> str:
        """The last part of the key, which a module calls it by."""
        return self.key.rpartition(".")[2]


@dataclass(frozen=True)
class Contents:
    """What `inspect` read."""

    name: str
    format: str  # "torch zip", "torch legacy pickle" or "safetensors"
    entries: tuple[Entry, ...]  # in the file's order; keys are distinct
    nbytes: int  # of the file
    note: str = ""  # a sentence if the file's name says something else
    notes: tuple[str, ...] = ()  # sentences on what loading it needs
    versions: Mapping[str, int] | None = None  # state_dict._metadata: the version of each module

    def wrappers(self) -> tuple[str, ...]:
        """The dicts of tensors within it that may be a state_dict, the likeliest first."""
        names = {entry.wrapper for entry in self.entries if entry.is_tensor and entry.wrapper}
        likely = [name for name in STATE_DICT_NAMES if name in names]
        return tuple(likely)


STATE_DICT_NAMES = (
    *("model", "state_dict", "model_state_dict", "module", "net", "network", "weights"),
    *("params", "params_ema", "ema", "model_ema", "state_dict_ema", "ema_state_dict"),
    *("generator", "G", "G_ema", "g_ema", "encoder", "decoder", "student", "teacher"),
)


def printable(text: str, limits: Limits = LIMITS) -> str:
    """`text` on one line: control characters escaped, and cut, with a fingerprint, if too long."""
    if len(text) > limits.key_chars:
        fingerprint = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
        text = f"{text[: limits.key_chars]}… ({len(text):,} characters, {fingerprint})"
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


@dataclass
class Distinct:
    """Makes keys distinct: the second `a.b`, from {"a.b": 1, "a": {"b": 2}}, is `a.b (2)`."""

    counts: dict[str, int] = field(default_factory=dict)

    def __call__(self, key: str) -> str:
        result = key
        while result in self.counts:
            self.counts[key] += 1
            result = f"{key} ({self.counts[key]})"
        self.counts[result] = 1
        return result
