"""The simulated device: its rules about memory, and that its values are the CPU's.

Oracles: literal messages, as PyTorch writes them for CUDA with `sim:0` in place of `cuda:0`, and
the same computation on the CPU.
"""

import copy
import gc
import importlib
import inspect
import sys
import threading
import warnings
import weakref
from concurrent.futures import ThreadPoolExecutor

import fresh_python
import numpy
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from on_sim import message_of, sim
from torch import nn
from torch.nn import functional as F

from core.code.script import module_source
from core.device import simulated_device
from core.device.simulated_device import count_copies, register
from core.device.source import MODULES

register()
SOURCE = module_source(*MODULES)
TWO_DEVICES = (
    "Expected all tensors to be on the same device, but found at least two devices, sim:0 and cpu!"
)


@pytest.fixture
def run_python(tmp_path):
    def run(code):
        process = fresh_python.run(code, tmp_path)
        assert process.returncode == 0, process.stderr
        return process.stdout.split()

    return run


# ---------------------------------------------------------------- the lesson


class Masked(nn.Module):
    """Causal scores, with the mask as a buffer or as a plain attribute."""

    def __init__(self, buffer):
        super().__init__()
        self.query, self.key = nn.Linear(3, 2), nn.Linear(3, 2)
        mask = torch.triu(torch.ones(6, 6), 1)
        if buffer:
            self.register_buffer("mask", mask)
        else:
            self.mask = mask

    def forward(self, x):
        n = x.shape[1]
        scores = self.query(x) @ self.key(x).transpose(1, 2)
        scores.masked_fill_(self.mask.bool()[:n, :n], -torch.inf)
        return scores.softmax(-1)


def test_a_plain_mask_fails_at_the_mask_and_names_both_devices():
    module = Masked(buffer=False).to("sim")
    assert message_of(lambda: module(torch.rand(2, 6, 3, device="sim"))) == (
        "expected self and mask to be on the same device, but got mask on cpu and self on sim:0"
    )


def test_a_buffer_gives_the_numbers_of_the_cpu():
    on_cpu = Masked(buffer=True)
    on_sim = copy.deepcopy(on_cpu).to("sim")
    x = torch.rand(2, 6, 3)
    weights = on_sim(x.to("sim"))
    assert str(weights.device) == "sim:0"
    assert torch.equal(weights.cpu(), on_cpu(x))


def test_a_plain_mask_that_follows_its_input_costs_one_copy_a_forward():
    scores, mask = torch.zeros(6, 6, device="sim"), torch.ones(6, 6, dtype=torch.bool).triu(1)
    for _ in range(2):
        with count_copies() as copies:
            scores.masked_fill(mask.to(scores.device), -torch.inf)
        (only,) = copies
        assert (only.direction, only.nbytes, only.shape, only.dtype) == (
            "cpu -> sim:0",
            36,
            (6, 6),
            torch.bool,
        )
        assert only.source() is mask
        assert only.reads(mask) and not only.reads(torch.ones(6, 6))


# ---------------------------------------------------------------- tensors of two devices

MESSAGES = {
    "masked_fill_": (
        lambda a, b: a.masked_fill_(b > 0, 0.0),
        "expected self and mask to be on the same device, but got mask on {b} and self on {a}",
    ),
    "masked_fill": (
        lambda a, b: a.masked_fill(b > 0, 0.0),
        "expected self and mask to be on the same device, but got mask on {b} and self on {a}",
    ),
    "mm": (
        lambda a, b: torch.mm(a, b),
        "Expected all tensors to be on the same device, but got mat2 is on {b}, different from "
        "other tensors on {a} (when checking argument in method wrapper_PrivateUse1_mm)",
    ),
    "bmm": (
        lambda a, b: torch.bmm(a[None], b[None]),
        "Expected all tensors to be on the same device, but got mat2 is on {b}, different from "
        "other tensors on {a} (when checking argument in method wrapper_PrivateUse1_bmm)",
    ),
    "linear": (
        lambda a, b: F.linear(a, b, b[0]),
        "Expected all tensors to be on the same device, but got mat1 is on {a}, different from "
        "other tensors on {b} (when checking argument in method wrapper_PrivateUse1_addmm)",
    ),
    "cat": (
        lambda a, b: torch.cat([a, b]),
        "Expected all tensors to be on the same device, but got tensors is on {b}, different from "
        "other tensors on {a} (when checking argument in method wrapper_PrivateUse1_cat)",
    ),
    "embedding": (
        lambda a, b: F.embedding(b.long(), a),
        "Expected all tensors to be on the same device, but got index is on {b}, different from "
        "other tensors on {a} (when checking argument in method wrapper_PrivateUse1__index_select)",
    ),
    "index_select": (
        lambda a, b: a.index_select(0, b[0].long()),
        "Expected all tensors to be on the same device, but got index is on {b}, different from "
        "other tensors on {a} (when checking argument in method wrapper_PrivateUse1__index_select)",
    ),
    "gather": (
        lambda a, b: a.gather(0, b.long()),
        "Expected all tensors to be on the same device, but got index is on {b}, different from "
        "other tensors on {a} (when checking argument in method wrapper_PrivateUse1_gather)",
    ),
    "layer_norm": (
        lambda a, b: F.layer_norm(a, (3,), b[0]),
        "Expected all tensors to be on the same device, but got weight is on {b}, different from "
        "other tensors on {a} (when checking argument in method "
        "wrapper_PrivateUse1__native_layer_norm)",
    ),
    "batch_norm": (
        lambda a, b: F.batch_norm(a, b[0].clone(), b[1].clone(), training=True),
        "Expected all tensors to be on the same device, but got running_mean is on {b}, different "
        "from other tensors on {a} (when checking argument in method "
        "wrapper_PrivateUse1__native_batch_norm)",
    ),
    "nll_loss": (
        lambda a, b: F.nll_loss(a, b[0].long()),
        "Expected all tensors to be on the same device, but got target is on {b}, different from "
        "other tensors on {a} (when checking argument in method "
        "wrapper_PrivateUse1_nll_loss_forward)",
    ),
}


@pytest.mark.parametrize("devices", [("sim", "cpu"), ("cpu", "sim")], ids="-".join)
@pytest.mark.parametrize("op", MESSAGES)
def test_the_message_names_the_argument_where_pytorch_does(op, devices):
    call, message = MESSAGES[op]
    a, b = (torch.ones(3, 3, device=d) for d in devices)
    assert message_of(lambda: call(a, b)) == message.format(a=a.device, b=b.device)


POINTWISE = {
    "add": lambda a, b, **k: torch.add(a, b, **k),
    "sub": lambda a, b, **k: torch.sub(a, b, **k),
    "mul": lambda a, b, **k: torch.mul(a, b, **k),
    "div": lambda a, b, **k: torch.div(a, b, **k),
    "pow": lambda a, b, **k: torch.pow(a, b, **k),
    "remainder": lambda a, b, **k: torch.remainder(a, b, **k),
    "floor_divide": lambda a, b, **k: torch.floor_divide(a, b, **k),
    "maximum": lambda a, b, **k: torch.maximum(a, b, **k),
    "atan2": lambda a, b, **k: torch.atan2(a, b, **k),
    "eq": lambda a, b, **k: torch.eq(a, b, **k),
    "lt": lambda a, b, **k: torch.lt(a, b, **k),
    "logical_and": lambda a, b, **k: torch.logical_and(a, b, **k),
    "lerp": lambda a, b, **k: torch.lerp(a, b, 0.5, **k),
    "where": lambda a, b, **k: torch.where(a > 0, a, b, **k),
    "addcmul": lambda a, b, **k: torch.addcmul(a, a, b, **k),
    "mse_loss": lambda a, b, **k: F.mse_loss(a, b, reduction="none"),
}


@pytest.mark.parametrize("devices", [("sim", "cpu"), ("cpu", "sim")], ids="-".join)
@pytest.mark.parametrize("op", POINTWISE)
def test_a_pointwise_op_on_two_devices_says_which(op, devices):
    a, b = (torch.ones(2, 3, device=d) for d in devices)
    assert message_of(lambda: POINTWISE[op](a, b)) == TWO_DEVICES


@pytest.mark.parametrize("device", ["sim", "cpu"])
@pytest.mark.parametrize("op", [op for op in POINTWISE if op != "mse_loss"])  # it has no out=
def test_out_on_another_device_is_refused(op, device):
    other = "cpu" if device == "sim" else "sim"
    a, out = torch.ones(2, 3, device=device), torch.ones(2, 3, device=other)
    assert message_of(lambda: POINTWISE[op](a, a, out=out)) == TWO_DEVICES


IN_PLACE = "add_ sub_ mul_ div_ pow_ remainder_ eq_ lt_ logical_and_ atan2_ copysign_".split()


@pytest.mark.parametrize("devices", [("sim", "cpu"), ("cpu", "sim")], ids="-".join)
@pytest.mark.parametrize("method", IN_PLACE)
def test_an_in_place_op_on_two_devices_says_which_and_writes_nothing(method, devices):
    a, b = (torch.full((2, 3), 7.0, device=d) for d in devices)
    assert message_of(lambda: getattr(a, method)(b)) == TWO_DEVICES
    assert torch.equal(a.cpu(), torch.full((2, 3), 7.0))


NAMED = {
    "dot": lambda a, b: torch.dot(a[0], b[0]),
    "addmm": lambda a, b: torch.addmm(a, b, b),
    "baddbmm": lambda a, b: torch.baddbmm(a[None], a[None], b[None]),
    "matmul": lambda a, b: a @ b,
    "einsum": lambda a, b: torch.einsum("ij,jk->ik", a, b),
    "stack": lambda a, b: torch.stack([a, b]),
    "scatter": lambda a, b: a.scatter(0, b.long(), 1.0),
    "index_add": lambda a, b: a.index_add(0, b[0].long(), a),
    "index_copy": lambda a, b: a.index_copy(0, b[0].long(), a),
    "masked_select": lambda a, b: a.masked_select(b > 0),
    "take": lambda a, b: a.take(b.long()),
    "equal": torch.equal,
    "logaddexp": torch.logaddexp,
    "bucketize": lambda a, b: torch.bucketize(a, b[0]),
    "prelu": lambda a, b: F.prelu(a, b[0]),
    "group_norm": lambda a, b: F.group_norm(a, 1, b[0]),
    "cosine_similarity": F.cosine_similarity,
    "cdist": torch.cdist,
    "solve": torch.linalg.solve,
    "outer": lambda a, b: torch.outer(a[0], b[0]),
    "attention": lambda a, b: F.scaled_dot_product_attention(a[None], b[None], b[None]),
    "cross_entropy": lambda a, b: F.cross_entropy(a, b[0].long()),
    "gru": lambda a, b: nn.GRU(3, 3).to(b.device)(a),
    "lstm_cell": lambda a, b: nn.LSTMCell(3, 3).to(b.device)(a),
    "allclose": torch.allclose,
    "mm out": lambda a, b: torch.mm(a, a, out=b.clone()),
    "cat out": lambda a, b: torch.cat([a, a], out=b.clone()),
    "sum out": lambda a, b: torch.sum(a, 0, out=b[0].clone()),
    "baddbmm_": lambda a, b: a[None].baddbmm_(a[None], b[None]),
    "scatter_": lambda a, b: a.scatter_(0, b.long(), 1.0),
    "index_add_": lambda a, b: a.index_add_(0, b[0].long(), a * 1),
    "masked_scatter_": lambda a, b: a.masked_scatter_(a > 0, b),
    "assignment": lambda a, b: a.__setitem__(a > 0, b[0]),
}


@pytest.mark.parametrize("devices", [("sim", "cpu"), ("cpu", "sim")], ids="-".join)
@pytest.mark.parametrize("op", NAMED)
def test_any_op_on_two_devices_raises_and_names_both(op, devices):
    a, b = (torch.eye(3, device=d) for d in devices)
    message = message_of(lambda: NAMED[op](a, b))
    assert "sim" in message and "cpu" in message
    NAMED[op](a, a.clone())  # and on one device it runs


def test_a_convolution_on_two_devices_speaks_of_types_as_on_cuda():
    x, weight = torch.ones(1, 2, 5, device="sim"), torch.ones(1, 2, 2)
    assert message_of(lambda: F.conv1d(x, weight)) == (
        "Input type (torch.sim.FloatTensor) and weight type (torch.FloatTensor) should be the same"
    )


def test_a_number_on_the_cpu_is_taken_where_cuda_takes_it():
    x = sim([1.0, 2.0])
    two = torch.tensor(2.0)
    assert (x * two).tolist() == [2.0, 4.0]
    assert (two - x).tolist() == [1.0, 0.0]
    assert x.clone().add_(two).tolist() == [3.0, 4.0]
    assert torch.where(x > 1, x, two).tolist() == [2.0, 2.0]
    assert x.clone().fill_(two).tolist() == [2.0, 2.0]
    assert x.masked_fill(x > 1, two).tolist() == [1.0, 2.0]
    assert str((x * two).device) == "sim:0"


def test_a_number_on_the_cpu_is_refused_where_cuda_refuses_it():
    x, number = sim([1, 2]), torch.tensor(2)
    assert message_of(lambda: torch.gcd(x, number)) == (
        "Expected all tensors to be on the same device, but got other is on cpu, different from "
        "other tensors on sim:0 (when checking argument in method wrapper_PrivateUse1_gcd)"
    )
    assert message_of(lambda: torch.add(x.sum(), 1, out=torch.tensor(0))) == TWO_DEVICES
    assert message_of(lambda: x.sum() + torch.ones(3)) == TWO_DEVICES
    assert message_of(lambda: torch.ones(3) + x.sum()) == TWO_DEVICES
    assert message_of(lambda: number.add_(x.sum())) == TWO_DEVICES


def test_cpu_indices_may_index_a_sim_tensor_and_are_copied_to_it():
    x = torch.arange(6.0, device="sim").view(3, 2)
    index = torch.tensor([2, 0])
    with count_copies() as copies:
        picked = x[index]
    assert [(c.direction, c.nbytes) for c in copies] == [("cpu -> sim:0", 16)]
    assert copies[0].source() is index
    assert picked.tolist() == [[4.0, 5.0], [0.0, 1.0]]
    with count_copies() as copies:
        x[index] = 9.0
    assert "cpu -> sim:0" in [c.direction for c in copies]
    assert x.tolist() == [[9.0, 9.0], [2.0, 3.0], [9.0, 9.0]]


def test_sim_indices_may_not_index_a_cpu_tensor():
    x, index = torch.ones(3), sim([0])
    wording = "indices should be either on cpu or on the same device as the indexed tensor (cpu)"
    assert message_of(lambda: x[index]) == wording
    assert message_of(lambda: x.__setitem__(index, 1.0)) == wording


def test_copy_crosses_the_boundary_both_ways_and_casts():
    x, y = torch.zeros(2, 3), torch.arange(3, device="sim")
    assert x.copy_(y) is x
    assert x.tolist() == [[0.0, 1.0, 2.0], [0.0, 1.0, 2.0]]
    assert torch.zeros(3, device="sim").copy_(torch.tensor([1, 2, 3])).tolist() == [1.0, 2.0, 3.0]


def test_only_one_sim_device_exists():
    assert "sim:1" in message_of(lambda: torch.ones(2, device="sim:1"))


def test_meta_and_sim_do_not_mix():
    assert "sim:0" in message_of(lambda: torch.ones(2, device="sim") + torch.ones(2, device="meta"))
    module = nn.Linear(2, 3, device="meta")
    with pytest.raises(NotImplementedError, match="no data"):
        module.to("sim")
    module.to_empty(device="sim")
    assert {str(p.device) for p in module.parameters()} == {"sim:0"}
    assert module(torch.ones(1, 2, device="sim")).shape == (1, 3)


# ---------------------------------------------------------------- it is a tensor like any other


def test_a_sim_tensor_is_a_plain_tensor():
    x = torch.ones(2, device="sim")
    assert type(x) is torch.Tensor
    assert x.device == torch.device("sim", 0) and x.device.type == "sim" and x.get_device() == 0
    assert x.is_sim and not torch.ones(2).is_sim
    assert not (x.is_cpu or x.is_cuda or x.is_meta)
    assert repr(x) == "tensor([1., 1.], device='sim:0')"
    assert x.type() == "torch.sim.FloatTensor"
    assert torch.ones(2).sim().is_sim and not x.cpu().is_sim
    assert x.to("sim") is x


def test_numpy_is_refused_as_on_cuda_and_lists_and_numbers_are_given():
    x = sim([[1.5, 2.5]])
    for call in (x.numpy, x.__array__, lambda: numpy.asarray(x)):
        with pytest.raises(TypeError) as caught:
            call()
        assert str(caught.value) == (
            "can't convert sim:0 device type tensor to numpy. Use Tensor.cpu() to copy the tensor "
            "to host memory first."
        )
    assert x.tolist() == [[1.5, 2.5]]
    assert x.sum().item() == 4.0 and float(x[0, 0]) == 1.5 and bool(x[0, 0] > 1)


FACTORIES = {
    "empty": lambda **k: torch.empty(2, 3, **k),
    "zeros": lambda **k: torch.zeros(2, 3, **k),
    "ones": lambda **k: torch.ones(2, 3, **k),
    "full": lambda **k: torch.full((2, 3), 7, **k),
    "eye": lambda **k: torch.eye(3, **k),
    "arange": lambda **k: torch.arange(1, 7, 2, **k),
    "linspace": lambda **k: torch.linspace(0, 1, 5, **k),
    "tensor": lambda **k: torch.tensor([[1, 2]], **k),
    "as_tensor": lambda **k: torch.as_tensor([1.0], **k),
    "rand": lambda **k: torch.rand(2, 3, **k),
    "randn": lambda **k: torch.randn(20, **k),
    "randint": lambda **k: torch.randint(9, (5,), **k),
    "randperm": lambda **k: torch.randperm(9, **k),
    "tril_indices": lambda **k: torch.tril_indices(3, 3, **k),
    "zeros_like": lambda **k: torch.zeros_like(torch.ones(2), **k),
    "rand_like": lambda **k: torch.rand_like(torch.ones(2), **k),
    "complex": lambda **k: torch.ones(2, dtype=torch.complex64, **k),
}


@pytest.mark.parametrize("name", FACTORIES)
def test_factories_make_sim_tensors_with_the_numbers_of_the_cpu(name):
    make = FACTORIES[name]
    torch.manual_seed(5)
    expected = make(device="cpu")
    torch.manual_seed(5)
    named = make(device="sim")
    torch.manual_seed(5)
    with torch.device("sim"):
        ambient = make()
    assert str(named.device) == str(ambient.device) == "sim:0"
    assert named.dtype == ambient.dtype == expected.dtype
    if name != "empty":
        assert torch.equal(named.cpu(), expected) and torch.equal(ambient.cpu(), expected)


def test_random_numbers_are_the_cpus():
    module = nn.Dropout(0.5)
    torch.manual_seed(3)
    expected = module(torch.ones(20)), torch.rand(2)
    torch.manual_seed(3)
    actual = module(torch.ones(20, device="sim")), torch.rand(2, device="sim")
    assert all(torch.equal(a.cpu(), e) for a, e in zip(actual, expected, strict=True))
    generator, on_cpu = (torch.Generator(d).manual_seed(7) for d in ("sim", "cpu"))
    drawn = torch.rand(3, generator=generator, device="sim")
    assert torch.equal(drawn.cpu(), torch.rand(3, generator=on_cpu))
    with torch.random.fork_rng(device_type="sim"):
        torch.manual_seed(0)


def test_views_alias_and_keep_their_strides():
    x = torch.arange(12.0, device="sim").view(3, 4)
    columns = x.t()[1:3]
    assert columns.stride() == (1, 4) and columns.storage_offset() == 1
    assert columns._base is not None and columns.data_ptr() == x.data_ptr() + 4
    columns.mul_(0)
    assert x[:, 1:3].sum().item() == 0 and x.sum().item() == 0 + 4 + 8 + 3 + 7 + 11
    x.fill_(5)
    assert columns.tolist() == [[5.0] * 3] * 2
    assert x.unfold(0, 2, 1).untyped_storage().data_ptr() == x.untyped_storage().data_ptr()
    assert x.to(memory_format=torch.contiguous_format) is x
    image = torch.ones(1, 2, 3, 3, device="sim").to(memory_format=torch.channels_last)
    assert image.stride() == (18, 1, 6, 2) and (image + 1).stride() == (18, 1, 6, 2)


def test_memory_that_overlaps_is_noticed_as_on_the_cpu():
    for device in ("cpu", "sim"):
        x = torch.arange(6.0, device=device)
        for call in (lambda x=x: x[1:].copy_(x[:-1]), lambda x=x: x[1:].add_(x[:-1])):
            assert "refer to a single memory location" in message_of(call)


def test_a_view_keeps_the_memory_alive():
    x = torch.arange(1000.0, device="sim")
    view = x[10:13]
    del x
    gc.collect()
    clutter = [torch.rand(1000) for _ in range(50)]
    assert view.tolist() == [10.0, 11.0, 12.0] and clutter


@pytest.mark.parametrize(
    "call",
    [
        lambda x: x.add_(1),
        lambda x: x.mul_(x),
        lambda x: x.zero_(),
        lambda x: x.copy_(torch.ones(2, 3)),
        lambda x: x.masked_fill_(x > 0, 2.0),
        lambda x: x.t_(),
        lambda x: x.unsqueeze_(0),
        lambda x: x.squeeze_(),
        lambda x: x.resize_(4, 5),
        lambda x: x.uniform_(),
        lambda x: x.clamp_(0, 1),
        lambda x: x.index_fill_(0, torch.tensor([0], device="sim"), 1.0),
        lambda x: x.requires_grad_(),
        lambda x: nn.init.xavier_uniform_(x),
        lambda x: torch.add(x, 1, out=x),
        lambda x: torch.mm(x, x.t(), out=x),
    ],
)
def test_an_in_place_op_returns_its_first_argument(call):
    x = torch.ones(2, 3, device="sim")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # out= of another shape is resized with a warning
        assert call(x) is x


def test_resizing_keeps_what_was_there_and_out_takes_the_shape_of_the_result():
    assert torch.arange(4.0, device="sim").resize_(6)[:4].tolist() == [0.0, 1.0, 2.0, 3.0]
    out = torch.empty(0, device="sim")
    assert torch.mm(torch.eye(2, device="sim"), torch.eye(2, device="sim"), out=out) is out
    assert out.tolist() == [[1.0, 0.0], [0.0, 1.0]]
    values, indices = torch.empty(0, device="sim"), torch.empty(0, device="sim", dtype=torch.long)
    torch.max(sim([[1.0, 3.0]]), 1, out=(values, indices))
    assert (values.tolist(), indices.tolist()) == ([3.0], [1])


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.int32, torch.bool])
def test_casts_stay_on_sim(dtype):
    x = torch.tensor([0.0, 1.5, -2.0])
    assert torch.equal(x.to("sim").to(dtype).cpu(), x.to(dtype))
    assert torch.equal(x.to("sim", dtype).cpu(), x.to(dtype))


def test_numbers_in_python_promote_as_on_the_cpu():
    for call in (
        lambda x: x % 5,
        lambda x: 5 - x,
        lambda x: x * 1.5,
        lambda x: x & 3,
        lambda x: 2**x,
        lambda x: torch.where(x > 2, x, 1.5),
        lambda x: x.half() * 2.5,
    ):
        expected, actual = call(torch.arange(6)), call(torch.arange(6, device="sim"))
        assert actual.dtype == expected.dtype
        assert torch.equal(actual.cpu(), expected)


def test_complex_numbers_and_lazy_conjugates():
    z = torch.tensor([1 + 2j, 3 - 1j])
    on_sim = z.to("sim")
    assert on_sim.conj().is_conj()
    assert torch.equal(on_sim.conj().cpu(), z.conj().resolve_conj())
    assert torch.equal((on_sim.conj() * on_sim).real.cpu(), (z.conj() * z).real)
    assert torch.equal(on_sim.conj().imag.cpu(), -z.imag)


# ---------------------------------------------------------------- modules, gradients, optimizers


def two_layers():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.BatchNorm1d(8), nn.Linear(8, 2))


OPTIMIZERS = {
    f"{kind.__name__} {options}": (kind, options)
    for kind in (torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW)
    for options in ({}, {"foreach": True}, {"foreach": False}, {"fused": True})
}
OPTIMIZERS["SGD momentum"] = (torch.optim.SGD, {"momentum": 0.9, "nesterov": True})
OPTIMIZERS["Adam amsgrad"] = (torch.optim.Adam, {"amsgrad": True, "weight_decay": 0.1})


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_training_on_sim_gives_the_numbers_of_the_cpu(name):
    kind, options = OPTIMIZERS[name]
    results = {}
    for device in ("cpu", "sim"):
        module = two_layers().to(device)
        optimizer = kind(module.parameters(), lr=0.1, **options)
        x, y = torch.linspace(-1, 1, 12).view(4, 3).to(device), torch.ones(4, 2, device=device)
        for _ in range(3):
            optimizer.zero_grad()
            F.mse_loss(module(x), y).backward()
            optimizer.step()
        results[device] = module.state_dict()
    assert {str(t.device) for t in results["sim"].values()} == {"sim:0"}
    for key, expected in results["cpu"].items():
        assert torch.equal(results["sim"][key].cpu(), expected), key


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(3, 3), nn.Linear(3, 3)
        self.b.weight = self.a.weight
        self.register_buffer("kept", torch.ones(2))
        self.register_buffer("not_saved", torch.ones(2), persistent=False)
        self.plain = torch.ones(2)

    def forward(self, x):
        return self.b(self.a(x))


@pytest.mark.parametrize(
    "move", [lambda m: m.to("sim"), lambda m: m.sim(), lambda m: m.to("sim", torch.float64)]
)
def test_moving_a_module_moves_parameters_and_buffers_in_place_and_keeps_ties(move):
    module = Tied()
    weight, seen = module.a.weight, weakref.ref(module.a.weight)
    weight.label = "mine"
    assert move(module) is module
    assert module.a.weight is weight and module.b.weight is weight
    assert type(weight) is nn.Parameter and weight.requires_grad and weight.label == "mine"
    assert seen() is weight
    assert str(weight.device) == str(module.kept.device) == str(module.not_saved.device) == "sim:0"
    assert str(module.plain.device) == "cpu"
    assert list(dict(module.named_buffers())) == ["kept", "not_saved"]
    assert list(module.state_dict()) == ["kept", "a.weight", "a.bias", "b.weight", "b.bias"]
    module.to("cpu", torch.float32)
    assert module.a.weight is weight and str(weight.device) == "cpu"


def test_a_tied_weight_is_copied_once():
    with count_copies() as copies:
        Tied().to("sim")
    # the tied weight, two biases, two buffers
    assert sorted(c.nbytes for c in copies) == [8, 8, 12, 12, 36]


def test_gradients_move_with_their_parameters():
    module = nn.Linear(2, 1)
    module(torch.ones(1, 2)).sum().backward()
    module.to("sim")
    assert str(module.weight.grad.device) == "sim:0"
    assert module.weight.grad.tolist() == [[1.0, 1.0]]


def test_an_optimizer_made_before_the_move_trains_the_moved_parameters():
    module = nn.Linear(2, 1)
    optimizer = torch.optim.SGD(module.parameters(), lr=1.0)
    before = module.weight.detach().clone()
    module.to("sim")(torch.ones(1, 2, device="sim")).sum().backward()
    optimizer.step()
    assert torch.equal(module.weight.cpu(), before - 1)


def test_moving_between_forwards_while_the_old_result_lives_is_fine():
    module = two_layers()
    kept = [module(torch.ones(4, 3))]
    module.to("sim")
    kept.append(module(torch.ones(4, 3, device="sim")))
    kept[-1].sum().backward()
    assert str(module[0].weight.grad.device) == "sim:0"


def test_autograd_works_through_a_crossing():
    weight = torch.ones(3, requires_grad=True)
    with count_copies() as copies:
        (weight.to("sim") * 2).cpu().sum().backward()
    assert weight.grad.tolist() == [2.0, 2.0, 2.0]
    # there and back, in forward and in backward
    assert [c.direction for c in copies] == [
        "cpu -> sim:0",
        "sim:0 -> cpu",
        "cpu -> sim:0",
        "sim:0 -> cpu",
    ]


def test_gradcheck_passes():
    x = torch.rand(2, 3, dtype=torch.float64, device="sim", requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: (x @ x.t()).softmax(-1).tanh(), x)
    assert torch.autograd.gradgradcheck(lambda x: (x @ x.t()).tanh(), x)


def test_in_place_writes_on_views_reach_autograd():
    gradients = []
    for device in ("cpu", "sim"):
        x = torch.arange(6.0, device=device).requires_grad_()
        y = (x * 1).view(2, 3)
        y[0].mul_(3)
        y[:, 1].masked_fill_(y[:, 1] > 3, 0.0)
        (y * y).sum().backward()
        gradients.append(x.grad.cpu())
    assert torch.equal(*gradients)


def test_hooks_run_and_their_exceptions_arrive():
    x = torch.ones(2, 2, device="sim", requires_grad=True)
    seen = []
    y = x @ x
    y.register_hook(lambda g: seen.append(str(g.device)))
    y.sum().backward()
    assert seen == ["sim:0"]

    def fail(gradient):
        raise ValueError("from a hook")

    y = x @ x
    y.register_hook(fail)
    with pytest.raises(ValueError, match="from a hook"):
        y.sum().backward()

    module = nn.Linear(2, 2).to("sim")
    module.register_forward_hook(lambda m, i, o: seen.append(str(o.device)))
    module.register_full_backward_hook(lambda m, i, o: seen.append("backward"))
    module(x).sum().backward()
    assert seen == ["sim:0", "sim:0", "backward"]


def test_modes_of_autograd_work():
    x = torch.ones(2, device="sim", requires_grad=True)
    with torch.no_grad():
        assert not (x * 2).requires_grad
    with torch.inference_mode():
        y = x * 2
        assert y.is_inference() and y.add_(1).tolist() == [3.0, 3.0]
        assert nn.LSTM(2, 3).to("sim")(y[None])[0].shape == (1, 3)
    assert x.detach().data_ptr() == x.data_ptr() and not x.detach().requires_grad
    x.data.zero_()
    assert x.tolist() == [0.0, 0.0]
    checkpointed = torch.utils.checkpoint.checkpoint(torch.exp, x, use_reentrant=False)
    checkpointed.sum().backward()
    assert x.grad.tolist() == [1.0, 1.0]


def test_functional_transforms_work():
    x = torch.ones(3, device="sim")
    assert torch.func.grad(lambda x: (x * x).sum())(x).tolist() == [2.0, 2.0, 2.0]
    assert torch.vmap(lambda x: x.sum())(torch.ones(2, 3, device="sim")).tolist() == [3.0, 3.0]
    module = nn.Linear(3, 1, bias=False).to("sim")
    replaced = torch.func.functional_call(module, {"weight": torch.ones(1, 3, device="sim")}, x)
    assert replaced.tolist() == [3.0]


POINTS = st.lists(st.floats(-4, 4, width=32), min_size=1, max_size=12)
STEPS = {
    "t": lambda x: x.t() if x.dim() <= 2 else x,
    "flip": lambda x: x.flip(0),
    "slice": lambda x: x[: max(1, x.shape[0] // 2)],
    "column": lambda x: x.reshape(-1, 1),
    "add_": lambda x: x.add_(1),
    "mul": lambda x: x * x,
    "exp": lambda x: (-x.abs()).exp(),
    "softmax": lambda x: x.softmax(-1),
    "cumsum": lambda x: x.cumsum(0),
    "sort": lambda x: x.sort(0).values,
    "mask": lambda x: x.masked_fill(x > 0, 0.0),
    "double": lambda x: x.double(),
    "outer": lambda x: (x.reshape(-1, 1) * x.reshape(1, -1))[:4],
    "view write": lambda x: (x[:1].zero_(), x)[1],
}


@settings(max_examples=60, deadline=None)
@example(values=[0.0, 0.0], names=["outer", "t", "exp"])
@given(values=POINTS, names=st.lists(st.sampled_from(sorted(STEPS)), max_size=8))
def test_any_chain_of_ops_gives_the_numbers_the_cpu_gives(values, names):
    expected, actual = torch.tensor(values), torch.tensor(values, device="sim")
    for name in names:
        expected, actual = STEPS[name](expected), STEPS[name](actual)
        assert actual.stride() == expected.stride()
        assert torch.equal(actual.cpu(), expected)


# ---------------------------------------------------------------- counting copies


def test_work_on_one_device_copies_nothing():
    module, x = Masked(buffer=True).to("sim"), torch.rand(1, 6, 3, device="sim")
    with count_copies() as copies:
        module(x).sum().backward()
        x.clone().to("sim").to(torch.float64)
        torch.ones(3).add_(1).to("cpu")
    assert copies == []


def test_counters_nest_and_stop():
    with count_copies() as outer:
        torch.ones(2).to("sim")
        with count_copies() as inner:
            torch.ones(3).to("sim")
        torch.ones(4).to("sim")
    torch.ones(5).to("sim")
    assert [c.shape for c in outer] == [(2,), (3,), (4,)]
    assert [c.shape for c in inner] == [(3,)]


def test_a_counter_stops_also_when_its_block_fails():
    with pytest.raises(KeyError), count_copies() as copies:
        raise KeyError
    torch.ones(5).to("sim")
    assert copies == []


def test_numbers_that_come_home_are_counted():
    x = torch.ones(3, device="sim")
    with count_copies() as copies:
        x.sum().item()
    assert [(c.direction, c.nbytes) for c in copies] == [("sim:0 -> cpu", 4)]


def test_a_record_finds_the_buffer_that_a_view_came_from():
    mask = torch.ones(6, 6).triu(1)
    with count_copies() as copies:
        moved = mask[:3, :3].to("sim")
    (only,) = copies
    assert only.reads(mask) and only.nbytes == 36 and only.result() is moved
    with pytest.raises(AttributeError):
        only.nbytes = 0


def test_records_do_not_keep_tensors_alive():
    with count_copies() as copies:
        torch.ones(3).to("sim")
    gc.collect()
    assert copies[0].source() is None and copies[0].result() is None


def test_each_thread_counts_its_own_copies():
    barrier = threading.Barrier(8)

    def session(number):
        barrier.wait()
        with count_copies() as copies:
            for _ in range(number):
                torch.ones(number).to("sim")
        return [c.shape for c in copies]

    with count_copies() as ours, ThreadPoolExecutor(8) as pool:
        counts = list(pool.map(session, range(1, 9)))
    assert counts == [[(n,)] * n for n in range(1, 9)]
    assert ours == []


# ---------------------------------------------------------------- registration disturbs nobody


def test_registering_again_changes_nothing():
    module = torch.sim
    assert register() == torch.device("sim:0") == register()
    assert torch.sim is module


def test_reloading_the_module_keeps_the_device_and_the_counters():
    x = torch.ones(2, device="sim")
    first, before = count_copies, dict(vars(simulated_device))
    try:
        again = importlib.reload(simulated_device)
        assert again.register() == torch.device("sim:0")
        with first() as old, again.count_copies() as new:
            (x + x).cpu()
        assert len(old) == len(new) == 1
    finally:  # others hold the functions that the module had
        vars(simulated_device).update(before)


def test_the_source_runs_alone_in_a_fresh_process_and_twice_in_one(run_python):
    code = f"""
import sys
source = {SOURCE!r}
for name in ("__main__", "cell_2", "cell_3"):
    namespace = {{"__name__": name}}
    exec(compile(source, "<cell>", "exec"), namespace)
    assert namespace["register"]().type == "sim"
import torch
with namespace["count_copies"]() as copies:
    torch.ones(2).to("sim")
assert len(copies) == 1
assert not any(m == "core" or m.startswith(("core.", "streamlit")) for m in sys.modules)
print("alone")
"""
    assert run_python(code)[-1] == "alone"


def test_only_torch_and_the_standard_library_are_imported():
    imported = {
        line.split()[1].split(".")[0]
        for line in SOURCE.splitlines()
        if line.startswith(("import ", "from "))
    }
    assert imported - {"torch"} <= sys.stdlib_module_names


def test_many_threads_may_register_at_once(run_python):
    code = f"""
import sys, threading, torch
sys.setswitchinterval(1e-6)
source = compile({SOURCE!r}, "<cell>", "exec")
barrier, answers = threading.Barrier(16), []
def session():
    namespace = {{"__name__": "cell"}}
    exec(source, namespace)
    barrier.wait()
    namespace["register"]()
    answers.append((torch.ones(3, device="sim") * 2).tolist())
threads = [threading.Thread(target=session) for _ in range(16)]
[t.start() for t in threads]
[t.join() for t in threads]
assert answers == [[2.0, 2.0, 2.0]] * 16
print("registered")
"""
    assert run_python(code)[-1] == "registered"


def test_another_backend_in_the_slot_is_named(run_python):
    code = f"""
import torch
torch.utils.rename_privateuse1_backend("npu")
namespace = {{"__name__": "cell"}}
exec({SOURCE!r}, namespace)
try:
    namespace["register"]()
except RuntimeError as error:
    print(error)
"""
    assert "'npu'" in run_python(code)


def test_real_devices_are_as_they_were(run_python):
    ask = (
        "import torch\n{}print(torch.cuda.is_available(), torch.cuda.device_count(), "
        "torch.backends.mps.is_available(), torch.xpu.is_available())"
    )
    with_sim = ask.format(f"exec({SOURCE!r}, {{'__name__': 'cell'}})\n")
    assert run_python(with_sim) == run_python(ask.format(""))


def test_the_cpu_is_as_it_was(run_python):
    numbers = """
torch.manual_seed(0)
module = torch.nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
y = module(torch.rand(2, 3, 8))
y.sum().backward()
torch.optim.AdamW(module.parameters()).step()
print(y.sum().item(), sum(p.sum().item() for p in module.parameters()))
"""
    without = run_python("import torch\n" + numbers)
    register_first = (
        f"import torch\nn = {{'__name__': 'c'}}\nexec({SOURCE!r}, n)\nn['register']()\n"
    )
    assert run_python(register_first + numbers) == without


def test_many_threads_train_at_once_with_the_right_numbers():
    def train(seed, device):
        generator = torch.Generator().manual_seed(seed)
        module = two_layers_of(generator).to(device)
        optimizer = torch.optim.Adam(module.parameters(), lr=0.1)
        x = torch.rand(4, 3, generator=generator).to(device)
        for _ in range(5):
            optimizer.zero_grad()
            module(x).pow(2).sum().backward()
            optimizer.step()
        return [p.detach().cpu() for p in module.parameters()]

    def two_layers_of(generator):
        module = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 2))
        for parameter in module.parameters():
            nn.init.uniform_(parameter, -1, 1, generator=generator)
        return module

    expected = [train(seed, "cpu") for seed in range(8)]
    with ThreadPoolExecutor(8) as pool:
        actual = list(pool.map(lambda seed: train(seed, "sim"), range(8)))
    for ours, theirs in zip(actual, expected, strict=True):
        assert all(torch.equal(a, e) for a, e in zip(ours, theirs, strict=True))


# ---------------------------------------------------------------- what we rely on in PyTorch

RELIED_ON = {
    "torch.utils.backend_registration._setup_privateuseone_for_python_backend": (
        "(rename=None, backend_module=None, hook=None, device_guard=None) -> None"
    ),
    "torch.nn.Module._apply": None,
    "torch.autograd._engine_run_backward": None,
    "torch._C._acc.create_empty_tensor": None,
    "torch._C._acc.DeviceGuard": None,
    "torch._C._construct_storage_from_data_pointer": None,
    "torch._C._dispatch_get_registrations_for_dispatch_key": None,
    "torch._C._dispatch_has_kernel_for_dispatch_key": None,
    "torch._C._get_privateuse1_backend_name": None,
    "torch._C._swap_tensor_impl": None,
    "torch._C._AutoDispatchBelowAutograd": None,
    "torch._C._is_multithreading_enabled": None,
    "torch.Tensor._use_count": None,
    "torch.library.fallthrough_kernel": None,
    "torch.ops.aten.convolution_overrideable.default": None,
    "torch.ops.aten._thnn_fused_lstm_cell.default": None,
    "torch.ops.aten._copy_from.default": None,
    "torch.ops.aten.set_.source_Storage_storage_offset._op_dk": None,
}


@pytest.mark.parametrize("path", RELIED_ON)
def test_pytorch_still_has_what_the_device_is_built_on(path):
    found = torch
    for name in path.split(".")[1:]:
        assert hasattr(found, name), (
            f"torch {torch.__version__} has no {path}: core/device was written for "
            "2.13.0 and needs another way"
        )
        found = getattr(found, name)
    if RELIED_ON[path] is not None:
        signature = str(inspect.signature(found))
        assert signature == RELIED_ON[path], (
            f"{path} takes {signature} in torch {torch.__version__}, and core/device "
            f"calls it as {RELIED_ON[path]}"
        )


def test_the_source_leaves_few_names_in_a_notebook():
    namespace = {"__name__": "cell"}
    exec(SOURCE, namespace)
    public = {
        name
        for name, value in namespace.items()
        if not name.startswith("_") and getattr(value, "__module__", None) == "cell"
    }
    assert public == {"Copy", "count_copies", "register"}


def test_a_generator_can_be_made_on_sim_and_draws_the_cpus_numbers():
    generator = torch.Generator(device="sim").manual_seed(7)
    on_cpu = torch.Generator().manual_seed(7)
    assert generator.device == torch.device("sim:0") and on_cpu.device == torch.device("cpu")
    drawn = torch.rand(4, generator=generator, device="sim")
    assert drawn.device == torch.device("sim:0")
    assert torch.equal(drawn.cpu(), torch.rand(4, generator=on_cpu))
    state = generator.get_state()
    first = torch.randperm(9, generator=generator, device="sim")
    assert torch.equal(first, torch.randperm(9, generator=generator.set_state(state), device="sim"))


def test_other_generators_stay_what_they_were():
    assert type(torch.Generator()) is torch._C.Generator
    for generator in (torch.Generator(), torch.default_generator, torch.Generator("sim")):
        assert isinstance(generator, torch.Generator)
    assert not isinstance(torch.ones(1), torch.Generator)


def test_a_data_loader_that_pins_memory_goes_on_as_before():
    loader = torch.utils.data.DataLoader(torch.arange(4.0), batch_size=2, pin_memory=True)
    with pytest.warns(UserWarning, match="no accelerator is found"):  # as in a Python without sim
        assert [batch.tolist() for batch in loader] == [[0.0, 1.0], [2.0, 3.0]]
    tensor = torch.ones(2)
    assert torch.equal(tensor.pin_memory(), tensor)


def test_an_op_keeps_none_of_its_tensors():
    """Not even until the garbage collector comes, which a busy server lets wait."""
    gc.disable()
    try:
        tensors = [torch.ones(4, device=register())]
        tensors += [torch.relu(tensors[0] + 1), torch.cat([tensors[0]] * 2)]
        held = [weakref.ref(tensor) for tensor in tensors]
        del tensors
        assert not any(tensor() is not None for tensor in held)
    finally:
        gc.enable()
