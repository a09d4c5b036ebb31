"""One memory seen from two sides: a tensor on `sim` and a CPU tensor over the same bytes."""

import os
from typing import Any, NoReturn

import torch

_NAME = "sim"
_CPU = torch.device("cpu")
_SIM = torch.device("privateuseone", 0)  # the name of the slot before and after registration


class _Fork:
    """Whether memory on `sim` was in use before this process was forked: as with CUDA, it cannot
    be used here then (torch/cuda/__init__.py, _lazy_init)."""

    def __init__(self) -> None:
        self.in_use = self.child_of_user = False
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self.note)

    def note(self) -> None:
        self.child_of_user = self.in_use


_FORK = _Fork()


def _shared() -> Any:
    """`torch.sim`: what all copies of this source in one process share."""
    return getattr(torch, _NAME)


def _refuse_fork() -> NoReturn:
    raise RuntimeError(
        f"Cannot re-initialize {_NAME} in forked subprocess. To use {_NAME} with multiprocessing, "
        "you must use the 'spawn' start method"
    )


def _storage_at(other: torch.UntypedStorage, device: torch.device) -> Any:
    """A storage that says `device`, over the bytes of `other`: it cannot be resized, so the bytes
    stay where they are, and it does not keep them alive."""
    address, nbytes = other.data_ptr(), other.nbytes()
    return torch._C._construct_storage_from_data_pointer(address, device, nbytes)


def _sim_storage(memory: torch.UntypedStorage) -> torch.UntypedStorage:
    """A storage on `sim` over the bytes of a CPU storage, kept alive by it."""
    if _FORK.child_of_user:
        _refuse_fork()
    _FORK.in_use = True
    storage = _storage_at(memory, _SIM)
    storage.memory = memory
    return storage


def _set(tensor: torch.Tensor, storage: torch.UntypedStorage, like: torch.Tensor) -> torch.Tensor:
    """Point a sim tensor at `storage`, with the offset, sizes and strides of `like`."""
    geometry = (like.storage_offset(), like.shape, like.stride())
    set_ = torch.ops.aten.set_.source_Storage_storage_offset
    return set_._op_dk(torch._C.DispatchKey.CPU, tensor, storage, *geometry)


def _on_sim(result: torch.Tensor, base: torch.Tensor | None = None) -> torch.Tensor:
    """A CPU tensor as a tensor on `sim`, over the sim storage of its bytes, or as a view of `base`.

    A view is an inference tensor if its base is one, and not if it was made in inference mode
    (torch/csrc/autograd/VariableTypeManual.cpp, "the alias has the key set of its base").
    """
    if base is None:
        return _tensor_over(_sim_storage(result.untyped_storage()), result)
    if base.is_inference() != torch.is_inference_mode_enabled():
        with torch.inference_mode(base.is_inference()):
            return _tensor_over(base.untyped_storage(), result)
    return _tensor_over(base.untyped_storage(), result)


def _tensor_over(storage: torch.UntypedStorage, like: torch.Tensor) -> torch.Tensor:
    """A new tensor over `storage`, on the storage's device, with the geometry of `like`."""
    if storage.device.type == _NAME:
        tensor = torch._C._acc.create_empty_tensor((0,), like.dtype)
        return _still_to_do(like, _set(tensor, storage, like))
    tensor = torch.empty(0, dtype=like.dtype, device=storage.device)
    tensor.set_(storage, like.storage_offset(), like.shape, like.stride())
    return _still_to_do(like, tensor)


def _on_cpu(tensor: torch.Tensor) -> torch.Tensor:
    """A CPU tensor over the bytes of a sim tensor; any other tensor as it is. No copy."""
    if tensor.device.type != _NAME:
        return tensor
    if _FORK.child_of_user:
        _refuse_fork()
    storage: Any = tensor.untyped_storage()
    if not hasattr(storage, "window"):  # one for all views: the CPU's kernels ask about overlap
        storage.window = _storage_at(storage, _CPU)
    return _tensor_over(storage.window, tensor)


def _still_to_do(of: torch.Tensor, view: torch.Tensor) -> torch.Tensor:
    """Pass on the marks of a lazy `conj()` and of its lazy negative `.imag`."""
    if of.is_conj():
        torch._C._set_conj(view, True)
    if of.is_neg():
        torch._C._set_neg(view, True)
    return view
