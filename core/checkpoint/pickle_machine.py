"""A stack machine for pickles on which nothing runs: what would import or call leaves a note.

Sources: Python's `pickletools.py` (the instructions), torch's `_weights_only_unpickler.py` (those
that PyTorch takes, and the allowed names).
"""

import pickletools
import time
from collections.abc import Callable, Iterable
from typing import Any, BinaryIO

from torch._utils import IMPORT_MAPPING, NAME_MAPPING
from torch._weights_only_unpickler import _get_allowed_globals

from core.checkpoint.contents import Limits, Refusal, printable
from core.checkpoint.pickle_values import (
    CONSTANTS,
    LITERALS,
    TAKEN_BY_TORCH,
    Broken,
    Items,
    Name,
    Other,
    Storage,
    StoredTensor,
    storage_of,
)
from core.checkpoint.tensor_calls import inert_call


class Machine:
    """The stack machine. Limits keep its work and memory in proportion to the file."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.stack: list[Any] = []
        self.marks: list[list[Any]] = []  # the stacks below each open MARK
        self.memo: dict[int, Any] = {}
        self.storages: dict[str, Storage] = {}
        self.imports: dict[str, None] = {}  # refused names, in order
        self.numpy_types: dict[str, None] = {}  # what numpy.dtype is called with
        self.modules: dict[str, None] = {}  # types of what has the attributes of an nn.Module
        self.deadline = time.monotonic() + limits.seconds
        self.copied = 0  # items that calls may have copied
        self.foreign = ""  # the first instruction that PyTorch does not take

    def run(self, file: BinaryIO) -> Any:
        for step, (opcode, argument, _) in enumerate(pickletools.genops(file)):
            name = opcode.name
            if step % 50_000 == 0 and time.monotonic() > self.deadline:
                raise Refusal(
                    f"Reading its pickle took more than {self.limits.seconds} seconds; that is the "
                    "limit. Save fewer tensors in one file."
                )
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
            elif name in STEPS:
                STEPS[name](self, argument)
            else:
                raise Broken(f"{name} is no instruction of a checkpoint")
        raise Broken("it has no end")

    def pop_mark(self) -> list[Any]:
        items = self.stack
        self.stack = self.marks.pop()
        return items

    # one method an instruction, or a family of them

    def mark(self, _: Any) -> None:
        self.marks.append(self.stack)
        self.stack = []

    def put(self, index: Any) -> None:
        index = len(self.memo) if index is None else int(index)
        if not 0 <= index <= self.limits.pickle_steps:
            raise Broken(f"memo {index}")
        self.memo[index] = self.stack[-1]

    def get(self, index: Any) -> None:
        self.stack.append(self.memo[int(index)])

    def pop(self, _: Any) -> None:
        if self.stack:
            self.stack.pop()
        else:
            self.pop_mark()

    def take(self, count: int) -> list[Any]:
        if len(self.stack) < count:
            raise Broken("the stack is empty")
        items = self.stack[-count:]
        del self.stack[-count:]
        return items

    def tuple_of(self, count: int) -> None:
        self.stack.append(tuple(self.take(count)))

    def append(self, items: Iterable[Any]) -> None:
        target = self.stack[-1]
        if type(target) is list:
            target.extend(items)
        elif type(target) is not Other:  # a set's items are not shown
            raise Broken(f"cannot append to {type(target).__name__}")

    def set_items(self, items: list[Any]) -> None:
        target = self.stack[-1]
        if type(target) is not Items or len(items) % 2:
            raise Broken("it sets items of what is no dict")
        target.pairs.extend(zip(items[::2], items[1::2], strict=True))

    def list_(self, _: Any) -> None:
        items = self.pop_mark()
        self.stack.append(items)

    def tuple_(self, _: Any) -> None:
        items = self.pop_mark()
        self.stack.append(tuple(items))

    def dict_(self, _: Any) -> None:
        items = self.pop_mark()
        self.stack.append(Items())
        self.set_items(items)

    def frozenset(self, _: Any) -> None:
        self.pop_mark()
        self.stack.append(Other("frozenset"))

    def import_name(self, module: str, name: str) -> None:
        if (module, name) in NAME_MAPPING:  # names of Python 2
            module, name = NAME_MAPPING[(module, name)]
        module = IMPORT_MAPPING.get(module, module)
        full = f"{module}.{name}"
        if full not in _get_allowed_globals():
            self.imports[full] = None
        self.stack.append(Name(full))

    def global_(self, argument: str) -> None:
        self.import_name(*argument.split(" ", 1))

    def stack_global(self, _: Any) -> None:
        module, name = self.take(2)
        if type(module) is not str or type(name) is not str:
            module, name = "a module", "whose name it computes"
        self.import_name(module, name)

    def inst(self, argument: str) -> None:
        arguments = tuple(self.pop_mark())
        self.global_(argument)
        self.call(self.stack.pop(), arguments)

    def obj(self, _: Any) -> None:
        function, *arguments = self.pop_mark()
        self.call(function, tuple(arguments))

    def reduce(self, _: Any) -> None:
        self.call(*self.take(2))

    def newobj_ex(self, _: Any) -> None:
        self.call(*self.take(3)[:2])

    def build(self, _: Any) -> None:  # attributes, such as the versions in state_dict()._metadata
        (state,) = self.take(1)
        target = self.stack[-1]
        if not isinstance(target, Items | Other | StoredTensor):
            raise Broken("it sets attributes of what has none")
        if type(target) is Items:
            target.attributes = state
        elif type(target) is Other and type(state) is Items:
            names = {key for key, _ in state.pairs[:40] if type(key) is str}
            if {"_parameters", "_buffers", "_modules"} <= names:
                self.modules[target.type] = None

    def call(self, function: Any, arguments: Any) -> None:
        if type(function) is not Name or type(arguments) is not tuple:
            raise Broken("it calls what is no function")
        if arguments and type(arguments[0]) in (list, tuple):
            self.copied += len(arguments[0])
        if self.copied > self.limits.pickle_steps:
            raise Broken("it copies one list again and again")
        if function.full == "numpy.dtype" and arguments and type(arguments[0]) is str:
            self.numpy_types[arguments[0]] = None
        self.stack.append(inert_call(function.full, arguments, self.limits))

    def storage(self, _: Any) -> None:
        whole, part = storage_of(self.stack.pop(), self.limits)
        if self.storages.setdefault(whole.key, whole).nbytes != whole.nbytes:
            raise Broken(f"storage {whole.key} has two sizes")
        self.stack.append(part)


STEPS: dict[str, Callable[[Machine, Any], object]] = {
    "PROTO": lambda machine, _: None,
    "FRAME": lambda machine, _: None,
    "MARK": Machine.mark,
    "POP": Machine.pop,
    "POP_MARK": lambda machine, _: machine.pop_mark(),
    "DUP": lambda machine, _: machine.stack.append(machine.stack[-1]),
    **dict.fromkeys(("PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"), Machine.put),
    **dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), Machine.get),
    "EMPTY_LIST": lambda machine, _: machine.stack.append([]),
    "EMPTY_DICT": lambda machine, _: machine.stack.append(Items()),
    "EMPTY_SET": lambda machine, _: machine.stack.append(Other("set")),
    "LIST": Machine.list_,
    "FROZENSET": Machine.frozenset,
    "DICT": Machine.dict_,
    "TUPLE": Machine.tuple_,
    "TUPLE1": lambda machine, _: machine.tuple_of(1),
    "TUPLE2": lambda machine, _: machine.tuple_of(2),
    "TUPLE3": lambda machine, _: machine.tuple_of(3),
    "APPEND": lambda machine, _: machine.append(machine.take(1)),
    **dict.fromkeys(("APPENDS", "ADDITEMS"), lambda machine, _: machine.append(machine.pop_mark())),
    "SETITEM": lambda machine, _: machine.set_items(machine.take(2)),
    "SETITEMS": lambda machine, _: machine.set_items(machine.pop_mark()),
    "GLOBAL": Machine.global_,
    "STACK_GLOBAL": Machine.stack_global,
    "INST": Machine.inst,
    "OBJ": Machine.obj,
    "REDUCE": Machine.reduce,
    "NEWOBJ": Machine.reduce,
    "NEWOBJ_EX": Machine.newobj_ex,
    "BUILD": Machine.build,
    "BINPERSID": Machine.storage,
}
