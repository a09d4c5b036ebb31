"""Small modules after real ones, each with one tensor that somebody has to hold in some way.

The line `hold(self, name, tensor)` stands for the learner's choice: core.course.case_program writes
what was chosen in its place before the module is built.
"""

import torch
from torch import nn
from torch.nn.functional import normalize


def hold(module, name, tensor):
    """Stands for one line; see above."""
    raise NotImplementedError(f"choose how {name} is held")


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.project = nn.Linear(8, 8)
        hold(self, "mask", torch.ones(1024, 1024, dtype=torch.bool).triu(1))

    def forward(self, x):  # (batch, tokens, 8)
        n = x.shape[1]
        scores = x @ self.project(x).transpose(1, 2)  # (batch, tokens, tokens)
        scores = scores.masked_fill(self.mask[:n, :n], -torch.inf)
        return torch.softmax(scores, dim=-1) @ x


class RotaryPositions(nn.Module):
    def __init__(self):
        super().__init__()
        self.project = nn.Linear(64, 64)
        hold(self, "inv_freq", 10_000 ** -(torch.arange(0, 64, 2) / 64))

    def forward(self, x):  # (batch, tokens, 64)
        positions = torch.arange(x.shape[1], device=x.device)
        angles = positions[:, None] * self.inv_freq  # (tokens, 32)
        left, right = self.project(x).chunk(2, dim=-1)
        turned = left * angles.cos() - right * angles.sin()
        return torch.cat((turned, left * angles.sin() + right * angles.cos()), dim=-1)


class SinusPositions(nn.Module):
    def __init__(self):
        super().__init__()
        self.project = nn.Linear(64, 64)
        angles = torch.arange(5000)[:, None] * 10_000 ** -(torch.arange(0, 64, 2) / 64)
        hold(self, "table", torch.cat((angles.sin(), angles.cos()), dim=1))

    def forward(self, x):  # (batch, tokens, 64)
        return self.project(x + self.table[: x.shape[1]])


class LearnedPositions(nn.Module):
    def __init__(self):
        super().__init__()
        self.project = nn.Linear(64, 64)
        hold(self, "positions", 0.02 * torch.randn(1024, 64))

    def forward(self, x):  # (batch, tokens, 64)
        return self.project(x + self.positions[: x.shape[1]])


class Centred(nn.Module):
    def __init__(self):
        super().__init__()
        self.project = nn.Linear(8, 8)
        hold(self, "running_mean", torch.zeros(8))

    def forward(self, x):  # (batch, 8)
        if not self.training:
            return self.project(x - self.running_mean)
        with torch.no_grad():
            self.running_mean.lerp_(x.mean(0), 0.1)
        return self.project(x - x.mean(0))


class CountedAverage(nn.Module):
    def __init__(self):
        super().__init__()
        self.project = nn.Linear(8, 8)
        self.register_buffer("mean", torch.zeros(8))
        hold(self, "num_batches", torch.tensor(0))

    def forward(self, x):  # (batch, 8)
        if self.training:
            self.num_batches += 1
            self.mean += (x.mean(0) - self.mean) / self.num_batches  # the mean of all batches
        return self.project(x - self.mean)


class ImageInput(nn.Module):
    def __init__(self):
        super().__init__()
        self.project = nn.Conv2d(3, 4, kernel_size=1)
        hold(self, "mean", torch.tensor([0.485, 0.456, 0.406]).reshape(3, 1, 1))

    def forward(self, x):  # (batch, 3, height, width)
        return self.project((x - self.mean) / 0.225)


class Similarity(nn.Module):
    def __init__(self):
        super().__init__()
        self.project = nn.Linear(8, 8)
        hold(self, "log_scale", torch.tensor(2.6593))  # the logarithm of 1 / 0.07

    def forward(self, x):  # (batch, 8)
        return self.log_scale.exp() * normalize(x, dim=1) @ normalize(self.project(x), dim=1).T


class Averaged(nn.Module):
    def __init__(self):
        super().__init__()
        self.project = nn.Linear(8, 8, bias=False)
        hold(self, "shadow", self.project.weight.detach().clone())

    def forward(self, x):  # (batch, 8)
        if not self.training:
            return x @ self.shadow.T
        with torch.no_grad():
            self.shadow.lerp_(self.project.weight, 0.1)
        return self.project(x)


class Quantized(nn.Module):
    def __init__(self):
        super().__init__()
        self.project = nn.Linear(8, 8)
        hold(self, "codebook", torch.randn(512, 8))

    def forward(self, x):  # (batch, 8)
        z = self.project(x)
        nearest = torch.cdist(z, self.codebook).argmin(dim=1)  # (batch,)
        if self.training:
            with torch.no_grad():
                self.codebook[nearest] = self.codebook[nearest].lerp(z, 0.1)
        return z + (self.codebook[nearest] - z).detach()


class SpectralNorm(nn.Module):
    def __init__(self):
        super().__init__()
        self.project = nn.Linear(8, 8, bias=False)
        hold(self, "u", normalize(torch.randn(8), dim=0))

    def forward(self, x):  # (batch, 8)
        weight = self.project.weight
        if self.training:
            with torch.no_grad():  # one step of the power iteration
                v = normalize(weight.T @ self.u, dim=0)
                self.u.copy_(normalize(weight @ v, dim=0))
        v = normalize(weight.T @ self.u, dim=0)
        return x @ (weight / (self.u @ weight @ v)).T


class CachedKeys(nn.Module):
    def __init__(self):
        super().__init__()
        self.project = nn.Linear(8, 8)
        hold(self, "keys", torch.zeros(4, 1024, 8))

    def forward(self, x):  # (batch up to 4, tokens, 8), from the start of a text
        batch, n, _ = x.shape
        with torch.no_grad():
            self.keys[:batch, :n] = self.project(x)
        scores = x @ self.keys[:batch, :n].transpose(1, 2)  # (batch, tokens, tokens)
        return torch.softmax(scores, dim=-1) @ self.project(x)


class Contrast(nn.Module):
    def __init__(self):
        super().__init__()
        self.project = nn.Linear(8, 8)
        hold(self, "queue", normalize(torch.randn(256, 8), dim=1))

    def forward(self, x):  # (batch, 8)
        keys = normalize(self.project(x), dim=1)
        scores = keys @ self.queue.clone().T  # (batch, 256)
        if self.training:
            with torch.no_grad():
                self.queue.copy_(torch.cat((keys, self.queue[: -len(keys)])))
        return scores


class ShowsWeights(nn.Module):
    def __init__(self):
        super().__init__()
        self.project = nn.Linear(8, 8)
        hold(self, "last_weights", None)

    def forward(self, x):  # (batch, tokens, 8)
        weights = torch.softmax(x @ self.project(x).transpose(1, 2), dim=-1)
        self.last_weights = weights.detach()
        return weights @ x
