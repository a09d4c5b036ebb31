"""An op and its generator are on one device, as CUDA's `check_generator` demands; seeds work.

Oracle: the message in ATen/core/Generator.h, with `sim` for `cuda`; the CPU's numbers.
"""

import contextlib
import copy

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from core.device.simulated_device import register

register()
SIM_WANTED = "Expected a 'sim' device type for generator but found 'cpu'"
CPU_WANTED = "Expected a 'cpu' device type for generator but found 'sim'"

DRAWS = {
    "rand": lambda d, g: torch.rand(3, device=d, generator=g),
    "randn": lambda d, g: torch.randn(3, device=d, generator=g),
    "randint": lambda d, g: torch.randint(9, (3,), device=d, generator=g),
    "rand_like": lambda d, g: torch.rand_like(torch.ones(3, device=d), generator=g),
    "normal": lambda d, g: torch.normal(torch.ones(3, device=d), 1.0, generator=g),
    "normal_": lambda d, g: torch.ones(3, device=d).normal_(generator=g),
    "uniform_": lambda d, g: torch.ones(3, device=d).uniform_(generator=g),
    "random_": lambda d, g: torch.ones(3, device=d).random_(generator=g),
    "exponential_": lambda d, g: torch.ones(3, device=d).exponential_(generator=g),
    "multinomial": lambda d, g: torch.ones(4, device=d).multinomial(2, generator=g),
    "bernoulli": lambda d, g: torch.full((9,), 0.5, device=d).bernoulli(generator=g),
    "bernoulli_": lambda d, g: torch.ones(9, device=d).bernoulli_(0.5, generator=g),
    "poisson": lambda d, g: torch.poisson(torch.ones(3, device=d), generator=g),
    "xavier": lambda d, g: nn.init.xavier_uniform_(torch.ones(2, 2, device=d), generator=g),
    "trunc_normal_": lambda d, g: nn.init.trunc_normal_(torch.ones(2, 2, device=d), generator=g),
    "rrelu": lambda d, g: torch._C._nn.rrelu_with_noise(
        -torch.ones(3, device=d), torch.ones(3, device=d), 0.1, 0.3, True, g
    ),
}  # fmt: skip


@pytest.fixture(params=[contextlib.nullcontext, torch.no_grad, torch.inference_mode])
def mode(request):
    with request.param():
        yield


@pytest.mark.parametrize("name", DRAWS)
def test_a_generator_of_the_device_draws_the_cpus_numbers(name, mode):
    on_cpu, on_sim = (torch.Generator(d).manual_seed(3) for d in ("cpu", "sim"))
    expected, actual = DRAWS[name]("cpu", on_cpu), DRAWS[name]("sim", on_sim)
    assert actual.device.type == "sim"
    assert torch.equal(actual.cpu(), expected)
    assert torch.equal(on_sim.get_state(), on_cpu.get_state())


@pytest.mark.parametrize("name", DRAWS)
def test_a_generator_of_the_other_device_is_refused(name, mode):
    for device, generator, message in (
        ("sim", torch.Generator(), SIM_WANTED),
        ("cpu", torch.Generator("sim"), CPU_WANTED),
    ):
        before = generator.get_state()
        with pytest.raises(RuntimeError) as caught:
            DRAWS[name](device, generator)
        assert str(caught.value) == message
        assert torch.equal(generator.get_state(), before)


def test_a_permutation_says_it_in_its_own_words():
    with pytest.raises(RuntimeError) as caught:
        torch.randperm(5, generator=torch.Generator("sim"))
    assert str(caught.value) == "Expected a 'cpu' generator device but found 'sim:0'"
    with pytest.raises(RuntimeError) as caught:
        torch.randperm(5, device="sim", generator=torch.Generator())
    assert str(caught.value) == SIM_WANTED


def test_a_loader_that_shuffles_under_a_default_device_fails_as_on_cuda():
    data = torch.arange(4)
    try:
        torch.set_default_device("sim")
        loader = torch.utils.data.DataLoader(data, shuffle=True)
        with pytest.raises(RuntimeError) as caught:
            list(loader)
        assert str(caught.value) == SIM_WANTED
        with_own = torch.utils.data.RandomSampler(data, generator=torch.Generator("sim"))
        assert sorted(with_own) == [0, 1, 2, 3]
    finally:
        torch.set_default_device(None)


@pytest.mark.parametrize("seed", ["manual_seed", "manual_seed_all"])
def test_seeds_of_the_device_decide_its_numbers(seed):
    getattr(torch.sim, seed)(11)
    first = torch.rand(3, device="sim"), F.dropout(torch.ones(9, device="sim"))
    assert torch.sim.initial_seed() == 11
    getattr(torch.sim, seed)(11)
    again = torch.rand(3, device="sim"), F.dropout(torch.ones(9, device="sim"))
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert isinstance(torch.sim.seed(), int)


def test_limit_one_stream_of_numbers_serves_both_devices():
    """On CUDA each device has a default generator, and seeding one leaves the other."""
    torch.manual_seed(0)
    expected = torch.rand(2)
    torch.sim.manual_seed(0)
    assert torch.equal(torch.rand(2), expected)


def test_a_generator_has_the_methods_of_every_generator():
    generator = torch.Generator("sim")
    assert generator.manual_seed(5) is generator and generator.initial_seed() == 5
    assert generator.device == torch.device("sim:0")
    state = generator.get_state()
    first = torch.rand(2, device="sim", generator=generator)
    assert generator.set_state(state) is generator
    twin, copied = generator.clone_state(), copy.deepcopy(generator)
    for other in (generator, twin, copied):
        assert torch.equal(torch.rand(2, device="sim", generator=other), first)
    assert isinstance(generator.seed(), int)
    with pytest.raises(RuntimeError, match="sim:1"):
        torch.Generator("sim:1")
