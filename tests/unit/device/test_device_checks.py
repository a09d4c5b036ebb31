"""Which op takes tensors of two devices, and the words in which it refuses, in every mode.

Oracles: native_functions.yaml as torch ships it (torchgen/packaged), for every op; and literal
messages from ATen, with `sim` for `cuda`.
"""

import contextlib
import re
from pathlib import Path

import pytest
import torch
import torchgen
from on_sim import message_of, sim
from torch import nn
from torch.nn import functional as F
from torch.utils import flop_counter

from core.device import simulated_device
from core.device.available import limits
from core.device.device_checks import _uses_iterator
from core.device.simulated_device import count_copies, register

register()
TWO_DEVICES = (
    "Expected all tensors to be on the same device, but found at least two devices, sim:0 and cpu!"
)
YAML = Path(torchgen.__file__).parent / "packaged/ATen/native/native_functions.yaml"


@pytest.fixture(params=[contextlib.nullcontext, torch.no_grad, torch.inference_mode])
def mode(request):
    with request.param():
        yield


# Without a check and without TensorIterator: they have one tensor, or a check of their own.
ONE_TENSOR = set("as_strided is_set_to resize_ set_ unfold view zero_ _reshape_alias".split())
OTHER_LIBRARIES = re.compile("cudnn|miopen|flash|efficient|nested|_validate|_fused|_foreach")


def test_the_table_of_checks_is_that_of_native_functions_yaml():
    checked = 0
    for block in YAML.read_text().split("\n- func: ")[1:]:
        name = block.partition("(")[0]
        base, _, overload = name.partition(".")
        on_cuda = re.search(r"^    .*\bCUDA\b.*:", block, re.M) or "structured_delegate" in block
        if not on_cuda or base in ONE_TENSOR or OTHER_LIBRARIES.search(base):
            continue
        op = getattr(getattr(torch.ops.aten, base), overload or "default", None)
        if op is not None:
            assert _uses_iterator(op) == ("device_check: NoCheck" in block), name
            checked += 1
    assert checked > 1000


# ---------------------------------------------------------------- numbers of the other device


def named(argument, there, here, method):
    return (
        f"Expected all tensors to be on the same device, but got {argument} is on {there}, "
        f"different from other tensors on {here} (when checking argument in method "
        f"wrapper_PrivateUse1_{method})"
    )


@pytest.mark.parametrize("shape", [(), (2,)], ids=["0-dim", "1-dim"])
@pytest.mark.parametrize("name, argument", [
    ("clamp", "min"), ("clamp_min", "min"), ("clamp_max", "max"),
    ("clamp_", "min"), ("clamp_min_", "min"), ("clamp_max_", "max"),
])  # fmt: skip
def test_clamp_takes_no_bound_of_the_other_device_and_names_it(name, argument, shape, mode):
    for here, there in (("sim:0", "cpu"), ("cpu", "sim:0")):
        x, bound = torch.ones(2, device=here), torch.zeros(shape, device=there)
        expected = named(argument, there, here, f"{name}_Tensor")
        assert message_of(lambda x=x, b=bound: getattr(x, name)(b)) == expected
        getattr(x, name)(bound.to(here))  # and on one device it runs


def test_where_copies_each_number_to_the_device(mode):
    x, two, three = sim([1.0, 5.0]), torch.tensor(2.0), torch.tensor(3.0)
    with count_copies() as copies:
        assert torch.where(x > 2, two, three).device.type == "sim"
    assert [(c.direction, c.nbytes) for c in copies] == [("cpu -> sim:0", 4)] * 2
    with count_copies() as copies:
        picked = torch.where(torch.tensor(True), x, three)
    assert picked.tolist() == [1.0, 5.0]
    assert [(c.direction, c.nbytes) for c in copies] == [("cpu -> sim:0", 1), ("cpu -> sim:0", 4)]
    assert message_of(lambda: torch.where(x > 2, x, torch.ones(2))) == TWO_DEVICES
    assert message_of(lambda: torch.where(torch.ones(2) > 0, sim(1.0), torch.ones(2))) == (
        TWO_DEVICES
    )


def test_a_number_from_sim_may_be_stored_in_a_cpu_tensor_by_its_place(mode):
    x, seven = torch.zeros(4), sim(7.0)
    with count_copies() as copies:
        x[torch.tensor([1, 2])] = seven
    assert x.tolist() == [0.0, 7.0, 7.0, 0.0]
    assert [(c.direction, c.nbytes) for c in copies] == [("sim:0 -> cpu", 4)]
    x[x > 5] = sim(2.0)
    assert x.tolist() == [0.0, 2.0, 2.0, 0.0]
    y = sim([0.0, 0.0])
    y[torch.tensor([0])] = torch.tensor(3.0)
    assert y.tolist() == [3.0, 0.0]
    pair = torch.tensor([0, 1])
    assert message_of(lambda: x.__setitem__(pair, sim([1.0, 2.0]))) == TWO_DEVICES


def test_index_fill_takes_no_index_of_the_cpu(mode):
    for index in (torch.tensor([0]), torch.tensor(0)):
        assert message_of(lambda i=index: sim([1.0, 2.0]).index_fill(0, i, 9.0)) == TWO_DEVICES
    assert sim([1.0, 2.0]).index_fill(0, sim([0]), torch.tensor(9.0)).tolist() == [9.0, 2.0]


def test_masked_fill_of_a_cpu_tensor_takes_no_number_from_sim(mode):
    x, mask = torch.ones(2), torch.tensor([True, False])
    expected = "masked_fill_: Expected inputs to be on same device"
    assert message_of(lambda: x.masked_fill(mask, sim(0.0))) == expected
    assert message_of(lambda: x.masked_fill_(mask, sim(0.0))) == expected


@pytest.mark.parametrize("call", [
    lambda a, b: torch._foreach_add([a, a], [a, b]),
    lambda a, b: torch._foreach_mul_([a.clone()], [b]),
    lambda a, b: torch._foreach_addcmul_([a.clone()], [a], [b]),
])  # fmt: skip
def test_lists_of_tensors_are_checked_pair_by_pair(call, mode):
    a, b = torch.ones(2, device="sim"), torch.ones(2)
    assert message_of(lambda: call(a, b)) == message_of(lambda: call(b, a)) == TWO_DEVICES
    call(a, a.clone())


def test_lists_are_copied_across(mode):
    there, here = [torch.zeros(2, device="sim")], [torch.ones(2)]
    with count_copies() as copies:
        torch._foreach_copy_(there, here)
    assert there[0].tolist() == [1.0, 1.0] and copies[0].direction == "cpu -> sim:0"
    torch._foreach_copy_(here, [torch.full((2,), 3.0, device="sim")])
    assert here[0].tolist() == [3.0, 3.0]


# ---------------------------------------------------------------- dtypes without a CUDA kernel

INTEGER_PRODUCTS = {
    "mm": (lambda x: torch.mm(x, x), "addmm_cuda"),
    "matmul": (lambda x: x @ x, "addmm_cuda"),
    "linear": (lambda x: F.linear(x, x), "addmm_cuda"),
    "linear with a bias": (lambda x: F.linear(x, x, x[0]), "addmm_cuda"),
    "addmm": (lambda x: torch.addmm(x, x, x), "addmm_cuda"),
    "bmm": (lambda x: torch.bmm(x[None], x[None]), "baddbmm_cuda"),
    "baddbmm": (lambda x: torch.baddbmm(x[None], x[None], x[None]), "baddbmm_cuda"),
    "einsum": (lambda x: torch.einsum("bij,bjk->bik", x[None], x[None]), "baddbmm_cuda"),
    "mv": (lambda x: x @ x[0], "addmv_impl_cuda"),
    "dot": (lambda x: x[0] @ x[0], "dot"),
}


@pytest.mark.parametrize("dtype, called", [
    (torch.int64, "Long"), (torch.int32, "Int"), (torch.uint8, "Byte"), (torch.bool, "Bool"),
])  # fmt: skip
@pytest.mark.parametrize("name", INTEGER_PRODUCTS)
def test_products_of_integers_are_refused_in_cudas_words(name, dtype, called, mode):
    call, kernel = INTEGER_PRODUCTS[name]
    x = torch.ones(2, 2, dtype=dtype, device="sim")
    assert message_of(lambda: call(x)) == f"\"{kernel}\" not implemented for '{called}'"
    assert call(x.float()).device.type == "sim"


def test_what_cuda_computes_of_integers_is_computed(mode):
    x = torch.arange(4, device="sim").view(2, 2)
    assert (x * x).sum().item() == 14 and torch.outer(x[0], x[1]).tolist() == [[0, 0], [2, 3]]
    assert (x[:0] @ x).shape == (0, 2)


# ---------------------------------------------------------------- gradients that are zero


ZERO_GRADIENTS = {
    "abs": lambda x: x.abs().sum(),
    "l1_loss": lambda x: F.l1_loss(x, torch.zeros_like(x)),
    "normalize": lambda x: F.normalize(x, dim=0).sum(),
    "sgn": lambda x: (x.sgn() * x).sum(),
    "cube": lambda x: (x**3).sum(),
}


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
@pytest.mark.parametrize("name", ZERO_GRADIENTS)
def test_second_derivatives_are_the_cpus(name):
    function, point, ones = ZERO_GRADIENTS[name], torch.tensor([1.0, -2.0, 3.0]), torch.ones(3)
    derivatives = (
        torch.func.hessian(function),
        lambda x: torch.autograd.functional.hessian(function, x),
        lambda x: torch.func.jvp(function, (x,), (ones.to(x.device),))[1],
    )
    for derive in derivatives:
        assert torch.allclose(derive(point.to("sim")).cpu(), derive(point), atol=1e-6)


def test_mode_writes_where_it_is_told():
    values, indices = torch.empty(0, device="sim"), torch.empty(0, dtype=torch.long, device="sim")
    torch.mode(sim([1.0, 2.0, 2.0]), out=(values, indices))
    assert (values.item(), indices.item()) == (2.0, 2)


# ---------------------------------------------------------------- limits


def test_limit_an_index_out_of_range_raises_at_once_as_on_the_cpu():
    """CUDA asserts on the device, later: "CUDA error: device-side assert triggered"."""
    with pytest.raises(IndexError, match="index out of range"):
        nn.Embedding(3, 2).to("sim")(sim([5]))
    with pytest.raises(IndexError, match="out of bounds"):
        sim([1.0])[sim([4])]
    with pytest.raises(IndexError, match="out of bounds"):
        F.cross_entropy(torch.ones(1, 2, device="sim"), sim([7]))


@pytest.mark.filterwarnings("ignore:Sparse CSR tensor support is in beta:UserWarning")
def test_limit_sparse_tensors_are_not_supported():
    x = torch.eye(2, device="sim")
    for call in (x.to_sparse, x.to_mkldnn, lambda: x.to_sparse_csr() @ x):
        with pytest.raises(NotImplementedError, match=r"has no torch\.\w+ tensors|Sparse(Csr)?sim"):
            call()
    for sparse in (x.cpu().to_sparse(), x.cpu().to_sparse_csr()):
        with pytest.raises(NotImplementedError, match=r"Sparse(Csr)?sim"):
            repr(sparse.to("sim"))


@pytest.mark.parametrize("argument", ["lengths", "offsets"])
def test_arguments_by_keyword_are_checked_where_the_kernel_does(argument):
    data, ends = sim([1.0, 2.0]), torch.tensor([0, 2] if argument == "offsets" else [2])
    message = message_of(lambda: torch.segment_reduce(data, "sum", **{argument: ends}))
    assert message.startswith(f"Expected data.get_device() == {argument}_value.get_device() to be")
    found = torch.segment_reduce(data, "sum", **{argument: ends.to("sim")})
    assert found.tolist() == [3.0]


def test_limit_quantized_tensors_are_not_supported():
    with pytest.raises(NotImplementedError, match="sim has no quantized tensors: only plain"):
        torch.quantize_per_tensor(torch.ones(2, device="sim"), 0.1, 0, torch.qint8)
    with pytest.raises(NotImplementedError, match="Quantizedsim"):
        torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8).to("sim")


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors:UserWarning")
def test_limit_nested_tensors_are_jagged_or_none():
    parts = [torch.ones(3), torch.ones(2)]
    with pytest.raises(NotImplementedError, match="NestedTensorsim"):
        torch.nested.nested_tensor(parts).to("sim")
    jagged = torch.nested.nested_tensor(parts, layout=torch.jagged).to("sim")
    assert [(t.device.type, t.tolist()) for t in (jagged * 2).unbind()] == [
        ("sim", [2.0] * 3),
        ("sim", [2.0] * 2),
    ]


def test_limit_no_memory_is_pinned():
    for tensor in (torch.ones(2), torch.ones(2, device="sim")):
        assert tensor.pin_memory() is tensor and not tensor.is_pinned()
    with pytest.raises(NotImplementedError, match="getPinnedMemoryAllocator"):
        torch.ones(2).pin_memory("sim")


def test_limit_the_slot_shows_in_names_of_types_and_of_kernels():
    assert torch.ones(1, device="sim").type() == "torch.sim.FloatTensor"
    if torch.backends.mkldnn.is_available():
        x, weight = torch.ones(2, 2, 9), torch.ones(4, 2, 5, device="sim")
        assert message_of(lambda: F.conv1d(x, weight)).startswith(
            "Input type (torch.FloatTensor) and weight type (simFloatType) should be the same"
        )
    message = message_of(lambda: torch.ones(2, 2, device="sim") @ torch.ones(2, 2))
    assert message.endswith("(when checking argument in method wrapper_PrivateUse1_mm)")


def test_limit_nothing_waits_and_there_is_one_device():
    assert torch.sim.device_count() == 1
    assert torch.sim.current_stream().query()  # every op is over when it returns
    with pytest.raises(RuntimeError, match="sim:1"):
        torch.ones(1, device="sim:1")


def test_the_page_has_every_limit_of_the_docstring():
    found = limits()
    assert len(found) == simulated_device.__doc__.partition("Limits, where")[2].count("\n- ") > 8
    assert found[0].endswith('on the device: "CUDA error: device-side assert triggered".')
    assert not any(limit.startswith("-") or "  " in limit for limit in found)


def test_limit_older_views_of_a_tensor_that_grows_keep_the_old_memory():
    x = torch.zeros(2, device="sim")
    view = x[:1]
    x.resize_(9).fill_(5)
    assert view.tolist() == [0.0]


def test_limit_dlpack_does_not_know_sim():
    with pytest.raises(ValueError, match="Unknown device type sim for Dlpack"):
        torch.from_dlpack(torch.ones(2, device="sim"))


def test_autocast_of_the_cpu_does_not_reach_sim():
    x = torch.ones(2, 2, device="sim")
    with torch.autocast("cpu", torch.bfloat16):
        assert (x @ x).dtype == F.linear(x, x).dtype == torch.float32
        assert (x.cpu() @ x.cpu()).dtype == torch.bfloat16


def test_inside_a_dispatch_mode_tensors_are_made_and_indexed():
    x = torch.ones(2, 2, device="sim")
    with flop_counter.FlopCounterMode(display=False) as counter:
        assert torch.tensor([1.0, 2.0], device="sim").tolist() == [1.0, 2.0]
        assert x[[1, 0]].shape == (2, 2)
        assert (x @ x).tolist() == [[2.0, 2.0], [2.0, 2.0]]
    assert counter.get_total_flops() == 16


def test_numbers_left_of_an_operator_work_under_forward_ad_and_leave_no_mark():
    """In C++ such an op has two tensors, of which one is a number."""
    ones = torch.ones(2, 3, device="sim")
    before = torch._C._dispatch_tls_local_exclude_set()
    with torch.autograd.forward_ad.dual_level():
        for call in (
            lambda x: 1 - x,
            lambda x: 5 % x,
            lambda x: x % 2,
            lambda x: 2**x,
            lambda x: torch.xlogy(2, x),
            lambda x: 6 & x.long(),
            lambda x: F.multilabel_soft_margin_loss(x, x),
        ):
            assert torch.allclose(call(ones).cpu(), call(ones.cpu()))
    assert torch._C._dispatch_tls_local_exclude_set() == before
