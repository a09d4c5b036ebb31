"""Modules that hold tensors by the keys of a state_dict and compute nothing: `try_load`."""

import math
import warnings
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn.modules.batchnorm import _NormBase

from core.checkpoint.casts import cast, known_dtype
from core.checkpoint.contents import RAGGED, Entry, Refusal

EXTRA = "_extra_state"  # torch.nn.modules.module._EXTRA_STATE_KEY_SUFFIX
NORM = {"running_mean", "running_var", "num_batches_tracked"}
MOST_MODULES = 30_000
MOST_STEPS = 50_000_000  # load_state_dict compares every key with every module's name
MAX_LINES = 30  # of a message that are kept


@dataclass(frozen=True)
class Outcome:
    """What load_state_dict said of a file, in its own words and order."""

    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    refused: tuple[str, ...]  # keys that it would not copy
    message: str
    message_not_strict: str


class Holder(nn.Module):
    """Holds what it is given. refused collects the keys that were not copied."""

    refused: list[str]

    def _load_from_state_dict(
        self,
        state_dict: Any,
        prefix: str,
        local_metadata: Any,
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        error_msgs: list[str],
    ) -> None:
        before = len(error_msgs)
        super()._load_from_state_dict(
            state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs
        )
        about = {_key_of(text) for text in error_msgs[before:]}
        self.refused += [prefix + name for name in self._buffers if prefix + name in about]


def _key_of(message: str) -> str:
    """The key that one of PyTorch's messages is about."""
    if message.startswith("size mismatch for "):
        return message.removeprefix("size mismatch for ").split(": copying a param with shape")[0]
    return message.partition('"')[2].rpartition('",')[0].split('", ')[0]


class NormHolder(Holder, _NormBase):
    """As a BatchNorm, which gives an old file the counter that it lacks."""

    def __init__(self) -> None:
        nn.Module.__init__(self)
        self.track_running_stats = True


class ExtraHolder(Holder):
    """As a module that defines get_extra_state and takes anything back."""

    def get_extra_state(self) -> None:
        return None

    def set_extra_state(self, state: Any) -> None:
        return None


def try_load(
    expected: Mapping[str, Entry], loaded: Mapping[str, Entry], versions: Mapping[str, int] | None
) -> Outcome:
    """Run load_state_dict of a module with the `expected` tensors on those that are `loaded`.

    versions are those in the loaded state_dict's _metadata. Raises Refusal for too many keys.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch's own, of quantized tensors and complex numbers
        return _try_load(expected, loaded, versions)


def _try_load(
    expected: Mapping[str, Entry], loaded: Mapping[str, Entry], versions: Mapping[str, int] | None
) -> Outcome:
    module, refused, count = _module(expected, loaded)
    if count * max(len(loaded), 1) > MOST_STEPS:
        raise Refusal(
            f"load_state_dict would look at {len(loaded):,} keys for each of {count:,} modules; "
            f"the limit here is {MOST_STEPS:,} looks. Compare smaller parts of the files."
        )
    state: OrderedDict[str, Any] = OrderedDict()
    for key, entry in loaded.items():
        state[key] = _tensor(entry, expected.get(key)) if entry.is_tensor else _Value(entry.dtype)
    if versions is not None:
        metadata = {name: {"version": v} if v else {} for name, v in versions.items()}
        vars(state)["_metadata"] = metadata
    missing, unexpected = [], []

    def keep(_: nn.Module, keys: Any) -> None:
        missing[:], unexpected[:] = keys.missing_keys, keys.unexpected_keys

    module.register_load_state_dict_post_hook(keep)
    message = _said(module, state, strict=True)
    not_strict = _said(module, state, strict=False)
    return Outcome(
        tuple(missing), tuple(unexpected), tuple(dict.fromkeys(refused)), message, not_strict
    )


def _said(module: nn.Module, state: Mapping[str, Any], strict: bool) -> str:
    try:
        text = repr(module.load_state_dict(state, strict=strict))
    except RuntimeError as error:
        text = str(error).replace(f"{type(module).__name__}:", "the module:", 1)
    lines = text.splitlines()
    more = [f"\t… and {len(lines) - MAX_LINES:,} more lines"] if len(lines) > MAX_LINES else []
    return "\n".join([*lines[:MAX_LINES], *more])


class _Value:
    """Stands for what is no tensor."""

    def __init__(self, kind: str) -> None:
        self.kind = kind


def _tensor(entry: Entry, other: Entry | None) -> torch.Tensor:
    """A tensor of an entry's shape and dtype, on the meta device, so that it takes no memory.

    Copies on meta never fail, so a pair that PyTorch does not copy is made for real if it is small.
    """
    dtype = known_dtype(entry.dtype) or torch.uint8
    shape = [max(n, 0) for n in entry.shape or ()]
    if RAGGED in (entry.shape or ()):
        dtype = torch.float32
    if other and other.is_tensor and other.shape == entry.shape and math.prod(shape) <= 2**16:
        refused = cast(entry.dtype, other.dtype).error or cast(other.dtype, entry.dtype).error
        if refused and (real := _real(entry, shape)) is not None:
            return real
    return torch.empty(shape, dtype=dtype, device="meta")


def _real(entry: Entry, shape: list[int]) -> torch.Tensor | None:
    dtype = known_dtype(entry.dtype)
    if dtype is None:
        return None
    if "sparse" in entry.dtype:
        return torch.zeros(shape).to_sparse().to(dtype)
    if dtype in (torch.quint8, torch.qint8, torch.qint32):
        return torch.quantize_per_tensor(torch.zeros(shape), 0.1, 0, dtype)
    return torch.zeros(shape, dtype=dtype)


def _module(
    expected: Mapping[str, Entry], loaded: Mapping[str, Entry]
) -> tuple[nn.Module, list[str], int]:
    """(a module with the expected tensors, the list that its parts add refused keys to, parts)"""
    places: dict[str, dict[str, Entry]] = {"": {}}
    for key, entry in expected.items():
        path, _, name = key.rpartition(".")
        places.setdefault(path, {})[name] = entry
    refused: list[str] = []
    made: dict[str, Holder] = {}

    def at(path: str) -> Holder:
        if path in made:
            return made[path]
        if len(made) >= MOST_MODULES:
            raise Refusal(
                f"The keys name more than {MOST_MODULES:,} modules; that is the limit for "
                "comparing. Compare smaller parts of the files."
            )
        holder = made[path] = _holder(places.get(path, {}))
        holder.refused = refused
        if path:
            parent, _, name = path.rpartition(".")
            at(parent)._modules[name] = holder
        return holder

    for path, entries in places.items():
        holder = at(path)
        for name, entry in entries.items():
            if name != EXTRA:
                holder._buffers[name] = _tensor(entry, loaded.get(entry.key))
    return made[""], refused, len(made)


def _holder(entries: Mapping[str, Entry]) -> Holder:
    if set(entries) >= NORM:
        return NormHolder()
    return ExtraHolder() if EXTRA in entries else Holder()
