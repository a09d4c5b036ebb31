"""Reads a checkpoint's pickle without unpickling it: nothing is imported, nothing is called.

A pickle is a program for a small stack machine. Here every instruction that would import or call
something leaves an inert note instead, so that `torch.FloatStorage` is a name and a tensor is its
shape. What torch.load(weights_only=True) would import is thereby listed; anything else is refused
with its name. That is stricter than weights_only itself, whose allowed functions do run and can be
asked for any amount of memory: `bytearray(10**12)` is among them. So this stays code of our own.
"""

import struct
from typing import Any, BinaryIO

from core.checkpoint.contents import Limits, Refusal
from core.checkpoint.pickle_machine import Machine
from core.checkpoint.pickle_values import Broken, Storage
from core.checkpoint.reasons import refused_imports
from core.settings.setting import shorten


def read_pickle(file: BinaryIO, limits: Limits) -> tuple[Any, dict[str, Storage]]:
    """The value of the pickle at the file's position, made of inert parts, and its storages by key.

    The file is left behind the pickle. Raises Refusal for what PyTorch would not load either.
    """
    machine = Machine(limits)
    broken = None
    try:
        value = machine.run(file)
    except Refusal:
        _refuse_imports(machine)  # what it wants to import is the better reason
        raise
    except (
        *(Broken, LookupError, TypeError, ValueError, AttributeError),
        *(OverflowError, EOFError, struct.error),
    ) as error:
        broken = error
    _refuse_imports(machine)
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


def _refuse_imports(machine: Machine) -> None:
    if machine.imports:
        raise refused_imports(
            list(machine.imports), list(machine.numpy_types), bool(machine.modules)
        )
