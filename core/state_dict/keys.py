"""Four ways to hold the mask, and who lists it afterwards."""

import torch
from torch import nn

from core.attention.causal_attention import CausalAttention, causal_mask


class PlainAttribute(CausalAttention):
    """a plain attribute"""

    def __init__(self, *sizes):
        super().__init__(*sizes)
        self.mask = causal_mask(self.context_length)


class PersistentBuffer(CausalAttention):
    """a persistent buffer"""

    def __init__(self, *sizes):
        super().__init__(*sizes)
        self.register_buffer("mask", causal_mask(self.context_length))


class NonPersistentBuffer(CausalAttention):
    """a non-persistent buffer"""

    def __init__(self, *sizes):
        super().__init__(*sizes)
        self.register_buffer("mask", causal_mask(self.context_length), persistent=False)


class NnBuffer(CausalAttention):
    """an nn.Buffer"""

    def __init__(self, *sizes):
        super().__init__(*sizes)
        self.mask = nn.Buffer(causal_mask(self.context_length))


WAYS = (PlainAttribute, PersistentBuffer, NonPersistentBuffer, NnBuffer)


def build(way):
    """A module of class `way`: d_in 3, d_out 2, context_length 6, dropout 0."""
    torch.manual_seed(123)
    return way(3, 2, 6, 0.0)


def listings(model):
    """Who belongs where: {the call: the names it lists}. parameters() and buffers() list tensors
    without names, so each is told by the name of the tensor that it is."""
    tensors = {**vars(model), **dict(model.named_parameters()), **dict(model.named_buffers())}
    by_id = {id(tensor): name for name, tensor in tensors.items()}
    return {
        "parameters()": [by_id[id(tensor)] for tensor in model.parameters()],
        "buffers()": [by_id[id(tensor)] for tensor in model.buffers()],
        "named_buffers()": [name for name, _ in model.named_buffers()],
        "state_dict()": list(model.state_dict()),
    }
