"""Why a file is refused and what to do instead, and what loading a file needs: all in sentences.

Each piece of code here was run: the tests load the files in question with it. Source of what plain
torch.load takes: torch's `_weights_only_unpickler.py`.
"""

import re
from collections.abc import Iterable, Sequence

import numpy as np

from core.checkpoint.contents import Contents, Refusal
from core.settings.setting import shorten

NAMES_SHOWN = 5
DATA_TYPES = (  # modules whose classes hold data; allowing these by name runs nothing else
    *("numpy", "argparse", "pathlib", "datetime", "types", "decimal", "fractions", "uuid"),
    *("collections", "enum", "torch.torch_version", "omegaconf"),
)
OLD_NUMPY = "numpy.core."  # as numpy before version 2 called what it calls numpy._core now
DTENSOR = "torch.distributed.tensor.DTensor"
JAGGED = ("torch.nested.", "torch._dynamo.")
LAZY = "torch.nn.parameter.Uninitialized"
SHARDED = "torch.distributed.checkpoint."
DANGEROUS = ("os", "posix", "nt", "subprocess", "sys", "builtins", "shutil", "socket", "torch.hub")

ONE_FILE = (
    "from torch.distributed.checkpoint.format_utils import dcp_to_torch_save\n\n"
    'dcp_to_torch_save("folder", "model.pt")'
)
LOAD = 'state = torch.load("model.pt")'


def describe_import(name: str) -> str:
    """A name as inline code; `os.system` for what a pickle calls `posix.system`."""
    module, _, rest = name.partition(".")
    return shorten(f"os.{rest}" if module in ("posix", "nt") else name, 60)


def refused_imports(
    names: Sequence[str], numpy_types: Iterable[str] = (), has_module: bool = False
) -> Refusal:
    """The refusal of a pickle that wants to import names which plain torch.load does not take.

    numpy_types is what it calls numpy.dtype with; has_module says that an nn.Module is in it.
    """
    advice, code = _advice(names, numpy_types, has_module)
    shown = ", ".join(describe_import(name) for name in names[:NAMES_SHOWN])
    more = f" and {len(names) - NAMES_SHOWN:,} more" if len(names) > NAMES_SHOWN else ""
    return Refusal(
        f"It wants to import {shown}{more}. That could run code, so it was not loaded: "
        f"torch.load(weights_only=True) refuses it too. {advice}",
        code,
    )


def _advice(names: Sequence[str], numpy_types: Iterable[str], has_module: bool) -> tuple[str, str]:
    def all_of(*starts: str) -> bool:
        return all(name.startswith(starts) for name in names)

    def any_of(*starts: str) -> bool:
        return any(name.startswith(starts) for name in names)

    if any(name.rpartition(".")[0] in DANGEROUS for name in names):
        return "A checkpoint needs none of these. Delete it unless you made it yourself.", ""
    if has_module or any_of("torch.nn.modules."):
        return (
            "This is a whole module, saved with its class. Where you trust it and have its class, "
            "load it once and save the tensors alone.",
            'model = torch.load("model.pt", weights_only=False)  # runs what is in the file\n'
            'torch.save(model.state_dict(), "state.pt")',
        )
    if DTENSOR in names and all_of("torch.distributed."):
        return (
            "These are DTensors, as FSDP2 and tensor parallelism save them. Plain torch.load reads "
            "the file once `torch.distributed.tensor` is imported.",
            f"import torch\nimport torch.distributed.tensor\n\n{LOAD}",
        )
    if all_of(*JAGGED):
        return (
            "These are nested tensors of the jagged layout. Plain torch.load reads the file once "
            "`torch.nested` and `torch._dynamo` are imported.",
            f"import torch\nimport torch._dynamo\nimport torch.nested\n\n{LOAD}",
        )
    if any_of(LAZY):
        return (
            "This is the state of a lazy module that has seen no input yet, so its tensors have no "
            "shape. Call the module once, then save its state_dict.",
            'model(example)\ntorch.save(model.state_dict(), "state.pt")',
        )
    if any_of("torch.storage._load_from_bytes"):
        return (
            "It was written by pickle.dump and not by torch.save. Where you trust it, load it with "
            "pickle once and save it with torch.save.",
            'with open("model.pkl", "rb") as file:\n'
            "    state = pickle.load(file)  # runs what is in the file\n"
            'torch.save(state, "model.pt")',
        )
    if any_of(SHARDED):
        return (
            "This belongs to a sharded checkpoint of torch.distributed.checkpoint, a folder. It "
            "can be turned into one file.",
            ONE_FILE,
        )
    if all(_holds_data(name) for name in names):
        return (
            "These hold data beside the tensors. Where you trust the file, allow exactly these "
            "names, or save numbers, text and tensors only.",
            safe_globals(names, numpy_types),
        )
    return (
        "Where you trust the file and have these classes, load it once with weights_only=False and "
        "save again what is in it as tensors, numbers and text.",
        "",
    )


def several_archives(before: int) -> Refusal:
    """The refusal of a zip with other bytes before it, of which a reader sees only the last part.

    A shard of torch.distributed.checkpoint is one zip for each tensor, one after another.
    """
    return Refusal(
        f"{before:,} bytes lie before this zip, which would not be seen: perhaps this is a shard "
        "of torch.distributed.checkpoint (.distcp), which holds a zip for each tensor. Turn the "
        "folder into one file.",
        ONE_FILE,
    )


def _holds_data(name: str) -> bool:
    parts = name.split(".")
    return all(part.isidentifier() for part in parts) and any(
        name.startswith(f"{module}.") for module in DATA_TYPES
    )


def safe_globals(names: Iterable[str], numpy_types: Iterable[str] = ()) -> str:
    """A program that allows exactly these names, and loads. Names are dotted identifiers.

    A dtype of numpy is an object of a class of its own, which has to be allowed as well.
    """
    names = list(dict.fromkeys([*names, *_dtype_classes(numpy_types)]))
    modules = sorted({name.rpartition(".")[0] for name in names} | {"torch"})
    allowed = "".join(f"    {_allowed(name)},\n" for name in names)
    imports = "".join(f"import {_new(module)}\n" for module in modules)
    return (
        f"{imports}\nallowed = [\n{allowed}]\n"
        f"with torch.serialization.safe_globals(allowed):\n    {LOAD}"
    )


def _new(name: str) -> str:
    return name.replace(OLD_NUMPY, "numpy._core.")


def _allowed(name: str) -> str:
    return f'({_new(name)}, "{name}")' if name.startswith(OLD_NUMPY) else name


def _dtype_classes(texts: Iterable[str]) -> list[str]:
    found = []
    for text in texts:
        if re.fullmatch(r"[<>=|]?[a-zA-Z?]\d{0,3}", text):
            try:
                found.append(f"numpy.dtypes.{type(np.dtype(text)).__name__}")
            except TypeError:
                continue
    return found


def needs_map_location(contents: Contents) -> str:
    """A sentence for a file whose tensors lie on another device than the CPU; empty if none do."""
    devices = dict.fromkeys(
        entry.device
        for entry in contents.entries
        if entry.is_tensor and entry.device not in ("cpu", "meta", "—")
    )
    if not devices:
        return ""
    shown = ", ".join(shorten(device, 20) for device in list(devices)[:4])
    return (
        f"It was saved on {shown}, and torch.load puts its tensors there again. On a machine "
        'without that device, load it with `map_location="cpu"`.'
    )


NOT_READ_BACK = (
    "PyTorch writes {dtypes} into its old format, but does not read them back: torch.load ends in "
    "an AttributeError. Save it again without `_use_new_zipfile_serialization=False`."
)
NOTHING_RECORDED = (
    "A file does not record what was a buffer and what a parameter. What stands here is a guess, "
    "from a tensor's name, its shape, its dtype and, where they are few, its numbers."
)
