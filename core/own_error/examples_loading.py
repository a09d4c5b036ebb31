"""The smallest examples of errors on loading, and their corrected forms."""

import io

import torch
from torch import nn


def mask_not_in_the_file():
    saved = nn.Module().state_dict()  # from before the mask was a buffer
    module = nn.Module()
    module.register_buffer("mask", torch.ones(3, 3).triu(1))
    module.load_state_dict(saved)


def mask_not_asked_for():
    saved = nn.Module().state_dict()
    module = nn.Module()
    module.register_buffer("mask", torch.ones(3, 3).triu(1), persistent=False)
    module.load_state_dict(saved)


def mask_too_many():
    saved = {"mask": torch.ones(3, 3).triu(1)}  # from when the mask was persistent
    module = nn.Module()
    module.register_buffer("mask", torch.ones(3, 3).triu(1), persistent=False)
    module.load_state_dict(saved)


def mask_taken_out():
    saved = {"mask": torch.ones(3, 3).triu(1)}
    module = nn.Module()
    module.register_buffer("mask", torch.ones(3, 3).triu(1), persistent=False)
    saved.pop("mask")  # the module has computed its own
    module.load_state_dict(saved)


def saved_with_a_prefix():
    saved = {f"module.{key}": tensor for key, tensor in nn.Linear(2, 2).state_dict().items()}
    nn.Linear(2, 2).load_state_dict(saved)


def prefix_taken_off():
    saved = {f"module.{key}": tensor for key, tensor in nn.Linear(2, 2).state_dict().items()}
    saved = {key.removeprefix("module."): tensor for key, tensor in saved.items()}
    nn.Linear(2, 2).load_state_dict(saved)


def saved_compiled():
    compiled = torch.compile(nn.Linear(2, 2))  # compiles nothing yet
    nn.Linear(2, 2).load_state_dict(compiled.state_dict())


def saved_as_it_was():
    layer = nn.Linear(2, 2)
    compiled = torch.compile(layer)
    nn.Linear(2, 2).load_state_dict(layer.state_dict())
    # in a file that you already have: key.removeprefix("_orig_mod.") for each key
    assert list(compiled.state_dict()) != list(layer.state_dict())


def head_of_another_size():
    saved = nn.ModuleDict({"body": nn.Linear(3, 4), "fc": nn.Linear(4, 10)}).state_dict()
    model = nn.ModuleDict({"body": nn.Linear(3, 4), "fc": nn.Linear(4, 5)})  # 5 classes, not 10
    model.load_state_dict(saved, strict=False)


def head_stays_new():
    saved = nn.ModuleDict({"body": nn.Linear(3, 4), "fc": nn.Linear(4, 10)}).state_dict()
    model = nn.ModuleDict({"body": nn.Linear(3, 4), "fc": nn.Linear(4, 5)})  # 5 classes, not 10
    del saved["fc.weight"], saved["fc.bias"]
    loaded = model.load_state_dict(saved, strict=False)
    assert loaded.missing_keys == ["fc.weight", "fc.bias"]  # still random: train these
    assert not loaded.unexpected_keys


def other_context_length():
    saved = {"mask": torch.ones(6, 6).triu(1)}
    module = nn.Module()
    module.register_buffer("mask", torch.ones(4, 4).triu(1))
    module.load_state_dict(saved, strict=False)


def mask_of_its_own_length():
    saved = {"mask": torch.ones(6, 6).triu(1)}
    module = nn.Module()
    module.register_buffer("mask", torch.ones(4, 4).triu(1), persistent=False)
    saved.pop("mask")
    module.load_state_dict(saved)


def whole_module_in_the_file():
    file = io.BytesIO()
    torch.save(nn.Linear(2, 2), file)
    file.seek(0)
    torch.load(file)


def state_in_the_file():
    file = io.BytesIO()
    torch.save(nn.Linear(2, 2).state_dict(), file)
    file.seek(0)
    nn.Linear(2, 2).load_state_dict(torch.load(file))


def to_a_gpu_that_is_not_there():
    file = io.BytesIO()
    torch.save(torch.ones(2), file)
    file.seek(0)
    torch.load(file, map_location="cuda")  # a file saved on a GPU asks for this by itself


def to_the_cpu():
    file = io.BytesIO()
    torch.save(torch.ones(2), file)
    file.seek(0)
    torch.load(file, map_location="cpu")  # or "cuda", where there is a GPU


def shape_not_known_yet():
    saved = nn.LazyBatchNorm1d().state_dict()  # before its first batch
    nn.BatchNorm1d(3).load_state_dict(saved)


def shape_known():
    lazy = nn.LazyBatchNorm1d()
    lazy(torch.ones(2, 3))  # a first batch gives shapes
    nn.BatchNorm1d(3).load_state_dict(lazy.state_dict())
