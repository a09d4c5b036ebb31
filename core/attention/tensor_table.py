"""The tensors of a module: what they are called, how each is held, where it is."""

from dataclasses import dataclass
from enum import StrEnum

import torch
from torch import nn


class TensorKind(StrEnum):
    """How a module holds a tensor; the values are the words for learners."""

    PARAMETER = "parameter"
    BUFFER = "buffer"
    NON_PERSISTENT = "non-persistent buffer"
    PLAIN = "plain attribute"
    IN_LIST = "in a list"


BUFFERS = (TensorKind.BUFFER, TensorKind.NON_PERSISTENT)


@dataclass(frozen=True)
class TensorRow:
    """One tensor of a module, as the module holds it."""

    name: str
    kind: TensorKind
    shape: tuple[int, ...]
    dtype: str
    device: str
    bytes: int
    requires_grad: bool
    in_state_dict: bool


def module_tensors(model):
    """Every tensor of a module by its dotted name: parameters, buffers, plain attributes, and what
    a plain list holds, as in `masks[0]`."""
    tensors = {}
    for path, module in model.named_modules():
        prefix = f"{path}." if path else ""
        for name, value in {**vars(module), **module._buffers, **module._parameters}.items():
            if isinstance(value, torch.Tensor):
                tensors[prefix + name] = value
            elif isinstance(value, list):
                for index, item in enumerate(value):
                    if isinstance(item, torch.Tensor):
                        tensors[f"{prefix}{name}[{index}]"] = item
    return tensors


def tensor_kind(model: nn.Module, name: str) -> TensorKind:
    """How a module holds the tensor of this name, one of module_tensors."""
    path, _, attribute = name.rpartition(".")
    owner = model.get_submodule(path)
    if attribute in owner._parameters:
        return TensorKind.PARAMETER
    if attribute in owner._buffers:
        kept_out = attribute in owner._non_persistent_buffers_set
        return TensorKind.NON_PERSISTENT if kept_out else TensorKind.BUFFER
    return TensorKind.IN_LIST if attribute.endswith("]") else TensorKind.PLAIN


def dtype_name(dtype: torch.dtype) -> str:
    """A dtype without its module: "float32"."""
    return str(dtype).removeprefix("torch.")


def tensor_rows(model: nn.Module) -> tuple[TensorRow, ...]:
    """A TensorRow for each tensor of a module."""
    keys = model.state_dict().keys()
    return tuple(
        TensorRow(
            name,
            tensor_kind(model, name),
            tuple(tensor.shape),
            dtype_name(tensor.dtype),
            str(tensor.device),
            tensor.numel() * tensor.element_size(),
            tensor.requires_grad,
            name in keys,
        )
        for name, tensor in module_tensors(model).items()
    )
