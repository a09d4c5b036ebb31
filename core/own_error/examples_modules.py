"""The smallest examples of errors of registering, copying and autograd, and how they are fixed."""

import copy
import pickle

import torch
from torch import nn


def name_is_taken():
    module = nn.Module()
    module.mask = torch.ones(3)
    module.register_buffer("mask", module.mask)


def name_is_free():
    module = nn.Module()
    module.register_buffer("mask", torch.ones(3))


def tensor_over_a_parameter():
    layer = nn.Linear(2, 2)
    layer.weight = torch.ones(2, 2)


def values_into_a_parameter():
    layer = nn.Linear(2, 2)
    with torch.no_grad():
        layer.weight.copy_(torch.ones(2, 2))


def list_over_a_buffer():
    module = nn.Module()
    module.register_buffer("mask", torch.ones(3))
    module.mask = [1.0, 1.0, 1.0]


def tensor_over_a_buffer():
    module = nn.Module()
    module.register_buffer("mask", torch.ones(3))
    module.mask = torch.tensor([1.0, 1.0, 1.0], device=module.mask.device)


def before_the_registers():
    class Attention(nn.Module):
        def __init__(self):
            self.register_buffer("mask", torch.ones(3))

    Attention()


def after_the_registers():
    class Attention(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("mask", torch.ones(3))

    Attention()


def name_with_a_dot():
    nn.Module().register_buffer("layer.mask", torch.ones(3))


def name_without_a_dot():
    nn.Module().register_buffer("layer_mask", torch.ones(3))


def used_before_its_shape():
    lazy = nn.LazyBatchNorm1d()
    lazy.running_mean + 1


def used_after_its_shape():
    lazy = nn.LazyBatchNorm1d()
    lazy(torch.ones(2, 3))  # a first batch gives shapes
    lazy.running_mean + 1


def integers_as_parameter():
    nn.Parameter(torch.tensor([1, 0, 1]))


def integers_as_buffer():
    nn.Module().register_buffer("ids", torch.tensor([1, 0, 1]))


def result_kept():
    module = nn.Linear(2, 2)
    module.last = module(torch.ones(1, 2))  # a result, with its graph
    copy.deepcopy(module)


def result_detached():
    module = nn.Linear(2, 2)
    module.last = module(torch.ones(1, 2)).detach()
    copy.deepcopy(module)


def function_kept():
    module = nn.Linear(2, 2)
    mask = torch.ones(2)
    module.make = lambda: mask
    pickle.dumps(module)


def buffer_kept():
    module = nn.Linear(2, 2)
    module.register_buffer("mask", torch.ones(2))
    pickle.dumps(module)


def made_in_inference_mode():
    module = nn.Module()
    with torch.inference_mode():
        module.register_buffer("cache", torch.zeros(2))
    module.cache.add_(1)


def made_without_inference_mode():
    module = nn.Module()
    with torch.no_grad():
        module.register_buffer("cache", torch.zeros(2))
    module.cache.add_(1)


def buffer_changed_too_soon():
    weight = nn.Parameter(torch.ones(3))
    mask = torch.ones(3)  # a buffer of a module, say
    y = weight * mask
    mask.add_(1)  # backward needs the values that it had
    y.sum().backward()


def buffer_replaced():
    weight = nn.Parameter(torch.ones(3))
    mask = torch.ones(3)
    y = weight * mask
    mask = mask + 1  # a new tensor; the graph keeps the old one
    y.sum().backward()
    assert mask[0] == 2


def history_in_a_buffer():
    weight = nn.Parameter(torch.ones(3))
    mean = torch.zeros(3)
    for _ in range(2):
        mean = 0.9 * mean + 0.1 * weight**2  # keeps the graph of every step before
        mean.sum().backward()


def no_history_in_a_buffer():
    weight = nn.Parameter(torch.ones(3))
    mean = torch.zeros(3)
    for _ in range(2):
        mean = (0.9 * mean + 0.1 * weight**2).detach()
        (weight * mean).sum().backward()


def parameter_filled():
    nn.Linear(2, 2).weight.fill_(1)


def parameter_filled_without_a_graph():
    with torch.no_grad():
        nn.Linear(2, 2).weight.fill_(1)
