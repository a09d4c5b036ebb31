"""Which op takes tensors of two devices, and what PyTorch says of the others."""

import functools
from typing import Any

import torch

from core.device.memory import _CPU

# CUDA's kernels are of two kinds. Those built on TensorIterator say "found at least two devices",
# and take a 0-dim CPU tensor for a number (ATen/TensorIterator.cpp, compute_types). For the others
# torchgen writes a check that names the argument and takes no such number (torchgen/dest/register_
# dispatch_key.py, gen_device_check; the text is in ATen/core/op_registration/adaption.cpp).
# These have `device_check: NoCheck` in native_functions.yaml, written without the in-place _ ...
_UNCHECKED = frozenset(
    "__ilshift__ __irshift__ __lshift__ __rshift__ _index_put_impl abs acos add addcdiv addcmul "
    "all aminmax angle any argmax argmin asin atan atan2 bernoulli binary_cross_entropy "
    "binomial bitwise_and bitwise_left_shift bitwise_not bitwise_or bitwise_right_shift "
    "bitwise_xor cauchy ceil clamp clamp_max clamp_min copysign cos cosh cumprod cumsum digamma "
    "div elu eq erf erfc erfinv exp expm1 exponential fill floor floor_divide fmax fmin fmod "
    "frac ge gelu geometric glu gt hardshrink hardsigmoid hardswish hardtanh heaviside hypot "
    "index index_fill isnan le leaky_relu lerp lgamma log log10 log1p log2 log_normal "
    "log_sigmoid_forward logical_and logical_not logical_or logical_xor lt masked_fill max "
    "maximum mean min minimum mse_loss mul ne neg norm normal poisson polygamma pow prod random "
    "reciprocal relu remainder renorm round rsqrt rsub sigmoid sign sin sinh smooth_l1_loss "
    "softplus softshrink special_chebyshev_polynomial_t special_chebyshev_polynomial_u "
    "special_chebyshev_polynomial_v special_chebyshev_polynomial_w special_hermite_polynomial_h "
    "special_hermite_polynomial_he special_laguerre_polynomial_l special_legendre_polynomial_p "
    "special_shifted_chebyshev_polynomial_t special_shifted_chebyshev_polynomial_u "
    "special_shifted_chebyshev_polynomial_v special_shifted_chebyshev_polynomial_w "
    "special_xlog1py special_zeta sqrt std std_mean sub sum tan tanh threshold trunc uniform "
    "var var_mean where xlogy".split()
)
# ... but for these overloads of theirs.
_CHECKED_OVERLOADS = frozenset(
    "argmax.out argmin.out clamp.Tensor clamp_.Tensor clamp_max.Tensor clamp_max_.Tensor"
    " clamp_min.Tensor clamp_min_.Tensor cumprod_ cumsum_ glu.out normal.Tensor_Tensor"
    " normal.Tensor_Tensor_out normal.Tensor_float normal.Tensor_float_out normal.float_Tensor"
    " normal.float_Tensor_out".split()
)
# Arguments that the kernel reads as a number, wherever they are.
_READ_AS_NUMBER = dict.fromkeys(("fill_", "masked_fill_", "index_fill_"), "value")
_READ_AS_NUMBER |= dict.fromkeys(("_fused_sgd_", "_fused_adam_", "_fused_adamw_"), "lr")


def _named(op: Any) -> str:
    return op._schema.name.removeprefix("aten::")


@functools.cache
def _uses_iterator(op: Any) -> bool:
    """Whether CUDA's kernel leaves the check to TensorIterator (or does one of its own)."""
    name = _named(op)
    stem = name if name.endswith("__") else name.rstrip("_")
    overload = op.name().removeprefix("aten::")
    return stem in _UNCHECKED and overload not in _CHECKED_OVERLOADS


def _refuse_two_devices(op: Any, args: tuple, kwargs: dict) -> None:
    """Raise PyTorch's RuntimeError, unless CUDA would take these tensors of two devices."""
    name = _named(op)
    if name.startswith(
        "_foreach_"
    ):  # the slow path: ATen/native/ForeachUtils.h, can_use_fast_route
        lists = [a for a in args if isinstance(a, (list, tuple)) and isinstance(a[0], torch.Tensor)]
        for group in zip(*lists, strict=True):
            _refuse_in_iterator([(tensor, position == 0) for position, tensor in enumerate(group)])
        return
    if name == "segment_reduce":  # ATen/native/SegmentReduce.cpp, of arguments given by keyword
        for part in ("lengths", "offsets"):
            if kwargs.get(part) is not None and kwargs[part].device != args[0].device:
                raise RuntimeError(
                    f"Expected data.get_device() == {part}_value.get_device() to be true, but got "
                    "false.  (Could this error message be improved?  If so, please report an "
                    "enhancement request to PyTorch.)"
                )
    named = _tensors_of(op, args, kwargs)
    if name == "masked_fill_":
        _refuse_in_masked_fill(named)
    elif _uses_iterator(op):
        # the index of index_fill_ is stretched to the tensor's dimensions, so it is no number
        _refuse_in_iterator([(t, written or argument == "index") for argument, t, written in named])
    else:
        _refuse_named(op, named)


def _tensors_of(op: Any, args: tuple, kwargs: dict) -> list[tuple[str, torch.Tensor, bool]]:
    """(argument, tensor, whether it is written), in the order in which PyTorch checks: `out` first;
    the others only if they are positional."""
    inputs, outputs = [], []
    for position, argument in enumerate(op._schema.arguments):
        if argument.kwarg_only and not argument.is_out:
            continue
        value = args[position] if position < len(args) else kwargs.get(argument.name)
        for tensor in value if isinstance(value, (list, tuple)) else [value]:
            if isinstance(tensor, torch.Tensor) and argument.name != _READ_AS_NUMBER.get(
                _named(op)
            ):
                written = argument.alias_info is not None and argument.alias_info.is_write
                (outputs if argument.is_out else inputs).append((argument.name, tensor, written))
    return outputs + inputs


def _refuse_in_masked_fill(named: list[tuple[str, torch.Tensor, bool]]) -> None:
    """ATen/native/cuda/Indexing.cu, masked_fill__cuda."""
    self, mask = named[0][1], named[1][1]
    if self.device == _CPU and mask.device == _CPU:
        raise RuntimeError("masked_fill_: Expected inputs to be on same device")
    if mask.device != self.device:
        raise RuntimeError(
            "expected self and mask to be on the same device, but got mask on "
            f"{mask.device} and self on {self.device}"
        )


def _refuse_in_iterator(tensors: list[tuple[torch.Tensor, bool]]) -> None:
    common = next((t.device for t, _ in tensors if t.device != _CPU), _CPU)
    others = [(t, written) for t, written in tensors if t.device != common]
    for tensor, written in others:
        if tensor.device != _CPU or tensor.dim() or written:
            raise RuntimeError(
                "Expected all tensors to be on the same device, but found at least two "
                f"devices, {common} and {tensor.device}!"
            )
    if len(others) > 1:
        raise RuntimeError("Trying to pass too many CPU scalars to non-CPU kernel!")


def _refuse_named(op: Any, named: list[tuple[str, torch.Tensor, bool]]) -> None:
    for name, tensor, _ in named:
        common = named[0][1].device
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


# What CUDA's libraries have no kernel for, and the name by which they say so (AT_DISPATCH in
# ATen/native/cuda/Blas.cpp and LinearAlgebra.cpp); of an empty tensor they say nothing.
_FLOATS_ONLY = {
    "mm": "addmm_cuda",
    "addmm": "addmm_cuda",
    "addmm_": "addmm_cuda",
    "bmm": "baddbmm_cuda",
    "baddbmm": "baddbmm_cuda",
    "baddbmm_": "baddbmm_cuda",
    "addmv": "addmv_impl_cuda",
    "addmv_": "addmv_impl_cuda",
    "dot": "dot",
    "vdot": "vdot",
}
_DTYPE_NAMES = {
    torch.bool: "Bool",
    torch.uint8: "Byte",
    torch.int8: "Char",
    torch.int16: "Short",
    torch.int32: "Int",
    torch.int64: "Long",
}


def _refuse_integers(op: Any, args: tuple) -> None:
    """Raise CUDA's RuntimeError where a product of integers has no kernel there."""
    kernel = _FLOATS_ONLY.get(_named(op))
    if kernel is None or not isinstance(args[0], torch.Tensor):
        return
    if args[0].dtype in _DTYPE_NAMES and all(t.numel() for t in args if hasattr(t, "numel")):
        raise RuntimeError(f"\"{kernel}\" not implemented for '{_DTYPE_NAMES[args[0].dtype]}'")
