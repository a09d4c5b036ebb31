"""`torch.autocast("sim")`: before an op of one of these lists, its tensors are cast, as on CUDA.

The lists and the rule of each are PyTorch's (ATen/autocast_mode.h, AT_FORALL_…), and so is the
cache of weights that were cast (ATen/autocast_mode.cpp, cached_cast).
"""

import functools
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import torch

from core.device.memory import _NAME, _shared

_KEYS: Any = torch._C.DispatchKey  # with members that PyTorch's stubs leave out
_AUTOCAST = torch._C.DispatchKeySet(_KEYS.AutocastPrivateUse1)
_AUTOCAST_DTYPES = [torch.float16, torch.bfloat16, torch.float32, torch.float64]  # CUDA asks none

_LOWER_PRECISION = """
_convolution.deprecated _convolution conv1d conv2d conv3d conv_tbc conv_transpose1d
conv_transpose2d.input conv_transpose3d.input convolution prelu addmm addmv addr matmul einsum mm mv
linalg_vecdot linear addbmm baddbmm bmm chain_matmul linalg_multi_dot _thnn_fused_lstm_cell
_thnn_fused_gru_cell lstm_cell gru_cell rnn_tanh_cell rnn_relu_cell
_scaled_dot_product_flash_attention scaled_dot_product_attention
"""
_FLOAT32 = """
acos asin cosh erfinv exp expm1 log log10 log2 log1p reciprocal rsqrt sinh tan pow.Tensor_Scalar
pow.Tensor_Tensor pow.Scalar softplus layer_norm native_layer_norm rms_norm group_norm
frobenius_norm.dim nuclear_norm nuclear_norm.dim cosine_similarity poisson_nll_loss
cosine_embedding_loss nll_loss nll_loss2d hinge_embedding_loss kl_div l1_loss smooth_l1_loss
huber_loss mse_loss margin_ranking_loss multilabel_margin_loss soft_margin_loss triplet_margin_loss
multi_margin_loss binary_cross_entropy_with_logits dist pdist cdist renorm logsumexp
upsample_nearest1d _upsample_nearest_exact1d upsample_nearest2d _upsample_nearest_exact2d
upsample_nearest3d _upsample_nearest_exact3d upsample_linear1d upsample_bilinear2d
_upsample_bilinear2d_aa upsample_trilinear3d upsample_bicubic2d _upsample_bicubic2d_aa
"""
_FLOAT32_RESULT = """
prod prod.dim_int softmax.int log_softmax.int cumprod cumsum linalg_vector_norm linalg_matrix_norm
linalg_matrix_norm.str_ord sum sum.dim_IntList
"""
_WITH_DTYPE = {"norm.Scalar": "ScalarOpt_dtype", "norm.ScalarOpt_dim": "ScalarOpt_dim_dtype"}
_WIDEST = """
addcdiv addcmul atan2 bilinear cross dot vdot grid_sampler index_put tensordot scatter_add
"""


def _register_autocast(library: torch.library.Library) -> None:
    policies = {
        _in_lower_precision: _LOWER_PRECISION.split(),
        _in_float32: _FLOAT32.split(),
        _with_float32_result: _FLOAT32_RESULT.split(),
        _with_dtype_added: list(_WITH_DTYPE),
        _in_widest: _WIDEST.split(),
        _refused: ["binary_cross_entropy"],
    }
    for policy, names in policies.items():
        for name in names:
            base, _, overload = name.partition(".")
            op = getattr(getattr(torch.ops.aten, base), overload or "default")
            library.impl(op, functools.partial(_autocast, policy, op), "AutocastPrivateUse1")


def _autocast(policy: Callable, op: Any, *args: Any, **kwargs: Any) -> Any:
    with torch._C._ExcludeDispatchKeyGuard(_AUTOCAST):
        return policy(op, args, kwargs)


def _in_lower_precision(op: Any, args: tuple, kwargs: dict[str, Any]) -> Any:
    return _call_in(torch.get_autocast_dtype(_NAME), op, args, kwargs)


def _in_float32(op: Any, args: tuple, kwargs: dict[str, Any]) -> Any:
    return _call_in(torch.float32, op, args, kwargs)


def _with_float32_result(op: Any, args: tuple, kwargs: dict[str, Any]) -> Any:
    """The sum and its like have an argument for the dtype of the result: that, if it is not set."""
    if _is_cast(args[0]):
        position = next(i for i, a in enumerate(op._schema.arguments) if a.name == "dtype")
        if kwargs.get("dtype") is None and not any(a is not None for a in args[position:]):
            return op(*args[:position], **{**kwargs, "dtype": torch.float32})
    return op(*args, **kwargs)


def _with_dtype_added(op: Any, args: tuple, kwargs: dict[str, Any]) -> Any:
    overload = getattr(torch.ops.aten.norm, _WITH_DTYPE[op.name().removeprefix("aten::")])
    defaults = [argument.default_value for argument in op._schema.arguments]
    dtype = torch.float32 if _is_cast(args[0]) else args[0].dtype
    return overload(*args, *defaults[len(args) :], dtype=dtype)


def _in_widest(op: Any, args: tuple, kwargs: dict[str, Any]) -> Any:
    lower = torch.get_autocast_dtype(_NAME)
    dtypes = {tensor.dtype for tensor in _each((*args, *kwargs.values())) if _is_cast(tensor)}
    if dtypes - {lower, torch.float32}:
        raise RuntimeError("Unexpected floating ScalarType in at::autocast::prioritize")
    return _call_in(torch.float32 if torch.float32 in dtypes else lower, op, args, kwargs)


def _refused(op: Any, args: tuple, kwargs: dict[str, Any]) -> Any:
    return op._op_dk(_KEYS.AutocastCUDA, *args, **kwargs)  # raises, in PyTorch's words


def _each(values: tuple) -> Iterator[Any]:
    for value in values:
        yield from value if isinstance(value, (list, tuple)) else (value,)


def _call_in(dtype: torch.dtype, op: Any, args: tuple, kwargs: dict[str, Any]) -> Any:
    def cast(value: Any) -> Any:
        if isinstance(value, (list, tuple)):
            return [cast(v) for v in value]
        return _cast(value, dtype) if _is_cast(value) and value.dtype != dtype else value

    return op(*[cast(a) for a in args], **{name: cast(value) for name, value in kwargs.items()})


def _is_cast(value: Any) -> bool:
    tensor = isinstance(value, torch.Tensor) and value.device.type == _NAME
    return tensor and value.is_floating_point() and value.dtype != torch.float64


def _cast(tensor: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """A weight is cast once, for as long as the outermost `with torch.autocast(...)` lasts."""
    lower = dtype == torch.get_autocast_dtype(_NAME) and tensor.dtype == torch.float32
    weight = lower and tensor.requires_grad and tensor.is_leaf and not tensor._is_view()
    if not weight or not torch.is_autocast_cache_enabled():
        return tensor.to(dtype)
    casts = _shared().autocast_casts
    of, known = casts.get(id(tensor), (lambda: None, None))
    if of() is not tensor or known is None:
        known = tensor.to(dtype)
        casts[id(tensor)] = (weakref.ref(tensor), known)
    return known


def _clear_both_caches(clear: Callable) -> Callable:
    @functools.wraps(clear)
    def clear_autocast_cache() -> None:
        _shared().autocast_casts.clear()
        clear()

    return clear_autocast_cache
