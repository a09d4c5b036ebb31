"""Two modules that build their mask in the first forward pass: one the wrong way, one the right.

Seen in real projects: darts#3052, and the KV cache of LLMs-from-scratch ch04/03.
"""

from core.attention.causal_attention import CausalAttention, causal_mask


class CausalAttentionLazyMask(CausalAttention):
    """The mask is a plain attribute that is None until the first forward pass."""

    def __init__(self, d_in, d_out, context_length, dropout, qkv_bias=False):
        super().__init__(d_in, d_out, context_length, dropout, qkv_bias)
        self.mask = None

    def forward(self, x):
        if self.mask is None:
            self.mask = causal_mask(self.context_length).to(x.device)
        return super().forward(x)


class CausalAttentionReservedMask(CausalAttention):
    """The same, but the name is reserved as a buffer, so that what it will hold can move."""

    def __init__(self, d_in, d_out, context_length, dropout, qkv_bias=False):
        super().__init__(d_in, d_out, context_length, dropout, qkv_bias)
        self.register_buffer("mask", None, persistent=False)

    def forward(self, x):
        if self.mask is None:
            self.mask = causal_mask(self.context_length).to(x.device)
        return super().forward(x)
