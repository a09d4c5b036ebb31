"""PyTorch's own operator database, each entry on `sim` against the CPU, in six ways.

    python tests/unit/device/operator_database.py [part of a name ...]

For every entry of `torch.testing._internal.common_methods_invocations.op_db` the first samples are
run on both devices: forward, backward, double backward, forward AD, in place, and with `out=`.
A way that the CPU itself refuses is left out of the count. Prints a line for each failure and a
table of figures. About five minutes: not part of the test suite (test_operator_database.py runs it
when the environment variable OPERATOR_DATABASE is set).
"""

import collections
import sys
import types
import unittest
import warnings
from pathlib import Path

import torch
from torch.autograd import forward_ad
from torch.utils import _pytree as pytree

ROOT = Path(__file__).parents[3]
SAMPLES = 5
WAYS = ("forward", "backward", "double backward", "forward AD", "in place", "out=")
# Entries that have no equal on purpose: what an empty tensor holds, or an address.
NO_EQUAL = set("empty empty_like empty_strided empty_permuted new_empty new_empty_strided".split())


def without_test_dependencies():
    """Lets PyTorch's own tests be imported where what they need is not installed."""
    stand_in = types.ModuleType("expecttest")
    stand_in.TestCase = unittest.TestCase
    sys.modules.setdefault("expecttest", stand_in)


def operator_database():
    without_test_dependencies()
    from torch.testing._internal.common_methods_invocations import op_db

    return op_db


def dtype_of(op):
    for dtype in (torch.float32, torch.int64, torch.complex64, torch.bool, torch.float64):
        if op.supports_dtype(dtype, "cpu"):
            return dtype
    return None


def on(device, value, gradients=False):
    """A copy of all tensors in `value` on `device`, with the same strides; `cpu` by name too."""

    def move(leaf):
        if isinstance(leaf, torch.Tensor):
            if leaf.layout != torch.strided:
                raise NotImplementedError("sparse sample")
            twin = torch.empty_strided(leaf.size(), leaf.stride(), dtype=leaf.dtype)
            twin = twin.copy_(leaf.detach()).to(device)
            differentiable = leaf.is_floating_point() or leaf.is_complex()
            return twin.requires_grad_() if gradients and differentiable else twin
        if isinstance(leaf, torch.device) or (leaf == "cpu" and isinstance(leaf, str)):
            return torch.device(device)
        return leaf

    return pytree.tree_map(move, value)


def tensors(value):
    return [t for t in pytree.tree_leaves(value) if isinstance(t, torch.Tensor)]


def differentiable(value):
    return [t for t in tensors(value) if t.requires_grad]


def call(op, sample, device, gradients):
    arguments, keywords = on(device, (sample.args, sample.kwargs), gradients)
    input = on(device, sample.input, gradients)
    torch.manual_seed(0)
    result = op(input, *arguments, **keywords)
    if sample.output_process_fn_grad is not None:
        processed = sample.output_process_fn_grad(result)
    return (input, arguments, keywords), result, processed


def gradients_of(inputs, processed, twice):
    leaves, outputs = differentiable(inputs), differentiable(processed)
    if not leaves or not outputs:
        return None
    torch.manual_seed(1)
    weights = [torch.rand(o.shape).to(o.device).to(o.dtype) + 0.5 for o in outputs]
    first = torch.autograd.grad(outputs, leaves, weights, create_graph=twice, allow_unused=True)
    if not twice:
        return first
    outputs = differentiable(first)
    if not outputs:
        return None
    weights = [torch.full_like(o, 0.5) for o in outputs]
    return torch.autograd.grad(outputs, leaves, weights, allow_unused=True)


def run(op, sample, device, way):
    """What a way of running gives, as tensors on the CPU; None where there is nothing to run."""
    if way == "forward":
        inputs, result, _ = call(op, sample, device, False)
        return result
    if way in ("backward", "double backward"):
        if not op.supports_autograd or (way[0] == "d" and not op.supports_gradgrad):
            return None
        inputs, _, processed = call(op, sample, device, True)
        return gradients_of(inputs, processed, way[0] == "d")
    if way == "forward AD":
        if not op.supports_forward_ad:
            return None
        with forward_ad.dual_level():

            def dual(t):
                if isinstance(t, torch.Tensor) and t.is_floating_point():
                    return forward_ad.make_dual(t, torch.full_like(t, 0.5))
                return t

            input, arguments, keywords = pytree.tree_map(
                dual, on(device, (sample.input, sample.args, sample.kwargs))
            )
            torch.manual_seed(0)
            result = op(input, *arguments, **keywords)
            return [list(forward_ad.unpack_dual(t)) for t in tensors(result)]
    if way == "in place":
        variant = op.get_inplace()
        if variant is None or sample.broadcasts_input:
            return None
        return call(variant, sample, device, False)[1]
    if not op.supports_out:
        return None
    input, arguments, keywords = on(device, (sample.input, sample.args, sample.kwargs))
    torch.manual_seed(0)
    result = op(input, *arguments, **keywords)
    if isinstance(result, torch.Tensor):
        out = torch.empty_like(result).fill_(7)
    else:
        out = type(result)(torch.empty_like(t) for t in result)
    torch.manual_seed(0)
    op(input, *arguments, out=out, **keywords)
    return out


def difference(actual, expected):
    """None if all is equal (to the last bits that another order of sums may change)."""
    ours, theirs = pytree.tree_leaves(actual), pytree.tree_leaves(expected)
    if len(ours) != len(theirs):
        return f"{len(ours)} results instead of {len(theirs)}"
    for a, e in zip(ours, theirs, strict=True):
        if isinstance(e, torch.Tensor):
            if a.device.type != "sim":
                return f"a result on {a.device}"
            if e.layout != torch.strided:
                raise NotImplementedError("sparse result")
            if a.dtype != e.dtype or a.shape != e.shape:
                return f"{a.dtype} {tuple(a.shape)} instead of {e.dtype} {tuple(e.shape)}"
            a, e = a.detach().cpu().resolve_conj(), e.detach().resolve_conj()
            if not torch.allclose(a, e, rtol=1e-4, atol=1e-5, equal_nan=True):
                return "other numbers"
        elif type(e) in (bool, int, float, complex) and a != e and e == e:
            return f"{a} instead of {e}"
    return None


def outcome(op, way):
    """ "equal", "none" (nothing to run, or refused on the CPU too), or what went wrong."""
    dtype = dtype_of(op)
    if dtype is None:
        return "none"
    ran = False
    torch.manual_seed(0)
    needs_gradients = way != "forward" and way != "in place" and way != "out="
    if needs_gradients and not dtype.is_floating_point and not dtype.is_complex:
        return "none"
    samples = list(op.sample_inputs("cpu", dtype, requires_grad=False))[:SAMPLES]
    for number, sample in enumerate(samples):
        try:
            expected = run(op, sample, "cpu", way)
            if expected is None:
                continue
        except Exception:
            continue
        try:
            actual = run(op, sample, "sim", way)
            wrong = None if op.name in NO_EQUAL else difference(actual, expected)
        except NotImplementedError as error:
            if "sparse" in str(error):
                continue
            wrong = f"NotImplementedError: {error}"
        except Exception as error:
            wrong = f"{type(error).__name__}: {error}"
        if wrong:
            return f"sample {number}: {wrong}"
        ran = True
    return "equal" if ran else "none"


def full_name(op):
    return ".".join(filter(None, (op.name, op.variant_test_name)))


def compare(parts=()):
    """{way: {name: outcome}} for the entries whose name contains one of the parts, or all."""
    outcomes = collections.defaultdict(dict)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for op in operator_database():
            name = full_name(op)
            if parts and not any(part in name for part in parts):
                continue
            for way in WAYS:
                torch.set_grad_enabled(True)  # a sample or an op may have left it off
                outcomes[way][name] = outcome(op, way)
                if outcomes[way][name] not in ("equal", "none"):
                    print(f"{way}: {name}: {outcomes[way][name][:200]}", flush=True)
    return outcomes


def main():
    sys.path.insert(0, str(ROOT))
    from core.device.simulated_device import register

    register()
    for way, found in compare(sys.argv[1:]).items():
        counts = collections.Counter(found.values())
        ran = len(found) - counts["none"]
        print(f"{way}: equal {counts['equal']} of {ran} that run on the CPU, of {len(found)}")


if __name__ == "__main__":
    main()
