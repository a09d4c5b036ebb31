"""`torch.autocast("sim")` does what CUDA's does.

Oracles: PyTorch's own cases for CUDA's autocast (torch/testing/_internal/autocast_test_lists.py,
run by test/test_cuda.py), and the lists of ops in the C++ header that comes with PyTorch.
"""

import re
from pathlib import Path

import pytest
import torch
from on_sim import message_of
from operator_database import without_test_dependencies
from torch import nn
from torch.nn import functional as F

from core.device import autocast
from core.device.simulated_device import count_copies, register

register()
without_test_dependencies()
from torch.testing._internal.autocast_test_lists import AutocastTestLists, TestAutocast  # noqa: E402

torch.manual_seed(0)
LISTS = AutocastTestLists(torch.device("sim"))
ROWS = [
    (module, wanted, row)
    for names, module, wanted in (
        ("torch_fp16", torch, "lower"),
        ("methods_fp16", None, "lower"),
        ("nn_fp16", torch._C._nn, "lower"),
        ("linalg_fp16", torch._C._linalg, "lower"),
        ("torch_fp32", torch, torch.float32),
        ("methods_fp32", None, torch.float32),
        ("nn_fp32", torch._C._nn, torch.float32),
        ("torch_need_autocast_promote", torch, torch.float32),
    )
    for row in getattr(LISTS, names)
    if not row[0].startswith("cudnn") and row[0] != "einsum"  # PyTorch's tests leave it out too
]


@pytest.mark.filterwarnings("ignore:torch.chain_matmul is deprecated|Using torch.cross:UserWarning")
@pytest.mark.parametrize("number", range(len(ROWS)), ids=[row[0] for _, _, row in ROWS])
def test_pytorchs_own_cases_of_cudas_autocast_hold(number):
    module, wanted, (op, args, *more) = ROWS[number]
    keywords = more[0] if more and isinstance(more[0], dict) else {}
    TestAutocast()._run_autocast_outofplace(
        op,
        args,
        torch.float16 if wanted == "lower" else wanted,
        "sim",
        module=module,
        add_kwargs=keywords,
        amp_dtype=torch.float16,
    )


def test_ops_with_a_rule_of_their_own_keep_it():
    rows = [(torch, row) for row in LISTS.torch_expect_builtin_promote]
    rows += [(None, row) for row in LISTS.methods_expect_builtin_promote]
    assert len(rows) > 20
    for module, (op, args, out_type) in rows:
        if op not in ("__div__", "equal"):  # the one is gone, the other gives no tensor
            TestAutocast()._run_autocast_outofplace(
                op, args, torch.float32, "sim", out_type=out_type, module=module
            )


def lists_in_the_header():
    header = Path(torch.__path__[0], "include/ATen/autocast_mode.h").read_text()
    found = {}
    for name in ("LOWER_PRECISION_FP", "FP32", "FP32_SET_OPT_DTYPE", "PROMOTE"):
        body = re.search(rf"#define AT_FORALL_{name}\(_\)((?:.*\\\n)+.*\n)", header)[1]
        pairs = re.findall(r"_\((\w+)(?:, (\w+))?\)", body)
        found[name] = [".".join(filter(None, pair)) for pair in pairs]
    return found


def test_the_lists_are_those_of_pytorchs_header():
    assert lists_in_the_header() == {
        "LOWER_PRECISION_FP": autocast._LOWER_PRECISION.split(),
        "FP32": autocast._FLOAT32.split(),
        "FP32_SET_OPT_DTYPE": autocast._FLOAT32_RESULT.split(),
        "PROMOTE": autocast._WIDEST.split(),
    }


def test_every_op_that_cuda_casts_is_cast():
    of = torch._C._dispatch_get_registrations_for_dispatch_key
    rest = set(of("AutocastCUDA")) - set(of("AutocastPrivateUse1"))
    assert rest == {"aten::cudnn_convolution", "aten::cudnn_convolution_transpose"}


@pytest.mark.parametrize("dtype", [None, torch.bfloat16])
def test_a_training_step_in_lower_precision(dtype):
    module = nn.Sequential(nn.Linear(4, 8), nn.LayerNorm(8), nn.Linear(8, 2)).to("sim")
    x = torch.rand(3, 4, device="sim")
    with torch.autocast("sim", dtype):
        output = module(x)
        loss = F.mse_loss(output, torch.zeros(3, 2, device="sim"))
    assert (output.dtype, loss.dtype) == (dtype or torch.float16, torch.float32)
    loss.backward()
    assert {(p.grad.dtype, p.grad.device.type) for p in module.parameters()} == {
        (torch.float32, "sim")
    }
    by_hand = module[0].weight.to(output.dtype) @ x.to(output.dtype).t()
    by_hand = by_hand.t() + module[0].bias.to(output.dtype)
    with torch.autocast("sim", dtype):
        assert torch.allclose(module[0](x), by_hand, rtol=2e-2, atol=2e-3)
    assert module(x).dtype == torch.float32


def test_doubles_integers_and_the_cpu_are_left_alone():
    with torch.autocast("sim"), count_copies() as copies:
        double = torch.ones(2, 2, dtype=torch.float64, device="sim")
        assert (double @ double).dtype == torch.float64
        assert double.exp().dtype == double.sum().dtype == torch.float64
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == torch.float32
        assert torch.ones(2, dtype=torch.int64, device="sim").sum().dtype == torch.int64
        x = torch.ones(2, 2, device="sim")
        assert x.sum(dtype=torch.float16).dtype == torch.float16  # as asked for
        assert x.half().softmax(-1, torch.float16).dtype == torch.float16
        with torch.autocast("sim", enabled=False):
            assert (x @ x).dtype == torch.float32
    assert copies == []


def test_tensors_of_two_devices_are_refused_as_without():
    a, b = torch.ones(2, 2, device="sim"), torch.ones(2, 2)
    with torch.autocast("sim"):
        assert "mat2 is on cpu, different from other tensors on sim:0" in message_of(lambda: a @ b)


def test_refusals_are_pytorchs():
    probability = torch.full((2,), 0.5, device="sim")
    with torch.autocast("sim"):
        message = message_of(lambda: F.binary_cross_entropy(probability, probability))
        assert message.startswith(
            "torch.nn.functional.binary_cross_entropy and torch.nn.BCELoss are unsafe to autocast."
        )
        other = probability.bfloat16()
        assert message_of(lambda: torch.atan2(other, other)) == (
            "Unexpected floating ScalarType in at::autocast::prioritize"
        )


def test_a_weight_is_cast_once_until_the_outermost_block_ends():
    weight, x = torch.ones(2, 2, device="sim", requires_grad=True), torch.ones(2, device="sim")
    with torch.autocast("sim"):
        with torch.autocast("sim"):
            before = weight @ x
        with torch.no_grad():
            weight.zero_()
        assert torch.equal(weight @ x, before)  # the cast of before, as on CUDA
    with torch.autocast("sim"):
        assert (weight @ x).tolist() == [0.0, 0.0]
    with torch.autocast("sim", cache_enabled=False), torch.no_grad():
        weight.fill_(1)
        assert (weight @ x).tolist() == [2.0, 2.0]
    assert torch.sim.autocast_casts == {}


def test_a_scaler_skips_a_step_that_overflows():
    weight = nn.Parameter(torch.ones(2, device="sim"))
    optimizer = torch.optim.SGD([weight], lr=1.0)
    scaler = torch.amp.GradScaler("sim", init_scale=4.0)
    for factor, expected in ((torch.inf, 1.0), (0.5, 0.5)):
        optimizer.zero_grad()
        scaler.scale((weight * factor).sum()).backward()
        scaler.step(optimizer)
        scaler.update()
        assert weight.tolist() == [expected] * 2
    assert scaler.get_scale() == 2.0  # halved once
