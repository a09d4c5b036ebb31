"""Tensors are found wherever a module can reach them, and can be moved by hand there."""

import collections
import dataclasses
import functools

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from core.check.repairs import moved_by_hand, smallest
from core.check.tensors import hidden_modules, tensors_of
from core.device.simulated_device import register

Pair = collections.namedtuple("Pair", "left right")


@dataclasses.dataclass(frozen=True)
class Table:
    values: torch.Tensor


class Slotted:
    __slots__ = ("inside",)


class Plain:
    def __init__(self, tensor):
        self.deep = {"list": [tensor]}


class Everywhere(nn.Module):
    def __init__(self):
        super().__init__()
        self.fresh = iter(range(1, 100))
        self.layer = nn.Linear(2, 2)
        self.register_buffer("kept", self.tensor())
        self.register_buffer("dropped", self.tensor(), persistent=False)
        self.attribute = self.tensor()
        self.list = [self.tensor(), [self.tensor()]]
        self.dict = {"a": self.tensor(), 3: self.tensor()}
        self.tuple = (self.tensor(), self.tensor())
        self.pair = Pair(self.tensor(), self.tensor())
        self.table = Table(self.tensor())
        self.slotted = Slotted()
        self.slotted.inside = self.tensor()
        self.object = Plain(self.tensor())
        enclosed = self.tensor()
        self.function = lambda x: x + enclosed
        self.partial = functools.partial(torch.add, other=self.tensor())
        self.hidden = [nn.Linear(2, 2)]

    def tensor(self):
        return torch.full((2,), float(next(self.fresh)))


PATHS = {
    "kept": "buffer",
    "dropped": "non-persistent buffer",
    "attribute": "plain",
    "list[0]": "plain",
    "list[1][0]": "plain",
    "dict['a']": "plain",
    "dict[3]": "plain",
    "tuple[0]": "plain",
    "tuple[1]": "plain",
    "pair[0]": "plain",
    "pair[1]": "plain",
    "table.values": "plain",
    "slotted.inside": "plain",
    "object.deep['list'][0]": "plain",
    "function.<closure enclosed>": "plain",
    "partial.keywords['other']": "plain",
    "layer.weight": "parameter",
    "layer.bias": "parameter",
    "hidden[0].weight": "parameter",
    "hidden[0].bias": "parameter",
}


def test_every_tensor_is_found_once_with_how_it_is_held():
    found = tensors_of(Everywhere())
    assert sorted(h.path for h in found) == sorted(PATHS)
    assert {h.path: h.holding for h in found} == PATHS
    assert {h.path for h in found if h.hidden} == {"hidden[0].weight", "hidden[0].bias"}


def test_all_of_them_can_be_moved_by_hand_and_go_back():
    device = register()
    module = Everywhere()
    before = {h.path: h.tensor for h in tensors_of(module)}
    with moved_by_hand(tensors_of(module), "sim"):
        moved = {h.path: h.tensor for h in tensors_of(module)}
        assert {tensor.device for tensor in moved.values()} == {device}
        assert module.pair.left.device == module.tuple[1].device == device
        assert module.function(torch.ones(2, device="sim")).device == device
        assert all(torch.equal(moved[path].cpu(), before[path]) for path in before)
    after = {h.path: h.tensor for h in tensors_of(module)}
    assert all(after[path] is before[path] for path in before)


def test_a_module_in_a_plain_container_is_hidden_and_a_registered_one_is_not():
    module = Everywhere()
    module.again = [module.layer]
    assert list(hidden_modules(module)) == ["hidden[0]"]


def test_circles_and_deep_nesting_end():
    module = nn.Module()
    module.self = [module]
    module.self.append(module.self)
    deep = module.deep = []
    for _ in range(10_000):
        deep.append([])
        deep = deep[0]
    assert tensors_of(module) == []


@given(st.sets(st.integers(0, 30)), st.data())
def test_the_smallest_set_is_just_what_is_needed(units, data):
    needed = data.draw(st.sets(st.sampled_from(sorted(units)), max_size=4)) if units else set()
    assert smallest(sorted(units), lambda chosen: needed <= chosen) == needed
    assert smallest(sorted(units), lambda chosen: 99 in chosen) is None
