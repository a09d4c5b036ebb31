"""Checkpoints: what goes in comes out, and differences have the names of load_state_dict."""

import io

import pytest
import safetensors.torch
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from core.attention.causal_attention import CausalAttentionWithBuffer, CausalAttentionWithoutBuffers
from core.checkpoint.checkpoint import bundled, compare, inspect, load, read_state, save
from core.device.simulated_device import register

DTYPES = [
    *(torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64),
    *(torch.float16, torch.bfloat16, torch.float32, torch.float64),
    *(torch.float8_e4m3fn, torch.float8_e5m2),
]
SHAPES = st.lists(st.integers(0, 4), max_size=4).map(tuple)


def bits(tensor):
    """A tensor's bytes, so that nan equals itself and -0 is not 0."""
    return tensor.cpu().contiguous().reshape(-1).view(torch.uint8).tolist()


@st.composite
def tensors(draw):
    shape, dtype = draw(SHAPES), draw(st.sampled_from(DTYPES))
    count = torch.Size(shape).numel() * dtype.itemsize
    raw = draw(st.binary(min_size=count, max_size=count))
    if dtype is torch.bool:
        raw = bytes(byte % 2 for byte in raw)
    flat = torch.frombuffer(bytearray(raw), dtype=dtype) if count else torch.empty(0, dtype=dtype)
    tensor = flat.reshape(shape)
    return tensor.transpose(0, -1) if draw(st.booleans()) and len(shape) > 1 else tensor


STATES = st.dictionaries(
    st.text(min_size=1, max_size=12).filter(str.isprintable), tensors(), max_size=5
)
KINDS = st.sampled_from(["pt", "safetensors"])
DEVICES = st.sampled_from(["cpu", "sim"])


@settings(max_examples=120, deadline=None)
@given(STATES, KINDS, DEVICES, DEVICES)
def test_any_state_comes_back_bit_for_bit(state, kind, source, target):
    register()
    if kind == "safetensors":
        state = {key: tensor for key, tensor in state.items() if key != "__metadata__"}
    placed = {key: tensor.to(source) for key, tensor in state.items()}
    back = read_state(save(placed, kind), map_location=target)
    assert set(back) == set(state)
    for key, tensor in state.items():
        assert (back[key].shape, back[key].dtype) == (tensor.shape, tensor.dtype)
        assert back[key].device.type == target
        assert bits(back[key]) == bits(tensor)


@settings(max_examples=60, deadline=None)
@given(STATES)
def test_the_reference_implementation_agrees_in_both_directions(state):
    state = {key: tensor.contiguous() for key, tensor in state.items() if key != "__metadata__"}
    theirs = safetensors.torch.load(save(state, "safetensors"))
    ours = read_state(safetensors.torch.save(state))
    for read in (theirs, ours):
        assert set(read) == set(state)
        assert all(bits(read[key]) == bits(tensor) for key, tensor in state.items())


MODULES = {
    "attention": lambda: CausalAttentionWithBuffer(3, 2, 6, 0.0),
    "batch norm": lambda: nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4)),
    "transformer layer": lambda: nn.TransformerEncoderLayer(8, 2, 16),
    "lstm": lambda: nn.LSTM(3, 4, 2, bidirectional=True),
    "tied": lambda: tied(),
}


def tied():
    module = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))
    module[1].weight = module[0].weight
    return module


@pytest.mark.parametrize("kind", ["pt", "safetensors"])
@pytest.mark.parametrize("device", ["cpu", "sim"])
@pytest.mark.parametrize("name", MODULES)
def test_a_modules_state_survives_a_file(name, device, kind):
    register()
    source, target = MODULES[name]().to(device), MODULES[name]()
    outcome = load(target, read_state(save(source.state_dict(), kind)))
    assert outcome.ok and outcome.message == "<All keys matched successfully>"
    for key, tensor in source.state_dict().items():
        assert bits(tensor) == bits(target.state_dict()[key])


@settings(max_examples=60, deadline=None)
@given(STATES, KINDS)
def test_the_table_says_what_the_state_has(state, kind):
    state = {key: tensor for key, tensor in state.items() if key != "__metadata__"}
    found = {entry.key: entry for entry in inspect(save(state, kind), f"x.{kind}").entries}
    if not state:
        return
    assert set(found) == set(state)
    for key, tensor in state.items():
        entry = found[key]
        assert entry.shape == tuple(tensor.shape)
        assert entry.dtype == str(tensor.dtype).removeprefix("torch.")
        assert entry.nbytes == tensor.nbytes


def test_pytorchs_old_format_and_nested_checkpoints_are_listed():
    model = nn.BatchNorm1d(3)
    optimizer = torch.optim.AdamW(model.parameters())
    model(torch.ones(2, 3)).sum().backward()
    optimizer.step()
    whole = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3}
    for new in (True, False):
        file = io.BytesIO()
        torch.save(whole, file, _use_new_zipfile_serialization=new)
        found = {entry.key: entry for entry in inspect(file.getvalue(), "x.pt").entries}
        assert found["model.running_mean"].shape == (3,)
        assert found["epoch"].shape is None and found["epoch"].dtype == "int"
        assert any("exp_avg" in key for key in found)


def test_every_kind_of_tensor_has_the_row_that_torch_load_gives():
    kinds = {
        "parameter": nn.Parameter(torch.ones(2, 3)),
        "view": torch.arange(12.0).view(3, 4)[1:, ::2],
        "expanded": torch.ones(1).expand(1000, 1000),
        "meta": torch.ones(3, device="meta"),
        "uint16": torch.ones(2, dtype=torch.uint16),
        "complex": torch.ones(2, dtype=torch.complex64),
        "conjugate": torch.ones(2, dtype=torch.complex64).conj(),
        "quantized": torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.quint8),
        "none": torch.empty(0, 3),
        "number": torch.tensor(1),
    }
    kinds["attributed"] = torch.ones(2)
    kinds["attributed"].note = "a word"
    for new in (True, False):
        if not new:
            del kinds["uint16"]  # the old format has no name for it
        file = io.BytesIO()
        torch.save(kinds, file, _use_new_zipfile_serialization=new)
        loaded = torch.load(io.BytesIO(file.getvalue()), weights_only=True)
        found = inspect(file.getvalue(), "x.pt").entries
        assert [entry.key for entry in found] == list(loaded)
        for entry in found:
            tensor = loaded[entry.key]
            assert entry.shape == tuple(tensor.shape)
            assert f"torch.{entry.dtype}" == str(tensor.dtype)
            assert (entry.device, entry.nbytes) == (str(tensor.device), tensor.nbytes)


def test_a_conjugate_or_a_negative_view_is_saved_with_the_numbers_that_it_shows():
    numbers = torch.tensor([1 + 2j, 3 - 4j], dtype=torch.complex64)
    state = {"conjugate": numbers.conj(), "negative": numbers.clone().conj().imag}
    assert state["conjugate"].is_conj() and state["negative"].is_neg()
    for kind in ("pt", "safetensors"):
        back = read_state(save(state, kind))
        assert all(torch.equal(back[key], tensor) for key, tensor in state.items())


def test_a_sparse_tensor_is_listed_with_its_shape():
    file = io.BytesIO()
    torch.save({"coo": torch.eye(3).to_sparse()}, file)
    (entry,) = inspect(file.getvalue(), "x.pt").entries
    assert (entry.shape, entry.dtype) == ((3, 3), "float32 (sparse)")
    assert entry.nbytes == 3 * 4 + 2 * 3 * 8  # values, and two int64 indices for each


def test_keys_stay_distinct_even_if_their_paths_are_one():
    file = io.BytesIO()
    torch.save({"a.b": torch.ones(1), "a": {"b": torch.ones(2)}, "k" * 300: 1, "k" * 301: 2}, file)
    keys = [entry.key for entry in inspect(file.getvalue(), "x.pt").entries]
    assert keys[:2] == ["a.b", "a.b (2)"]
    assert len(set(keys)) == 4 and all(len(key) < 250 for key in keys)


HINTED = {
    "mask": "mask",
    "0.running_mean": "running statistics",
    "0.running_var": "running statistics",
    "0.num_batches_tracked": "counter",
    "inv_freq": "rotary",
    "cos_cached": "rotary",
}


def test_buffers_are_recognised_and_weights_are_not():
    for name, data in bundled().items():
        for entry in inspect(data, name).entries:
            key = entry.key.removeprefix("module.")
            if key in HINTED:
                assert HINTED[key] in entry.buffer_hint
            elif entry.key.endswith(("weight", "bias")):
                assert entry.buffer_hint is None


def test_gpt2s_mask_named_bias_is_recognised_and_a_layers_bias_is_not():
    state = {"h.0.attn.bias": torch.ones(1, 1, 8, 8), "h.0.attn.c_attn.bias": torch.ones(24)}
    hints = [entry.buffer_hint for entry in inspect(save(state), "x.pt").entries]
    assert "GPT-2" in hints[0] and hints[1] is None


def test_differences_have_the_names_of_load_state_dict():
    with_buffer = CausalAttentionWithBuffer(3, 2, 6, 0.0)
    without, short = (
        CausalAttentionWithoutBuffers(3, 2, 6, 0.0),
        CausalAttentionWithBuffer(3, 2, 4, 0),
    )
    files = [inspect(save(m.state_dict()), "x.pt") for m in (with_buffer, without, short)]
    assert compare(files[0], files[1]).missing == ("mask",)
    assert compare(files[1], files[0]).unexpected == ("mask",)
    assert not compare(files[0], files[0])
    (mismatch,) = compare(files[0], files[2]).mismatched
    assert mismatch.key == "mask" and mismatch.shape_differs and not mismatch.dtype_differs
    outcome = load(with_buffer, without.state_dict())
    assert outcome.missing_keys == ("mask",) and outcome.error_type == "RuntimeError"
    assert 'Missing key(s) in state_dict: "mask"' in outcome.message
    outcome = load(without, with_buffer.state_dict(), strict=False)
    assert outcome.ok and outcome.unexpected_keys == ("mask",)
    assert "size mismatch for mask" in load(short, with_buffer.state_dict(), strict=False).message


def test_what_is_ours_to_check_raises():
    with pytest.raises(TypeError, match="only tensors are saved"):
        save({"w": 3})
    with pytest.raises(ValueError, match="must be 'pt' or 'safetensors'"):
        save({}, "zip")
    with pytest.raises(TypeError, match="must map keys"):
        load(nn.Linear(1, 1), [1])


def test_bundled_files_are_always_the_same():
    assert bundled() == bundled() and len(bundled()) >= 5
