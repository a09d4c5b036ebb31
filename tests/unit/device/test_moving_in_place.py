"""A module or parameter that moves stays the same object: identity, hooks, gradients, any mode.

Oracles: the CPU's own `module.double()`, which exchanges memory in the same way as `.cuda()`, and
what PyTorch's source says of accumulated gradients (no check of their device).
"""

import contextlib

import pytest
import torch
from torch import nn

from core.device.simulated_device import count_copies, register

register()

MODES = {
    "grad": contextlib.nullcontext,
    "no_grad": torch.no_grad,
    "inference_mode": torch.inference_mode,
}
MOVES = {
    "as on the CPU, to another dtype": lambda module: module.double(),
    "to sim": lambda module: module.to("sim"),
}


@pytest.fixture(params=MODES)
def mode(request):
    return MODES[request.param]


@pytest.fixture(params=MOVES)
def move(request):
    return MOVES[request.param]


def ones_like_input(module):
    return torch.ones(1, 2, device=module.weight.device, dtype=module.weight.dtype)


def test_a_module_moved_outside_runs_in_every_mode(mode):
    module = nn.Linear(3, 3)
    x = torch.rand(2, 3)
    expected = module(x)
    on_sim, x = module.to("sim"), x.to("sim")
    with mode():
        assert torch.allclose(on_sim(x).cpu(), expected)
        assert [x.t().shape, x.view(-1).shape, x[0].shape] == [(3, 2), (6,), (3,)]


@pytest.mark.parametrize("make", [
    lambda: nn.BatchNorm1d(3),
    lambda: nn.LSTM(3, 3),
    lambda: nn.TransformerEncoderLayer(3, 1, 4, batch_first=True),
    lambda: nn.Sequential(nn.Linear(3, 3), nn.ReLU(inplace=True), nn.Dropout(0.5)),
])  # fmt: skip
def test_modules_with_state_run_in_every_mode(make, mode):
    torch.manual_seed(0)
    on_cpu = make()
    torch.manual_seed(0)
    on_sim = make().to("sim")
    x = torch.rand(2, 4, 3) if not isinstance(on_cpu, nn.BatchNorm1d) else torch.rand(4, 3)
    outputs = []
    for module, x_there in ((on_cpu, x), (on_sim, x.to("sim"))):
        with mode():
            torch.manual_seed(1)
            result = module(x_there)
            outputs.append(result[0] if isinstance(result, tuple) else result)
    assert torch.allclose(outputs[1].cpu(), outputs[0], atol=1e-6)


def test_moving_works_in_every_mode_and_training_goes_on(mode):
    module = nn.Linear(2, 2)
    weight = module.weight
    with mode():
        module.to("sim")
        assert module(torch.ones(1, 2, device="sim")).device.type == "sim"
    assert module.weight is weight and weight.device.type == "sim" and weight.requires_grad
    module(torch.ones(1, 2, device="sim")).sum().backward()
    assert weight.grad.tolist() == [[1.0, 1.0], [1.0, 1.0]]


def test_writes_on_views_work_in_inference_mode_as_on_the_cpu():
    for device in ("cpu", "sim"):
        x = torch.zeros(2, 2, device=device)
        with torch.inference_mode():
            view = x[0]
            view.add_(1)
            fresh = x * 2
            assert not view.is_inference() and fresh.is_inference() and fresh[0].is_inference()
        assert x.tolist() == [[1.0, 1.0], [0.0, 0.0]]
        assert fresh[0].is_inference()
        with pytest.raises(RuntimeError, match="Inplace update to inference tensor"):
            fresh[0].add_(1)


@pytest.mark.parametrize("devices", [("sim", "sim"), ("cpu", "sim"), ("sim", "cpu")], ids="-".join)
def test_data_may_be_set_in_every_mode_to_that_of_any_device(devices, mode):
    parameter = nn.Parameter(torch.ones(2, device=devices[0]))
    with mode():
        value = torch.zeros(2, device=devices[1])
        parameter.data = value
        assert parameter.device.type == devices[1] and parameter.tolist() == [0.0, 0.0]
        value.fill_(3)  # one memory, as on every device
        assert parameter.tolist() == [3.0, 3.0]
    assert type(parameter) is nn.Parameter and parameter.requires_grad
    assert parameter.data.tolist() == [3.0, 3.0] and not parameter.data.requires_grad


def test_hooks_survive_the_move(move):
    module, seen = nn.Linear(2, 1, bias=False), []
    module.weight.register_hook(lambda g: seen.append("hook"))
    handle = module.weight.register_hook(lambda g: seen.append("removed"))
    module.weight.register_post_accumulate_grad_hook(lambda p: seen.append("accumulated"))
    move(module)
    handle.remove()
    module(ones_like_input(module)).sum().backward()
    assert seen == ["hook", "accumulated"]
    module.weight.register_hook(lambda g: seen.append("later"))
    module(ones_like_input(module)).sum().backward()
    assert seen[2:] == ["hook", "later", "accumulated"]


def test_the_gradient_stays_the_same_object(move):
    module = nn.Linear(2, 1)
    module(ones_like_input(module)).sum().backward()
    gradient = module.weight.grad
    move(module)
    assert module.weight.grad is gradient
    assert (gradient.device, gradient.dtype) == (module.weight.device, module.weight.dtype)
    assert gradient.tolist() == [[1.0, 1.0]]
    module(ones_like_input(module)).sum().backward()
    assert module.weight.grad is gradient and gradient.tolist() == [[2.0, 2.0]]


def test_limit_a_gradient_goes_along_when_only_the_data_moves():
    """CUDA leaves it where it is, and the next optimizer step fails."""
    parameter = nn.Parameter(torch.ones(2))
    (parameter * 2).sum().backward()
    gradient = parameter.grad
    parameter.data = parameter.data.to("sim")
    assert parameter.grad is gradient and gradient.device.type == "sim"
    assert gradient.tolist() == [2.0, 2.0]


def test_frozen_parameters_move_with_their_gradient():
    parameter = nn.Parameter(torch.ones(2))
    parameter.sum().backward()
    parameter.requires_grad_(False)
    gradient = parameter.grad
    parameter.data = parameter.data.to("sim")
    assert parameter.grad is gradient and not parameter.requires_grad


@pytest.mark.parametrize("there", ["sim", "sim and back"])
def test_a_graph_made_before_the_move_gives_its_gradients_to_the_parameter(there):
    """CUDA has no check here: the old graph's gradient arrives (there on its own device, if no
    other tensor holds it; here on the parameter's)."""
    module, seen = nn.Linear(2, 1, bias=False), []
    module.weight.register_hook(lambda g: seen.append(g.device.type))
    module.weight.register_post_accumulate_grad_hook(lambda p: seen.append(p is module.weight))
    result = module(torch.ones(1, 2)).sum()
    module.to("sim")
    if there != "sim":
        module.to("cpu")
    result.backward()
    assert module.weight.grad.device == module.weight.device
    assert module.weight.grad.tolist() == [[1.0, 1.0]]
    assert seen == ["cpu", True]


def test_limit_a_graph_made_before_the_move_keeps_the_weights_that_it_saved():
    """Where the input needs a gradient too, CUDA finds the moved weight and refuses."""
    module, x = nn.Linear(2, 1, bias=False), torch.ones(1, 2, requires_grad=True)
    weight = module.weight.detach().clone()
    result = module(x).sum()
    module.to("sim")
    result.backward()
    assert torch.equal(x.grad, weight)


@pytest.mark.parametrize("non_blocking", [False, True])
def test_copies_may_be_asked_not_to_block(non_blocking, mode):
    x = torch.arange(6.0).view(2, 3)
    with mode():
        with count_copies() as copies:
            there = x.to("sim", non_blocking=non_blocking)
            back = there.t().to("cpu", non_blocking=non_blocking)
        assert torch.equal(back, x.t()) and back.stride() == (1, 3)
        assert [c.direction for c in copies] == ["cpu -> sim:0", "sim:0 -> cpu"]
        assert there.to("cpu", torch.float64, non_blocking=non_blocking).dtype == torch.float64
    module = nn.Linear(2, 2).to("sim")
    module.to("cpu", non_blocking=non_blocking)
    assert {p.device.type for p in module.parameters()} == {"cpu"}
    target = torch.zeros(2, 3)
    assert torch.equal(target.copy_(there, non_blocking=non_blocking), x)


def test_a_module_on_sim_goes_to_meta_and_comes_back_empty(mode):
    module = nn.Linear(2, 2).to("sim")
    weight = module.weight
    with mode():
        module.to("meta")
        assert module.weight is weight and weight.is_meta and weight.requires_grad
        assert module.bias.shape == (2,) and module.bias.is_meta
        module.to_empty(device="sim")
        assert {p.device.type for p in module.parameters()} == {"sim"}
        assert torch.ones(2, device="sim").to("meta").shape == (2,)
