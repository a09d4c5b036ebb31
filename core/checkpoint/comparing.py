"""What load_state_dict would say if one file's tensors were loaded where another's are expected.

It is run: modules without a forward hold the expected tensors, on the meta device and so without
numbers, and torch.nn.Module.load_state_dict loads the other file's into them.

    differences = compare(expected, loaded)     # two Contents
    differences.missing                         # keys that only `expected` has
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from core.checkpoint.casts import CastResult, cast
from core.checkpoint.contents import EMPTY_DICT, WHOLE_FILE, Contents, Entry, Refusal
from core.checkpoint.holders import EXTRA, Outcome, try_load
from core.settings.setting import shorten

PREFIXES = ("module.", "_orig_mod.", "model.")  # that wrappers put before every key


@dataclass(frozen=True)
class Mismatch:
    """A key of both files that load_state_dict refuses to copy, with strict=False too."""

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
class Cast:
    """A key that load_state_dict copies without a word although its dtype is another one."""

    key: str
    a: Entry
    b: Entry
    result: CastResult


@dataclass(frozen=True)
class Differences:
    """The words are those of load_state_dict, with `a` as the module and `b` as the file."""

    missing: tuple[str, ...]  # in a, not in b, and PyTorch says so
    unexpected: tuple[str, ...]  # in b, not in a
    mismatched: tuple[Mismatch, ...]  # in both, and not copied
    casts: tuple[Cast, ...]  # in both, and copied into another dtype
    filled: tuple[str, ...]  # in a, not in b, and PyTorch says nothing: it keeps the module's
    message: str  # PyTorch's own, with strict=True
    message_not_strict: str
    prefix: str = ""  # a part before the keys that alone makes the difference

    def __bool__(self) -> bool:
        return bool(self.missing or self.unexpected or self.mismatched or self.lossy)

    @property
    def lossy(self) -> tuple[Cast, ...]:
        """The casts that change numbers."""
        return tuple(cast for cast in self.casts if not cast.result.is_exact)

    @property
    def loads(self) -> bool:
        """Whether load_state_dict takes it, with strict=True."""
        return not (self.missing or self.unexpected or self.mismatched)


def unwrapped(contents: Contents, wrapper: str) -> Contents:
    """What a training checkpoint has under `wrapper`: the state_dict that a module loads."""
    dot = f"{wrapper}."
    entries = tuple(
        replace(entry, key=entry.key.removeprefix(dot), wrapper="")
        for entry in contents.entries
        if entry.wrapper == wrapper and entry.key.startswith(dot)
    )
    versions = None
    if contents.versions is not None:
        inner = {k: v for k, v in contents.versions.items() if k == wrapper or k.startswith(dot)}
        versions = {k.removeprefix(dot) if k != wrapper else "": v for k, v in inner.items()}
    return replace(contents, entries=entries, versions=versions or None)


def compare(a: Contents, b: Contents) -> Differences:
    """What load_state_dict says if `b` is loaded where `a` is expected. Each in its file's order.

    Of `a` the tensors count, as a module's. Raises Refusal where there are too many to try.
    """
    in_a = {k: e for k, e in _keys(a).items() if e.is_tensor or e.name == EXTRA}
    direct = _keys(b)
    outcome = try_load(in_a, direct, b.versions)
    both = [key for key in in_a if key in direct]
    refused = set(outcome.refused)
    mismatched = tuple(Mismatch(k, in_a[k], direct[k]) for k in both if k in refused)
    casts = tuple(
        Cast(k, in_a[k], direct[k], cast(direct[k].dtype, in_a[k].dtype))
        for k in both
        if k not in refused and in_a[k].is_tensor and in_a[k].dtype != direct[k].dtype
    )
    gone = set(outcome.missing)
    filled = tuple(k for k in in_a if k not in direct and k not in gone)
    return Differences(
        outcome.missing,
        outcome.unexpected,
        mismatched,
        casts,
        filled,
        outcome.message,
        outcome.message_not_strict,
        _prefix(in_a, direct, outcome),
    )


def _keys(contents: Contents) -> dict[str, Entry]:
    """The keys that load_state_dict sees: what lies in a dict within is, for it, that dict.

    Raises Refusal if the file holds no dict.
    """
    found: dict[str, Entry] = {}
    for entry in contents.entries:
        if entry.key == WHOLE_FILE:
            if entry.dtype == EMPTY_DICT:
                return {}
            raise Refusal(
                f"{shorten(contents.name, 60)} holds no dict of tensors, so load_state_dict ends "
                "in a TypeError."
            )
        key = entry.wrapper or entry.key
        head, extra, _ = entry.key.partition(f"{EXTRA}.")
        if extra and (not head or head.endswith(".")):
            key = head + EXTRA
        found.setdefault(key, entry if key == entry.key else Entry(key, None, "dict", 0, "—"))
    return found


def _prefix(in_a: Mapping[str, Entry], in_b: Mapping[str, Entry], outcome: Outcome) -> str:
    """What stands before every key of one file, and nothing else makes the difference."""
    if not outcome.missing or not outcome.unexpected:
        return ""
    for prefix in PREFIXES:
        if {f"{prefix}{key}" for key in in_a} == set(in_b):
            return prefix
        if {f"{prefix}{key}" for key in in_b} == set(in_a):
            return prefix
    return ""
