"""The two attention modules against PyTorch's own attention and the notebook's printed numbers."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import scaled_dot_product_attention

from core.attention.causal_attention import (
    CausalAttentionWithBuffer,
    CausalAttentionWithoutBuffers,
    causal_mask,
)
from core.device.simulated_device import register
from core.inputs.embeddings import SIX_TOKENS

VARIANTS = (CausalAttentionWithoutBuffers, CausalAttentionWithBuffer)
# What the notebook prints: rasbt/LLMs-from-scratch, ch03/03_understanding-buffers.
PUBLISHED = {
    CausalAttentionWithoutBuffers: [
        [-0.4519, 0.2216],
        [-0.5874, 0.0058],
        [-0.6300, -0.0632],
        [-0.5675, -0.0843],
        [-0.5526, -0.0981],
        [-0.5299, -0.1081],
    ],
    CausalAttentionWithBuffer: [
        [0.4772, 0.1063],
        [0.5891, 0.3257],
        [0.6202, 0.3860],
        [0.5478, 0.3589],
        [0.5321, 0.3428],
        [0.5077, 0.3493],
    ],
}


def six_tokens_twice():
    inputs = torch.tensor([row for _, row in SIX_TOKENS])
    return torch.stack((inputs, inputs))


def as_in_the_notebook():
    torch.manual_seed(123)
    return [variant(3, 2, 6, 0.0) for variant in VARIANTS]


def test_causal_mask_hides_exactly_the_later_keys():
    mask = causal_mask(5)
    assert mask.tolist() == [[float(key > query) for key in range(5)] for query in range(5)]


@pytest.mark.parametrize("device", ["cpu", "sim"])
def test_published_context_vectors_come_out_to_four_decimals(device):
    register()
    for model in as_in_the_notebook():
        model.to(device)
        model.mask = model.mask.to(device)
        context = model(six_tokens_twice().to(device)).detach().cpu()
        expected = torch.tensor(PUBLISHED[type(model)])
        assert context.shape == (2, 6, 2)
        for sequence in context:
            assert torch.equal(torch.round(sequence, decimals=4), expected)


def test_plain_mask_stays_behind_and_the_error_names_both_devices():
    register()
    without_buffers, with_buffer = as_in_the_notebook()
    for model in (without_buffers, with_buffer):
        model.to("sim")
    assert str(without_buffers.mask.device) == "cpu"
    assert str(with_buffer.mask.device) == "sim:0"
    x = six_tokens_twice().to("sim")
    with pytest.raises(RuntimeError) as caught:
        without_buffers(x)
    assert str(caught.value) == (
        "expected self and mask to be on the same device, but got mask on cpu and self on sim:0"
    )
    without_buffers.mask = without_buffers.mask.to("sim")
    assert without_buffers(x).device == with_buffer(x).device == torch.device("sim:0")


def test_state_dict_holds_a_persistent_mask_and_only_that():
    weights = ["W_query.weight", "W_key.weight", "W_value.weight"]
    assert list(CausalAttentionWithBuffer(3, 2, 6, 0.0).state_dict()) == ["mask", *weights]
    assert list(CausalAttentionWithoutBuffers(3, 2, 6, 0.0).state_dict()) == weights
    quiet = CausalAttentionWithBuffer(3, 2, 6, 0.0, persistent=False)
    assert list(quiet.state_dict()) == weights
    assert "mask" in dict(quiet.named_buffers())


def test_equal_weights_give_bit_identical_outputs():
    without_buffers, with_buffer = as_in_the_notebook()
    with_buffer.load_state_dict(without_buffers.state_dict(), strict=False)
    x = six_tokens_twice()
    assert torch.equal(without_buffers(x), with_buffer(x))


@settings(max_examples=60, deadline=None)
@given(
    variant=st.sampled_from(VARIANTS),
    batch=st.integers(1, 4),
    tokens=st.integers(1, 40),
    spare=st.integers(0, 8),
    d_in=st.integers(1, 12),
    d_out=st.integers(1, 24),
    bias=st.booleans(),
    seed=st.integers(0, 2**31 - 1),
    dtype=st.sampled_from((torch.float32, torch.float64, torch.bfloat16)),
    device=st.sampled_from(("cpu", "sim")),
)
def test_output_agrees_with_scaled_dot_product_attention(
    variant, batch, tokens, spare, d_in, d_out, bias, seed, dtype, device
):
    register()
    generator = torch.Generator().manual_seed(seed)
    model = variant(d_in, d_out, tokens + spare, 0.0, qkv_bias=bias)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * d_in**-0.5)
    model.to(dtype)
    x = torch.randn(batch, tokens, d_in, generator=generator).to(dtype)
    with torch.no_grad():
        query, key, value = model.W_query(x), model.W_key(x), model.W_value(x)
        oracle = scaled_dot_product_attention(query, key, value, is_causal=True)
        model.to(device)
        model.mask = model.mask.to(device)
        output = model(x.to(device)).cpu()
    assert output.dtype == dtype
    tolerance = {torch.float32: 2e-5, torch.float64: 1e-10, torch.bfloat16: 0.1}[dtype]
    torch.testing.assert_close(output, oracle, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize(
    ("shape", "value", "limit"),
    [((1, 7, 3), "7 tokens", "6"), ((1, 6, 4), "4 numbers", "3"), ((6, 3), "2 dimensions", "3")],
)
def test_input_that_does_not_fit_is_refused_with_value_and_limit(variant, shape, value, limit):
    with pytest.raises(ValueError, match=value) as caught:
        variant(3, 2, 6, 0.0)(torch.zeros(shape))
    assert limit in str(caught.value)


def test_context_vectors_do_not_depend_on_later_tokens():
    model = as_in_the_notebook()[1]
    x = six_tokens_twice()
    before = model(x)
    x[:, 4] += 1
    after = model(x)
    assert torch.equal(before[:, :4], after[:, :4])
    assert not torch.equal(before[:, 4:], after[:, 4:])
