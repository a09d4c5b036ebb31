"""Causal self-attention, written twice: the two differ only in how they hold the mask.

Dimensions:
    b           sequences in the batch
    num_tokens  tokens in a sequence, at most context_length
    d_in        numbers in an input embedding
    d_out       numbers in a query, a key, a value and a context vector

The class names, the signature and the attribute names are those of the notebook on buffers
in "Build a Large Language Model (From Scratch)" (rasbt/LLMs-from-scratch, ch03/03).
"""

import torch
from torch import nn


def causal_mask(context_length, device=None):
    """Ones where a query must not look, zeros elsewhere: (context_length, context_length).

    Row i, column j is 1 where j > i: the key comes after the query. float32, on `device`.
    """
    return torch.triu(torch.ones(context_length, context_length, device=device), diagonal=1)


class CausalAttention(nn.Module):
    """What both variants share: the weights and the forward pass. A subclass adds the mask."""

    mask: torch.Tensor  # (context_length, context_length)

    def __init__(self, d_in, d_out, context_length, dropout, qkv_bias=False):
        super().__init__()
        self.d_out = d_out
        self.context_length = context_length
        self.W_query = nn.Linear(d_in, d_out, bias=qkv_bias)
        self.W_key = nn.Linear(d_in, d_out, bias=qkv_bias)
        self.W_value = nn.Linear(d_in, d_out, bias=qkv_bias)
        self.dropout = nn.Dropout(dropout)

    def check(self, x):
        """Raise ValueError, with the value and the limit, unless x is (b, num_tokens, d_in)."""
        if x.ndim != 3:
            raise ValueError(
                f"x has {x.ndim} dimensions {tuple(x.shape)}, but 3 are needed: "
                "(batch, tokens, d_in). Add a batch dimension with x.unsqueeze(0)."
            )
        if x.shape[1] > self.context_length:
            raise ValueError(
                f"x has {x.shape[1]} tokens, but context_length is {self.context_length}. "
                "Shorten the input or build the module with a longer context."
            )
        if x.shape[2] != self.W_query.in_features:
            raise ValueError(
                f"x has {x.shape[2]} numbers per token, but d_in is {self.W_query.in_features}."
            )

    def forward(self, x):
        """Context vectors (b, num_tokens, d_out) for the embeddings x (b, num_tokens, d_in)."""
        self.check(x)
        num_tokens = x.shape[1]
        queries = self.W_query(x)  # (b, num_tokens, d_out)
        keys = self.W_key(x)  # (b, num_tokens, d_out)
        values = self.W_value(x)  # (b, num_tokens, d_out)
        attn_scores = queries @ keys.transpose(1, 2)  # (b, num_tokens, num_tokens)
        attn_scores.masked_fill_(self.mask.bool()[:num_tokens, :num_tokens], -torch.inf)
        scaled_scores = attn_scores / self.d_out**0.5  # (b, num_tokens, num_tokens)
        attn_weights = torch.softmax(scaled_scores, dim=-1)  # each row sums to 1
        dropped_weights = self.dropout(attn_weights)  # (b, num_tokens, num_tokens)
        context_vec = dropped_weights @ values  # (b, num_tokens, d_out)
        return context_vec


class CausalAttentionWithoutBuffers(CausalAttention):
    """The mask is a plain tensor attribute: Python knows it, the module does not."""

    def __init__(self, d_in, d_out, context_length, dropout, qkv_bias=False):
        super().__init__(d_in, d_out, context_length, dropout, qkv_bias)
        self.mask = causal_mask(context_length)


class CausalAttentionWithBuffer(CausalAttention):
    """The mask is a registered buffer; persistent=False keeps it out of the state_dict."""

    def __init__(self, d_in, d_out, context_length, dropout, qkv_bias=False, *, persistent=True):
        super().__init__(d_in, d_out, context_length, dropout, qkv_bias)
        self.register_buffer("mask", causal_mask(context_length), persistent=persistent)
