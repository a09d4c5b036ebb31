"""Other ways to have the causal mask: subclasses of CausalAttention that differ in nothing else.

All but the last two use its forward pass, which reads `self.mask` once. Dimensions as in
core/attention/causal_attention.py.
"""

import torch
from torch import nn
from torch.nn.functional import scaled_dot_product_attention

from core.attention.causal_attention import (
    CausalAttention,
    CausalAttentionWithoutBuffers,
    causal_mask,
)


class NonPersistentBuffer(CausalAttention):
    """The mask moves with the module, and is left out of its state_dict."""

    def __init__(self, d_in, d_out, context_length, dropout, qkv_bias=False):
        super().__init__(d_in, d_out, context_length, dropout, qkv_bias)
        self.register_buffer("mask", causal_mask(context_length), persistent=False)


class NnBuffer(CausalAttention):
    """The mask is assigned as an nn.Buffer, which registers it."""

    def __init__(self, d_in, d_out, context_length, dropout, qkv_bias=False):
        super().__init__(d_in, d_out, context_length, dropout, qkv_bias)
        self.mask = nn.Buffer(causal_mask(context_length))


class BoolBuffer(CausalAttention):
    """The mask is a registered buffer of one byte a number."""

    def __init__(self, d_in, d_out, context_length, dropout, qkv_bias=False):
        super().__init__(d_in, d_out, context_length, dropout, qkv_bias)
        self.register_buffer("mask", causal_mask(context_length).bool())


class MovedByHand(CausalAttentionWithoutBuffers):
    """The mask is a plain attribute; whoever moves the module moves it too."""

    def to(self, device):
        super().to(device)
        self.mask = self.mask.to(device)
        return self


class MovedEachTime(CausalAttention):
    """The mask is a plain attribute that stays where it is; every forward pass takes a copy."""

    def __init__(self, d_in, d_out, context_length, dropout, qkv_bias=False):
        super().__init__(d_in, d_out, context_length, dropout, qkv_bias)
        self.kept = causal_mask(context_length)

    @property
    def mask(self):
        return self.kept.to(self.W_query.weight.device)


class RebuiltEachTime(CausalAttention):
    """Nothing is kept: every forward pass builds the mask where the weights are."""

    @property
    def mask(self):
        return causal_mask(self.context_length, self.W_query.weight.device)


class CopiedEachTime(CausalAttention):
    """Nothing is kept: every forward pass builds the mask on the CPU, and copies it."""

    @property
    def mask(self):  # to the CPU, the copy is a clone
        return causal_mask(self.context_length).to(self.W_query.weight.device, copy=True)


class BuiltInFirstForward(CausalAttention):
    """The mask is None until the first forward pass. A subclass says how the name is held."""

    def forward(self, x):
        if self.mask is None:
            self.mask = causal_mask(self.context_length).to(x.device)
        return super().forward(x)


class CausalAttentionLazyMask(BuiltInFirstForward):
    """The name is a plain attribute: the wrong way, seen in darts#3052."""

    def __init__(self, d_in, d_out, context_length, dropout, qkv_bias=False):
        super().__init__(d_in, d_out, context_length, dropout, qkv_bias)
        self.mask = None


class CausalAttentionReservedMask(BuiltInFirstForward):
    """`mask` is registered as a buffer that is None, so the tensor that fills it moves later.

    So does the KV cache of rasbt/LLMs-from-scratch, ch04/03.
    """

    def __init__(self, d_in, d_out, context_length, dropout, qkv_bias=False):
        super().__init__(d_in, d_out, context_length, dropout, qkv_bias)
        self.register_buffer("mask", None, persistent=False)


class FusedAttention(CausalAttention):
    """No mask at all: PyTorch's fused attention hides later tokens by itself.

    A forward pass of its own, since to measure it against the other is the point.
    """

    def forward(self, x):
        """Context vectors (b, num_tokens, d_out) for the embeddings x (b, num_tokens, d_in)."""
        self.check(x)
        projections = (self.W_query, self.W_key, self.W_value)
        qkv = (project(x).unsqueeze(1) for project in projections)  # (b, 1 head, num_tokens, d_out)
        return scaled_dot_product_attention(*qkv, is_causal=True).squeeze(1)


class AttentionWithMaskParameter(CausalAttention):
    """The mask is an nn.Parameter that is added to the scores: `start` above the diagonal, else 0.

    A forward pass of its own, since a gradient reaches what is added and not what decides where to
    fill. Where `start` is -inf, softmax gives a weight of exactly 0, and its gradient is 0 too.
    """

    def __init__(self, d_in, d_out, context_length, dropout, start=-4.0):
        super().__init__(d_in, d_out, context_length, dropout)
        later = torch.ones(context_length, context_length).triu(1).bool()
        self.mask = nn.Parameter(torch.zeros(context_length, context_length))
        self.mask.data[later] = start

    def forward(self, x):
        """Context vectors (b, num_tokens, d_out) for the embeddings x (b, num_tokens, d_in)."""
        self.check(x)
        queries, keys, values = self.W_query(x), self.W_key(x), self.W_value(x)
        attn_scores = queries @ keys.transpose(1, 2) / self.d_out**0.5
        attn_weights = torch.softmax(attn_scores + self.mask, dim=-1)  # each row sums to 1
        return self.dropout(attn_weights) @ values  # (b, num_tokens, d_out)
