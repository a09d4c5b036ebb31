"""Ten ways in which a module can hold a tensor of 3 numbers, beside its one weight."""

import torch
from torch import nn


class Holder(nn.Module):
    """A module with a weight, and a mask that is held as a subclass says."""

    def __init__(self, tensor):  # (3,)
        super().__init__()
        self.weight = nn.Parameter(torch.ones(3))
        self.hold(tensor)

    def tensor(self):
        return self.mask

    def forward(self, x):  # (3,)
        return x * self.weight * self.tensor()


class Parameter(Holder):
    def hold(self, tensor):
        self.mask = nn.Parameter(tensor)


class FrozenParameter(Holder):
    def hold(self, tensor):
        self.mask = nn.Parameter(tensor, requires_grad=False)


class RegisteredBuffer(Holder):
    def hold(self, tensor):
        self.register_buffer("mask", tensor)


class NnBuffer(Holder):
    def hold(self, tensor):
        self.mask = nn.Buffer(tensor)


class NonPersistentBuffer(Holder):
    def hold(self, tensor):
        self.register_buffer("mask", tensor, persistent=False)


class PlainAttribute(Holder):
    def hold(self, tensor):
        self.mask = tensor


class InList(Holder):
    def hold(self, tensor):
        self.masks = [tensor]

    def tensor(self):
        return self.masks[0]


class InDict(Holder):
    def hold(self, tensor):
        self.masks = {"mask": tensor}

    def tensor(self):
        return self.masks["mask"]


class NoneBuffer(Holder):
    def hold(self, tensor):
        self.register_buffer("mask", None)

    def forward(self, x):
        return x * self.weight if self.mask is None else super().forward(x)


class InClosure(Holder):
    def hold(self, tensor):
        self.tensor = lambda: tensor


HELD = {  # each of WAYS in a sentence: "The mask is …"
    "nn.Parameter": "an `nn.Parameter`",
    "frozen parameter": "a parameter with `requires_grad=False`",
    "register_buffer": "a buffer, registered with `register_buffer`",
    "nn.Buffer": "an `nn.Buffer`",
    "not persistent": "a buffer with `persistent=False`",
    "plain attribute": "a plain attribute",
    "list": "in a Python list",
    "dict": "in a Python dict",
    "None buffer": "a buffer that is `None`",
    "closure": "held by a function, a closure",
}
WAYS = {
    "nn.Parameter": Parameter,
    "frozen parameter": FrozenParameter,
    "register_buffer": RegisteredBuffer,
    "nn.Buffer": NnBuffer,
    "not persistent": NonPersistentBuffer,
    "plain attribute": PlainAttribute,
    "list": InList,
    "dict": InDict,
    "None buffer": NoneBuffer,
    "closure": InClosure,
}
