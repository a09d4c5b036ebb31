"""The notebook's experiment: edit the mask of a module, save, load into a fresh one, and look.

Dimensions: b = 1 sequence, 6 tokens, context_length 6; the mask is (6, 6).
"""

import io
from dataclasses import dataclass

import torch

from core.attention.causal_attention import CausalAttentionWithBuffer, CausalAttentionWithoutBuffers
from core.attention.mask_variants import NonPersistentBuffer
from core.inputs.embeddings import SIX_TOKENS

VARIANTS = (CausalAttentionWithoutBuffers, CausalAttentionWithBuffer)
UNSAVED = (CausalAttentionWithoutBuffers, NonPersistentBuffer)


def ones_to_twos(mask, cells):
    mask[mask == 1.0] = 2.0


def all_to_zero(mask, cells):
    mask[:] = 0.0


def paint(mask, cells):
    for query, key in cells:  # counted from 1
        mask[query - 1, key - 1] = 1.0 - mask[query - 1, key - 1]


EDITS = {"twos": ones_to_twos, "zeros": all_to_zero, "paint": paint}


@dataclass(frozen=True)
class EditResult:
    """What became of an edited mask. Masks are (6, 6), outputs (6 tokens, d_out), on the CPU."""

    edited: torch.Tensor
    restored: torch.Tensor  # the mask of the fresh module after loading
    message: str  # what load_state_dict returned
    nbytes: int  # size of the saved file
    output_before: torch.Tensor  # of the module before its mask was edited
    output_after: torch.Tensor  # of the fresh module after loading
    leaks: tuple[int, ...]  # tokens (from 1) whose output changes when a later token changes

    @property
    def survived(self):
        return torch.equal(self.edited, self.restored)

    @property
    def output_changed(self):
        return not torch.equal(self.output_before, self.output_after)


@torch.no_grad()
def save_edit_load(variant, edit, cells=()):
    """Run the experiment with a class of VARIANTS or UNSAVED, a name of EDITS, cells to "paint"."""
    x = torch.tensor([[row for _, row in SIX_TOKENS]])  # (1, 6, d_in)
    torch.manual_seed(123)
    model = variant(3, 2, 6, 0.0)
    before = model(x)

    EDITS[edit](model.mask, cells)
    file = io.BytesIO()
    torch.save(model.state_dict(), file)

    file.seek(0)
    fresh = variant(3, 2, 6, 0.0)
    message = fresh.load_state_dict(torch.load(file, weights_only=True))
    after = fresh(x)
    return EditResult(
        model.mask,
        fresh.mask,
        str(message),
        file.getbuffer().nbytes,
        before[0],
        after[0],
        leaking_tokens(fresh, x),
    )


def leaking_tokens(model, x):
    """The tokens (from 1) whose context vector changes when only later tokens change."""
    before, leaks = model(x)[0], []
    for token in range(x.shape[1] - 1):
        later = x.clone()
        later[:, token + 1 :] += 1.0
        if not torch.equal(model(later)[0, token], before[token]):
            leaks.append(token + 1)
    return tuple(leaks)
