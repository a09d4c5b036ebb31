"""Every tensor that can be reached from a module, also where PyTorch does not look.

Searched are registered tensors, plain attributes, lists, dicts, tuples, sets, dataclasses and other
objects, partial functions, bound methods and what functions enclose. A tensor is named by its path:
`blocks[0].tables['sin']`, `scale.<closure shift>`.
"""

import dataclasses
import functools
import types
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

MOST_OBJECTS = 50_000  # that one search looks at
_OWN_TO_MODULES = frozenset(nn.Module().__dict__) - {"training"}
_LEAVES = (
    str, bytes, int, float, complex, type, types.ModuleType, types.BuiltinFunctionType,
    torch.dtype, torch.device, torch.Generator, torch.Size, weakref.ReferenceType,
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Held:
    """A tensor, and how it is held."""

    path: str  # from the module that was searched
    tensor: torch.Tensor
    holding: str  # "parameter", "buffer", "non-persistent buffer" or "plain"
    hidden: str  # the path of the module in a plain container through which it was found, or ""
    owner: nn.Module  # the module that PyTorch finds nearest above it
    attribute: str  # of the owner: the tensor's name, or that of what contains it
    put: Callable[[torch.Tensor], None] | None  # hold another tensor there; None where that fails

    @property
    def unit(self) -> tuple[str, str]:
        """The same for tensors that the same line of a class's source holds."""
        cls = type(self.owner)
        return f"{cls.__module__}.{cls.__qualname__}", self.attribute


def tensors_of(module: nn.Module) -> list[Held]:
    """Every tensor reachable from a module, each path once."""
    search = _Search()
    return list(search.module(module, _Place("", "", module, "")))


def hidden_modules(module: nn.Module) -> dict[str, nn.Module]:
    """Modules that are reached only through something that is no module, by path."""
    search = _Search()
    deque(search.module(module, _Place("", "", module, "")), maxlen=0)
    return search.hidden


class _Search:
    def __init__(self) -> None:
        self.seen: set[int] = set()
        self.alive: list[Any] = []  # so that no id is used twice
        self.hidden: dict[str, nn.Module] = {}
        self.registered: set[int] = set()

    def new(self, value: Any) -> bool:
        if id(value) in self.seen or len(self.seen) > MOST_OBJECTS:
            return False
        self.seen.add(id(value))
        self.alive.append(value)
        return True

    def module(self, module: nn.Module, top: "_Place") -> Iterator[Held]:
        """First what is registered, in all modules below, so that a hidden module is told apart."""
        below = []
        for name, child in module.named_modules(prefix=top.path):
            if self.new(child):
                below.append((name, child))
        for name, child in below:
            yield from self._registered(child, name, top)
        for name, child in below:
            for attribute, value in list(vars(child).items()):
                if attribute in _OWN_TO_MODULES:
                    continue
                put = functools.partial(_put_attribute, child, attribute)
                here = _Place(f"{name}.{attribute}".lstrip("."), "", child, attribute)
                here = dataclasses.replace(top, path=here.path) if top.hidden else here
                yield from self._value(value, here, put, 0)

    def _registered(self, module: nn.Module, path: str, top: "_Place") -> Iterator[Held]:
        for kind, holder in (("parameter", module._parameters), ("buffer", module._buffers)):
            for name, tensor in holder.items():
                if not isinstance(tensor, torch.Tensor) or nn.parameter.is_lazy(tensor):
                    continue
                transient = kind == "buffer" and name in module._non_persistent_buffers_set
                holding = "non-persistent buffer" if transient else kind
                put = functools.partial(holder.__setitem__, name)
                owner, attribute = (top.owner, top.attribute) if top.hidden else (module, name)
                full = f"{path}.{name}".lstrip(".")
                yield Held(full, tensor, holding, top.hidden, owner, attribute, put)  # ty: ignore[invalid-argument-type]

    def _value(
        self, value: Any, place: "_Place", put: Callable | None, depth: int
    ) -> Iterator[Held]:
        if isinstance(value, torch.Tensor):
            yield Held(place.path, value, "plain", place.hidden, place.owner, place.attribute, put)
        elif value is None or isinstance(value, _LEAVES) or depth > 10:
            return
        elif isinstance(value, nn.Module):
            if id(value) not in self.seen:
                self.hidden[place.path] = value
                hidden = place.hidden or place.path
                yield from self.module(value, dataclasses.replace(place, hidden=hidden))
        elif self.new(value):
            for step, part, put_part in _parts(value, put):
                yield from self._value(part, place.below(step), put_part, depth + 1)


@dataclass(frozen=True)
class _Place:
    path: str
    hidden: str
    owner: nn.Module
    attribute: str

    def below(self, step: str) -> "_Place":
        return dataclasses.replace(self, path=self.path + step)


def _put_attribute(holder: Any, name: str, value: Any) -> None:
    if isinstance(holder, nn.Module):
        vars(holder)[name] = value
    else:
        object.__setattr__(holder, name, value)


def _parts(value: Any, put: Callable | None) -> Iterator[tuple[str, Any, Callable | None]]:
    """(step of the path, part, how to put another in its place) of a container or an object."""
    if isinstance(value, dict):
        for key in list(value):
            yield f"[{key!r}]", value[key], functools.partial(value.__setitem__, key)
    elif isinstance(value, (list, deque)):
        for index, part in enumerate(list(value)):
            yield f"[{index}]", part, functools.partial(value.__setitem__, index)
    elif isinstance(value, tuple):
        parts = list(value)  # one for all that put something into this tuple
        for index, part in enumerate(value):
            put_here = functools.partial(_put_in_tuple, value, parts, put, index) if put else None
            yield f"[{index}]", part, put_here
    elif isinstance(value, (set, frozenset)):
        for index, part in enumerate(value):
            yield f"{{{index}}}", part, None
    elif isinstance(value, functools.partial):
        yield ".func", value.func, None
        for index, part in enumerate(value.args):
            yield f".args[{index}]", part, None
        for key in value.keywords:
            put_keyword = functools.partial(value.keywords.__setitem__, key)
            yield f".keywords[{key!r}]", value.keywords[key], put_keyword
    elif isinstance(value, types.MethodType):
        yield ".__self__", value.__self__, None
    elif isinstance(value, types.FunctionType):
        names = value.__code__.co_freevars
        for name, cell in zip(names, value.__closure__ or (), strict=True):
            yield from _enclosed(name, cell)
    else:
        for name, part in _fields(value):
            yield f".{name}", part, functools.partial(_put_attribute, value, name)


def _put_in_tuple(whole: tuple, parts: list, put: Callable, index: int, part: Any) -> None:
    parts[index] = part
    put(type(whole)._make(parts) if hasattr(whole, "_make") else type(whole)(parts))  # ty: ignore[missing-attribute]


def _enclosed(name: str, cell: types.CellType) -> Iterator[tuple[str, Any, Callable]]:
    try:
        contents = cell.cell_contents
    except ValueError:  # nothing was assigned so far
        return
    yield f".<closure {name}>", contents, functools.partial(setattr, cell, "cell_contents")


def _fields(value: Any) -> list[tuple[str, Any]]:
    slots = [s for cls in type(value).__mro__ for s in _as_tuple(vars(cls).get("__slots__"))]
    own = [s for s in slots if s not in ("__dict__", "__weakref__") and hasattr(value, s)]
    return [*getattr(value, "__dict__", {}).items(), *((s, getattr(value, s)) for s in own)]


def _as_tuple(slots: Any) -> tuple[str, ...]:
    return (slots,) if isinstance(slots, str) else tuple(slots or ())
