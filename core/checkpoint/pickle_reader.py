"""Reads a checkpoint's pickle without unpickling it: nothing is imported, nothing is called.

A pickle is a program for a small stack machine. Here every instruction that would import or call
something leaves an inert note instead, so that `torch.FloatStorage` is a name and a tensor is its
shape. What torch.load(weights_only=True) would import is thereby listed; anything else is refused
with its name. That is stricter than weights_only itself, whose allowed functions do run and can be
asked for any amount of memory: `bytearray(10**12)` is among them.

Sources: Python's `pickletools.py` (the instructions), torch's `_weights_only_unpickler.py` (those
that PyTorch takes, and the allowed names), `_utils.py` (what the rebuild functions mean).
"""

import pickletools
import struct
from collections.abc import Iterable
from typing import Any, BinaryIO

from torch._utils import IMPORT_MAPPING, NAME_MAPPING
from torch._weights_only_unpickler import _get_allowed_globals

from core.checkpoint.contents import Limits, Refusal, printable
from core.checkpoint.pickle_values import (
    STORAGES,
    Broken,
    Items,
    Name,
    Other,
    Storage,
    StoredTensor,
    all_sizes,
    inert_call,
)
from core.settings.setting import shorten

TAKEN_BY_TORCH = frozenset(  # the instructions of torch's weights_only unpickler
    "GLOBAL NEWOBJ REDUCE BUILD APPEND APPENDS SETITEM SETITEMS MARK TUPLE TUPLE1 TUPLE2 TUPLE3 "
    "NONE NEWFALSE NEWTRUE EMPTY_TUPLE EMPTY_LIST EMPTY_DICT EMPTY_SET BININT BININT1 BININT2 "
    "BINFLOAT BINUNICODE SHORT_BINSTRING BINPERSID BINGET LONG_BINGET BINPUT LONG_BINPUT LONG1 "
    "PROTO STOP".split()
)
LITERALS = frozenset(  # instructions that push what follows them
    "BININT BININT1 BININT2 INT LONG LONG1 LONG4 BINFLOAT FLOAT BINUNICODE SHORT_BINUNICODE "
    "BINUNICODE8 UNICODE STRING BINSTRING SHORT_BINSTRING BINBYTES SHORT_BINBYTES BINBYTES8 "
    "BYTEARRAY8".split()
)
CONSTANTS = {"NONE": None, "NEWFALSE": False, "NEWTRUE": True, "EMPTY_TUPLE": ()}


def describe_import(name: str) -> str:
    """A name as inline code; `os.system` for what a pickle calls `posix.system`."""
    module, _, rest = name.partition(".")
    return shorten(f"os.{rest}" if module in ("posix", "nt") else name, 60)


def read_pickle(file: BinaryIO, limits: Limits) -> tuple[Any, dict[str, Storage]]:
    """The value of the pickle at the file's position, made of inert parts, and its storages by key.

    The file is left behind the pickle. Raises Refusal for what PyTorch would not load either.
    """
    machine = _Machine(limits)
    broken = None
    try:
        value = machine.run(file)
    except Refusal:
        machine.refuse_imports()  # what it wants to import is the better reason
        raise
    except (
        *(Broken, LookupError, TypeError, ValueError, AttributeError),
        *(OverflowError, EOFError, struct.error),
    ) as error:
        broken = error
    machine.refuse_imports()
    if broken is not None:
        reason = str(broken) if type(broken) is Broken else "its instructions do not fit together"
        raise Refusal(
            f"The pickle in this file is broken or cut off: {shorten(reason, 80)}. "
            "Download or save it again."
        )
    if machine.foreign:
        raise Refusal(
            f"This pickle uses the instruction `{machine.foreign}`, which "
            "torch.load(weights_only=True) does not take. "
            "Save it again with torch.save and its default pickle_protocol."
        )
    return value, machine.storages


class _Machine:
    """The stack machine. Limits keep its work and memory in proportion to the file."""

    def __init__(self, limits: Limits):
        self.limits = limits
        self.stack: list[Any] = []
        self.marks: list[list[Any]] = []  # the stacks below each open MARK
        self.memo: dict[int, Any] = {}
        self.storages: dict[str, Storage] = {}
        self.imports: dict[str, None] = {}  # refused names, in order
        self.copied = 0  # items that calls may have copied
        self.foreign = ""  # the first instruction that PyTorch does not take

    def refuse_imports(self) -> None:
        if not self.imports:
            return
        names = list(self.imports)
        shown = ", ".join(describe_import(name) for name in names[:5])
        more = f" and {len(names) - 5:,} more" if len(names) > 5 else ""
        raise Refusal(
            f"It wants to import {shown}{more}. That could run code, so it was not loaded: "
            "torch.load(weights_only=True) refuses it too. "
            "Save plain tensors instead: torch.save(model.state_dict(), file)."
        )

    def run(self, file: BinaryIO) -> Any:
        for step, (opcode, argument, _) in enumerate(pickletools.genops(file)):
            name = opcode.name
            if step >= self.limits.pickle_steps:
                raise Refusal(
                    f"The pickle in this file has more than {self.limits.pickle_steps:,} "
                    f"instructions; that is the limit, enough for {self.limits.entries:,} tensors. "
                    "Save fewer tensors in one file."
                )
            if name not in TAKEN_BY_TORCH:
                self.foreign = self.foreign or name
            if name in LITERALS:
                if type(argument) is str:
                    argument = printable(argument, self.limits)  # once, however often it is used
                self.stack.append(argument)
            elif name in CONSTANTS:
                self.stack.append(CONSTANTS[name])
            elif name == "STOP":
                return self.stack.pop()
            elif name in _STEPS:
                _STEPS[name](self, argument)
            else:
                raise Broken(f"{name} is no instruction of a checkpoint")
        raise Broken("it has no end")

    def pop_mark(self) -> list[Any]:
        items = self.stack
        self.stack = self.marks.pop()
        return items

    # one method an instruction, or a family of them

    def mark(self, _):
        self.marks.append(self.stack)
        self.stack = []

    def put(self, index):
        index = len(self.memo) if index is None else int(index)
        if not 0 <= index <= self.limits.pickle_steps:
            raise Broken(f"memo {index}")
        self.memo[index] = self.stack[-1]

    def get(self, index):
        self.stack.append(self.memo[int(index)])

    def pop(self, _):
        if self.stack:
            self.stack.pop()
        else:
            self.pop_mark()

    def take(self, count):
        if len(self.stack) < count:
            raise Broken("the stack is empty")
        items = self.stack[-count:]
        del self.stack[-count:]
        return items

    def tuple_of(self, count):
        self.stack.append(tuple(self.take(count)))

    def append(self, items: Iterable[Any]):
        target = self.stack[-1]
        if type(target) is list:
            target.extend(items)
        elif type(target) is not Other:  # a set's items are not shown
            raise Broken(f"cannot append to {type(target).__name__}")

    def set_items(self, items: list[Any]):
        target = self.stack[-1]
        if type(target) is not Items or len(items) % 2:
            raise Broken("it sets items of what is no dict")
        target.pairs.extend(zip(items[::2], items[1::2], strict=True))

    def list_(self, _):
        items = self.pop_mark()
        self.stack.append(items)

    def tuple_(self, _):
        items = self.pop_mark()
        self.stack.append(tuple(items))

    def dict_(self, _):
        items = self.pop_mark()
        self.stack.append(Items())
        self.set_items(items)

    def frozenset(self, _):
        self.pop_mark()
        self.stack.append(Other("frozenset"))

    def import_name(self, module: str, name: str):
        if (module, name) in NAME_MAPPING:  # names of Python 2
            module, name = NAME_MAPPING[(module, name)]
        module = IMPORT_MAPPING.get(module, module)
        full = f"{module}.{name}"
        if full not in _get_allowed_globals():
            self.imports[full] = None
        self.stack.append(Name(full))

    def global_(self, argument):
        self.import_name(*argument.split(" ", 1))

    def stack_global(self, _):
        module, name = self.take(2)
        if type(module) is not str or type(name) is not str:
            module, name = "a module", "whose name it computes"
        self.import_name(module, name)

    def inst(self, argument):
        arguments = tuple(self.pop_mark())
        self.global_(argument)
        self.call(self.stack.pop(), arguments)

    def obj(self, _):
        function, *arguments = self.pop_mark()
        self.call(function, tuple(arguments))

    def reduce(self, _):
        self.call(*self.take(2))

    def newobj_ex(self, _):
        self.call(*self.take(3)[:2])

    def build(self, _):  # attributes, such as the versions in state_dict()._metadata
        self.take(1)
        if not isinstance(self.stack[-1], Items | Other | StoredTensor):
            raise Broken("it sets attributes of what has none")

    def call(self, function, arguments):
        if type(function) is not Name or type(arguments) is not tuple:
            raise Broken("it calls what is no function")
        if arguments and type(arguments[0]) in (list, tuple):
            self.copied += len(arguments[0])
        if self.copied > self.limits.pickle_steps:
            raise Broken("it copies one list again and again")
        self.stack.append(inert_call(function.full, arguments, self.limits))

    def storage(self, _):
        """("storage", class, key, device, elements[, view]); view: (key, offset, elements)."""
        identity = self.stack.pop()
        if type(identity) is not tuple or not 5 <= len(identity) <= 6:
            raise Broken("it has no proper storage")
        kind, cls, key, device, elements, *view = identity
        name = cls.full.rpartition(".")[2]
        if kind != "storage" or name not in STORAGES or not all_sizes(elements):
            raise Broken("it has no proper storage")
        if type(key) is not str or type(device) is not str:
            raise Broken("it has a storage without a name")
        stored = Storage(key, STORAGES[name], printable(device, self.limits), elements)
        if self.storages.setdefault(key, stored).nbytes != stored.nbytes:
            raise Broken(f"storage {key} has two sizes")
        if view and view[0] is not None:
            _, offset, size = view[0]
            if not all_sizes(offset, size) or offset + size > elements:
                raise Broken(f"a view reaches outside storage {key}")
            stored = Storage(key, stored.dtype, stored.device, size)
        self.stack.append(stored)


_STEPS = {
    "PROTO": lambda machine, _: None,
    "FRAME": lambda machine, _: None,
    "MARK": _Machine.mark,
    "POP": _Machine.pop,
    "POP_MARK": lambda machine, _: machine.pop_mark(),
    "DUP": lambda machine, _: machine.stack.append(machine.stack[-1]),
    **dict.fromkeys(("PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"), _Machine.put),
    **dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), _Machine.get),
    "EMPTY_LIST": lambda machine, _: machine.stack.append([]),
    "EMPTY_DICT": lambda machine, _: machine.stack.append(Items()),
    "EMPTY_SET": lambda machine, _: machine.stack.append(Other("set")),
    "LIST": _Machine.list_,
    "FROZENSET": _Machine.frozenset,
    "DICT": _Machine.dict_,
    "TUPLE": _Machine.tuple_,
    "TUPLE1": lambda machine, _: machine.tuple_of(1),
    "TUPLE2": lambda machine, _: machine.tuple_of(2),
    "TUPLE3": lambda machine, _: machine.tuple_of(3),
    "APPEND": lambda machine, _: machine.append(machine.take(1)),
    **dict.fromkeys(("APPENDS", "ADDITEMS"), lambda machine, _: machine.append(machine.pop_mark())),
    "SETITEM": lambda machine, _: machine.set_items(machine.take(2)),
    "SETITEMS": lambda machine, _: machine.set_items(machine.pop_mark()),
    "GLOBAL": _Machine.global_,
    "STACK_GLOBAL": _Machine.stack_global,
    "INST": _Machine.inst,
    "OBJ": _Machine.obj,
    "REDUCE": _Machine.reduce,
    "NEWOBJ": _Machine.reduce,
    "NEWOBJ_EX": _Machine.newobj_ex,
    "BUILD": _Machine.build,
    "BINPERSID": _Machine.storage,
}
