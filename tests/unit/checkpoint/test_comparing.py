"""Comparing says what load_state_dict says: the oracle is load_state_dict of real modules."""

import io
from collections import OrderedDict

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from core.checkpoint.casts import cast
from core.checkpoint.checkpoint import Limits, Refusal, compare, inspect, save
from core.checkpoint.comparing import unwrapped
from core.checkpoint.holders import MOST_STEPS


def saved(value, **options):
    file = io.BytesIO()
    torch.save(value, file, **options)
    return file.getvalue()


def said(module, state):
    """(missing, unexpected, ok) of the real load_state_dict."""
    seen = []
    module.register_load_state_dict_post_hook(
        lambda _, keys: seen.append((tuple(keys.missing_keys), tuple(keys.unexpected_keys)))
    )
    try:
        module.load_state_dict(state)
    except RuntimeError:
        return *seen[-1], False
    return *seen[-1], True


def compared(module, state, kind="pt"):
    """The differences of a module's own file and a state's."""
    expected = inspect(save(module.state_dict()), "a.pt")
    data = save(state, kind) if kind == "safetensors" else saved(state)
    return compare(expected, inspect(data, "b.pt"))


def plain(state):
    return dict(state)


def without(state, *names):
    kept = OrderedDict((k, v) for k, v in state.items() if not k.endswith(names))
    kept._metadata = getattr(state, "_metadata", None)
    return kept


def with_dtype(state, dtype):
    return OrderedDict((k, v.to(dtype)) for k, v in state.items())


def net():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv1d(2, 3, 1), nn.BatchNorm1d(3), nn.Sequential(nn.InstanceNorm1d(3, affine=True,
        track_running_stats=True)), nn.TransformerEncoderLayer(4, 2, 8)
    )  # fmt: skip


CASES = {
    "itself": lambda s: s,
    "without metadata": plain,
    "no counters, with metadata": lambda s: without(s, "num_batches_tracked"),
    "no counters, without metadata": lambda s: plain(without(s, "num_batches_tracked")),
    "no statistics, with metadata": lambda s: without(s, "running_mean", "running_var"),
    "no statistics, without metadata": lambda s: plain(without(s, "running_mean")),
    "half": lambda s: with_dtype(s, torch.float16),
    "double": lambda s: with_dtype(s, torch.float64),
    "whole numbers": lambda s: with_dtype(s, torch.int32),
    "data parallel": lambda s: {f"module.{k}": v for k, v in s.items()},
    "wrapped": lambda s: {"model": s, "epoch": 3},
    "another shape": lambda s: {k: v[:1] if v.dim() else v for k, v in s.items()},
    "a line for a scalar": lambda s: {k: v.reshape(1) if not v.dim() else v for k, v in s.items()},
    "more": lambda s: {**s, "1.more": torch.ones(1), "9.weight": torch.ones(1), "x": torch.ones(1)},
    "numbers for tensors": lambda s: {**s, "0.bias": 3.0},
    "a key in a tensor's place": lambda s: {**s, "0.bias.more": torch.ones(1)},
    "nothing": lambda s: {},
}


@pytest.mark.parametrize("name", CASES)
def test_what_load_state_dict_says_is_what_is_said(name):
    state = CASES[name](net().state_dict())
    missing, unexpected, ok = said(net(), state)
    found = compared(net(), state)
    assert (found.missing, found.unexpected, found.loads) == (missing, unexpected, ok)
    if ok:
        assert found.message == "<All keys matched successfully>"


@pytest.mark.parametrize("name", CASES)
def test_its_message_is_pytorchs_own(name):
    state = CASES[name](net().state_dict())
    try:
        message = repr(net().load_state_dict(state, strict=False))
    except RuntimeError as error:
        message = str(error).replace("Sequential", "the module")
    found = compared(net(), state).message_not_strict
    if name == "numbers for tensors":  # the type of the number is not known to us
        assert found.splitlines()[0] == message.splitlines()[0]
    else:
        assert found.splitlines()[:25] == message.splitlines()[:25]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_pair_of_states_is_said_as_load_state_dict_says_it(data):
    names = st.sampled_from(["a", "b", "c.a", "c.b", "c.d.a", "c", "e.num_batches_tracked"])
    shapes = st.sampled_from([(), (1,), (2,), (2, 2)])
    dtypes = st.sampled_from([torch.float32, torch.float16, torch.int64, torch.bool])
    states = st.dictionaries(names, st.tuples(shapes, dtypes), max_size=6)
    expected, loaded = data.draw(states), data.draw(states)
    module = nn.Module()
    for name, (shape, dtype) in expected.items():
        *path, last = name.split(".")
        place = module
        for part in path:
            if part not in place._modules:
                place._modules[part] = nn.Module()
            place = place._modules[part]
        place._buffers[last] = torch.zeros(shape, dtype=dtype)
    state = {k: torch.ones(shape, dtype=dtype) for k, (shape, dtype) in loaded.items()}
    flat = {k: torch.zeros(shape, dtype=dtype) for k, (shape, dtype) in expected.items()}
    missing, unexpected, ok = said(module, state)
    found = compare(inspect(saved(flat), "a"), inspect(saved(state), "b"))
    assert set(found.missing) == set(missing) and set(found.unexpected) == set(unexpected)
    assert found.loads == ok


def test_half_into_single_is_matched_and_every_number_stays():
    module = nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 2), nn.Linear(2, 2))
    found = compared(module, with_dtype(module.state_dict(), torch.float16))
    assert found.loads and not found and len(found.casts) == 6
    assert all(cast.result.is_exact for cast in found.casts)


def test_a_float_into_a_whole_numbers_buffer_loses_its_fraction_and_that_is_said():
    module = nn.Module()
    module.register_buffer("steps", torch.zeros(2, dtype=torch.int64))
    state = {"steps": torch.tensor([2.8, 1.0])}
    found = compared(module, state)
    module.load_state_dict(state)
    assert module.steps.tolist() == [2, 1]
    (lossy,) = found.lossy
    assert found.loads and found
    assert (lossy.result.before, lossy.result.after) == ("2.8", "2")


PAIRS = [torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.int32,
         torch.int8, torch.uint8, torch.bool, torch.complex64, torch.float8_e4m3fn]  # fmt: skip


@pytest.mark.parametrize("source", PAIRS, ids=str)
@pytest.mark.parametrize("target", PAIRS, ids=str)
def test_a_cast_is_exact_where_pytorch_gives_every_number_back(source, target):
    """The oracle: all numbers of small dtypes, and numbers from everywhere of the others."""
    short = [str(d).removeprefix("torch.") for d in (source, target)]
    found = cast(*short)
    if source.is_complex:
        numbers = torch.tensor([1 + 2j, 3 - 1j], dtype=source)
    elif source.itemsize == 1 and source is not torch.bool:
        numbers = torch.arange(256, dtype=torch.uint8).view(source)
        numbers = numbers[~numbers.float().isnan()] if source.is_floating_point else numbers
    elif source is torch.bool:
        numbers = torch.tensor([True, False])
    else:
        wide = [2.8, 0.1, -1, 300, 70_000, 2**24 + 1, 2**53 - 1, 1e30, 65_504, 1e38]
        wide = torch.tensor(wide, dtype=torch.float64)
        fits = 1e30 if source.is_floating_point else torch.iinfo(source).max
        numbers = wide[wide.abs() <= fits].to(source)
        numbers = numbers[numbers.double().isfinite()]
        if source is torch.int64:
            numbers = torch.cat([numbers, torch.tensor([2**53 + 1])])
    back = torch.zeros(numbers.shape, dtype=target).copy_(numbers)
    same = back.tolist() == numbers.tolist()
    assert found.is_exact == same


def test_a_cast_that_pytorch_does_not_make_is_a_mismatch():
    module = nn.Module()
    module.register_buffer("w", torch.zeros(3))
    for tensor in (
        torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.quint8),
        torch.ones(3).to_sparse(),
    ):
        with pytest.raises(RuntimeError):
            module.load_state_dict({"w": tensor})
        (mismatch,) = compared(module, {"w": tensor}).mismatched
        assert mismatch.key == "w"


def test_counters_that_no_one_misses_are_named():
    found = compared(nn.BatchNorm1d(2), plain(without(nn.BatchNorm1d(2).state_dict(), "tracked")))
    assert found.loads and found.filled == ("num_batches_tracked",)
    found = compared(nn.BatchNorm1d(2), without(nn.BatchNorm1d(2).state_dict(), "tracked"))
    assert not found.filled and found.missing == ("num_batches_tracked",)


@pytest.mark.parametrize("wrapper", ["model", "state_dict", "model_state_dict"])
def test_a_training_checkpoint_can_be_unwrapped(wrapper):
    model = net()
    optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)
    file = inspect(
        saved({"epoch": 1, "optimizer": optimizer.state_dict(), wrapper: model.state_dict()}), "b"
    )
    assert file.wrappers() == (wrapper,)
    own = inspect(save(model.state_dict()), "a")
    assert not compare(own, file).loads
    inner = unwrapped(file, wrapper)
    assert compare(own, inner).loads and inner.versions == own.versions
    assert own.versions["1"] == 2


def test_a_prefix_that_alone_makes_the_difference_is_found():
    state = net().state_dict()
    assert compared(net(), {f"module.{k}": v for k, v in state.items()}).prefix == "module."
    assert compared(net(), {f"_orig_mod.{k}": v for k, v in state.items()}).prefix == "_orig_mod."
    assert compared(net(), {"module.0.weight": state["0.weight"]}).prefix == ""


def test_extra_state_is_as_load_state_dict_has_it():
    class Extra(nn.Linear):
        def get_extra_state(self):
            return {"version": 1}

        def set_extra_state(self, state):
            pass

    module, linear = Extra(2, 2), nn.Linear(2, 2)
    for source, state in ((module, linear.state_dict()), (linear, module.state_dict())):
        missing, unexpected, ok = said(source, state)
        found = compare(inspect(saved(source.state_dict()), "a"), inspect(saved(state), "b"))
        assert (found.missing, found.unexpected, found.loads) == (missing, unexpected, ok)


def test_too_much_to_try_is_refused_with_the_limit():
    wide = {f"{i}.w": torch.zeros(()) for i in range(9_000)}
    file = inspect(save(wide), "a", Limits())
    with pytest.raises(Refusal, match=f"the limit here is {MOST_STEPS:,}"):
        compare(file, file)
