"""The training of the lesson: one module beside those of core/attention, and the loop.

Dimensions:
    b           windows of text in the batch
    num_tokens  tokens in a window, here always the whole context_length
    d_in        numbers in an embedding; a module answers with as many
"""

from dataclasses import dataclass

import torch
from torch import nn


class PredictionAfterBatchNorm(nn.Module):
    """A linear layer after a BatchNorm, whose running statistics are buffers. It has no mask."""

    def __init__(self, d_in):
        super().__init__()
        self.norm = nn.BatchNorm1d(d_in)
        self.predict = nn.Linear(d_in, d_in)

    def forward(self, x):
        """Predictions (b, num_tokens, d_in) for the embeddings x (b, num_tokens, d_in)."""
        return self.predict(self.norm(x.transpose(1, 2)).transpose(1, 2))


def windows(rows, num_tokens):
    """Cut a text into windows of so many tokens: (x, target), both (b, num_tokens, d_in).

    rows: (tokens, d_in), an embedding a token. The target of a token is the token after it.
    """
    starts = range(0, len(rows) - num_tokens, num_tokens)
    x = torch.stack([rows[start : start + num_tokens] for start in starts])
    target = torch.stack([rows[start + 1 : start + num_tokens + 1] for start in starts])
    return x, target


def named_tensors(model):
    """Every tensor of a module by name: parameters, buffers, and a mask that is neither."""
    registered = dict(model.named_parameters()) | dict(model.named_buffers())
    mask = getattr(model, "mask", None)
    return registered if mask is None else registered | {"mask": mask}


def copied(model):
    """The module's tensors as they are now, on the CPU."""
    return {name: tensor.detach().cpu().clone() for name, tensor in named_tensors(model).items()}


def distance(now, before):
    """The norm of the difference of two tensors. Numbers that are equal, -inf too, differ by 0."""
    apart = torch.where(now == before, 0.0, now.double() - before.double())
    return apart.norm().item()


@dataclass(frozen=True)
class Record:
    """A module after some number of optimizer steps, and what one forward and backward pass gave.

    Tensors are on the CPU. gradients has None for a tensor that has no gradient.
    """

    loss: float
    gradients: dict[str, float | None]  # the norm of each tensor's gradient
    drifts: dict[str, float]  # how far each tensor is from its start
    tensors: dict[str, torch.Tensor]
    attn_weights: torch.Tensor | None  # (b, num_tokens, num_tokens)


def train(models, optimizers, x, target, steps):
    """Train every module side by side; yields {name: Record} after 0, 1, … `steps` steps.

    models, optimizers: by name. x, target: (b, num_tokens, d_in). The loss is the mean squared
    error.
    """
    starts, seen = {}, {}
    for name, model in models.items():
        starts[name] = copied(model)
        if hasattr(model, "dropout"):  # it is called with the attention weights
            model.dropout.register_forward_hook(
                lambda _, inputs, __, name=name: seen.update({name: inputs[0].detach().cpu()})
            )
    for step in range(steps + 1):
        records = {}
        for name, model in models.items():
            tensors = copied(model)
            optimizers[name].zero_grad()
            loss = nn.functional.mse_loss(model(x), target)
            loss.backward()
            records[name] = Record(
                loss.item(),
                {
                    key: None if tensor.grad is None else tensor.grad.norm().item()
                    for key, tensor in named_tensors(model).items()
                },
                {key: distance(tensors[key], starts[name][key]) for key in tensors},
                tensors,
                seen.get(name),
            )
            if step < steps:
                optimizers[name].step()
        yield records


def leak(attn_weights):
    """The share of a query's attention that goes to later tokens, as a mean over all queries.

    attn_weights: (b, num_tokens, num_tokens), queries down and keys across.
    """
    return attn_weights.triu(1).sum(-1).mean().item()


@torch.no_grad()
def after_training(model, x, passes=10):
    """Forward passes without gradients: some in eval(), then some in train().

    Yields (mode, tensors) before the first and after each.
    """
    yield "before", copied(model)
    for mode in ("eval", "train"):
        model.train(mode == "train")
        for _ in range(passes):
            model(x)
            yield mode, copied(model)
