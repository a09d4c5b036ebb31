"""Four ways to hold the mask, and who lists it afterwards."""

import torch

from core.attention.causal_attention import CausalAttentionWithBuffer, CausalAttentionWithoutBuffers
from core.attention.mask_variants import NnBuffer, NonPersistentBuffer

HELD_AS = {
    "a plain attribute": CausalAttentionWithoutBuffers,
    "a persistent buffer": CausalAttentionWithBuffer,
    "a non-persistent buffer": NonPersistentBuffer,
    "an nn.Buffer": NnBuffer,
}


def build(variant):
    """A module of this class: d_in 3, d_out 2, context_length 6, dropout 0."""
    torch.manual_seed(123)
    return variant(3, 2, 6, 0.0)


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
