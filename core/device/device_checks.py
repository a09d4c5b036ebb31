"""Which op takes tensors of two devices, and what PyTorch says of the others."""

from typing import Any

import torch

from core.device.memory import _CPU

# CUDA's kernels are of two kinds. Those built on TensorIterator say "found at least two devices",
# and take a 0-dim CPU tensor for a number (ATen/TensorIterator.cpp, compute_types). For the others
# torchgen writes a check that names the argument and takes no such number (its text is in
# ATen/core/op_registration/adaption.cpp). `device_check: NoCheck` in native_functions.yaml tells
# the kinds apart; the tag "pointwise" nearly does; here are the exceptions, without the in-place _.
_POINTWISE_BUT_NAMED = frozenset(
    "equal gcd igamma igammac lcm logaddexp logaddexp2 logit_backward native_dropout_backward"
    " nextafter sigmoid_backward silu_backward tanh_backward".split()
)
_ITERATOR_BUT_NOT_POINTWISE = frozenset(
    "all any aminmax bernoulli binary_cross_entropy copysign cumprod cumsum elu eq fill"
    " floor_divide ge gelu gt hardshrink hardsigmoid hardswish hardtanh heaviside index index_fill"
    " _index_put_impl __irshift__ le leaky_relu log_sigmoid_forward lt max mean min mse_loss ne"
    " norm prod renorm rsub smooth_l1_loss softplus softshrink std sum threshold var where".split()
)
# Arguments that the kernel reads as a number, wherever they are.
_READ_AS_NUMBER = dict.fromkeys(("fill_", "masked_fill_", "index_fill_"), "value")
_READ_AS_NUMBER |= dict.fromkeys(("_fused_sgd_", "_fused_adam_", "_fused_adamw_"), "lr")


def _named(op: Any) -> str:
    return op._schema.name.removeprefix("aten::")


def _uses_iterator(op: Any) -> bool:
    name = _named(op)
    stem = name if name.endswith("__") else name.rstrip("_")
    pointwise = torch.Tag.pointwise in op.tags and stem not in _POINTWISE_BUT_NAMED
    return pointwise or stem in _ITERATOR_BUT_NOT_POINTWISE


def _refuse_two_devices(op: Any, args: tuple, kwargs: dict) -> None:
    """Raise PyTorch's RuntimeError, unless CUDA would take these tensors of two devices."""
    base = op._schema.name.removeprefix("aten::")
    inputs, outputs = [], []
    for position, argument in enumerate(op._schema.arguments):
        value = args[position] if position < len(args) else kwargs.get(argument.name)
        for tensor in value if isinstance(value, (list, tuple)) else [value]:
            if isinstance(tensor, torch.Tensor) and argument.name != _READ_AS_NUMBER.get(base):
                written = argument.alias_info is not None and argument.alias_info.is_write
                (outputs if argument.is_out else inputs).append((argument.name, tensor, written))
    named = outputs + inputs  # the order in which PyTorch checks

    if base == "masked_fill_":  # ATen/native/cuda/Indexing.cu
        (_, self, _), (_, mask, _) = named
        if mask.device != self.device:
            raise RuntimeError(
                "expected self and mask to be on the same device, but got mask on "
                f"{mask.device} and self on {self.device}"
            )
    elif _uses_iterator(op):
        common = next((t.device for _, t, _ in named if t.device != _CPU), _CPU)
        others = [(t, written) for _, t, written in named if t.device != common]
        for tensor, written in others:
            if tensor.device != _CPU or tensor.dim() or written:
                raise RuntimeError(
                    "Expected all tensors to be on the same device, but found at least two "
                    f"devices, {common} and {tensor.device}!"
                )
        if len(others) > 1:
            raise RuntimeError("Trying to pass too many CPU scalars to non-CPU kernel!")
    else:
        common = named[0][1].device
        for name, tensor, _ in named:
            if tensor.device != common:
                raise RuntimeError(
                    f"Expected all tensors to be on the same device, but got {name} is on "
                    f"{tensor.device}, different from other tensors on {common} "
                    f"(when checking argument in method {_wrapper_name(op)})"
                )


def _wrapper_name(op: Any) -> str:
    """What torchgen calls its wrapper of a kernel; on a GPU the name begins with wrapper_CUDA."""
    base, overload = op._schema.name.removeprefix("aten::"), op._schema.overload_name
    structured = "CompositeExplicitAutogradNonFunctional"
    if torch._C._dispatch_has_kernel_for_dispatch_key(op.name(), structured):
        return "_".join(filter(None, ("wrapper_PrivateUse1", base, overload)))
    return f"wrapper_PrivateUse1_{overload}_{base}"
