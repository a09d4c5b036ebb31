"""Questions on what is saved, and what a loading does."""

import io

import torch
from torch import nn

from core.cases.case import Choice, prints, raises, works
from core.course.place import failure
from core.course.recap_pool.places import ledger, state_dict
from core.course.recap_question import RecapQuestion


def three_ways_to_hold():
    model = nn.Module()
    model.register_buffer("saved", torch.ones(2))
    model.register_buffer("computed", torch.ones(2), persistent=False)
    model.plain = torch.ones(2)
    print(f"keys: {list(model.state_dict())}")


def loaded_into_a_buffer():
    source, target = nn.Linear(2, 2), nn.Linear(2, 2)
    source.mask = torch.ones(2)
    target.register_buffer("mask", torch.ones(2))
    target.load_state_dict(source.state_dict())


def not_persistent_any_more():
    source, target = nn.Linear(2, 2), nn.Linear(2, 2)
    source.register_buffer("mask", torch.ones(2))
    target.register_buffer("mask", torch.ones(2), persistent=False)
    target.load_state_dict(source.state_dict())


def raised_and_yet():
    source, target = nn.Linear(2, 2), nn.Linear(2, 2)
    source.register_buffer("mask", torch.ones(2))
    try:
        target.load_state_dict(source.state_dict())
    except RuntimeError:
        print("raised: True")
    print(f"the weight is the source's: {torch.equal(target.weight, source.weight)}")


def another_size():
    source, target = nn.Linear(2, 2), nn.Linear(2, 2)
    source.register_buffer("mask", torch.ones(6, 6))
    target.register_buffer("mask", torch.ones(4, 4))
    print(f"result: {target.load_state_dict(source.state_dict(), strict=False)}")


def kept_while_training():
    model = nn.Linear(2, 2, bias=False)
    best = model.state_dict()
    with torch.no_grad():
        model.weight.fill_(7)
    print(f"the best weights: {best['weight'][0].tolist()}")


def saved_slice():
    table = torch.zeros(1000, 1000)
    file = io.BytesIO()
    torch.save(table[:2, :2], file)
    print(f"bytes: {file.tell()}")


def prefix_without_strict():
    source, target = nn.Linear(2, 2), nn.Linear(2, 2)
    state = {f"module.{name}": tensor for name, tensor in source.state_dict().items()}
    target.load_state_dict(state, strict=False)
    print(f"the weight is the source's: {torch.equal(target.weight, source.weight)}")


def assigned_halves():
    source, target = nn.Linear(2, 2).half(), nn.Linear(2, 2)
    target.load_state_dict(source.state_dict(), assign=True)
    print(f"weight: {target.weight.dtype}")


def copied_halves():
    source, target = nn.Linear(2, 2).half(), nn.Linear(2, 2)
    target.load_state_dict(source.state_dict())
    print(f"weight: {target.weight.dtype}")


def none_buffer():
    model = nn.Linear(2, 2, bias=False)
    model.register_buffer("mask", None)
    print(f"keys: {list(model.state_dict())}")


def loaded_onto_meta():
    with torch.device("meta"):
        target = nn.Linear(2, 2)
    target.load_state_dict(nn.Linear(2, 2).state_dict())
    print(f"weight: {target.weight.device}")


SAME = "the weight is the source's"
QUESTIONS = (
    RecapQuestion(
        "three-ways-to-hold", "Three tensors of a module. Which are in its `state_dict`?",
        three_ways_to_hold,
        (
            Choice("all three", "A plain attribute is not registered, so it is not saved.",
                   prints("keys", "['saved', 'computed', 'plain']")),
            Choice("`saved` and `computed`", "`persistent=False` keeps a buffer out of the "
                   "`state_dict`.",
                   prints("keys", "['saved', 'computed']")),
            Choice("`saved` only", "`computed` is not persistent, and `plain` is not registered.",
                   prints("keys", "['saved']")),
        ),
        state_dict("keys, side by side", keys="true"),
    ),
    RecapQuestion(
        "loaded-into-a-buffer", "The mask was a plain attribute, and is a buffer now. An old "
                                "`state_dict` is loaded. What happens?", loaded_into_a_buffer,
        (
            Choice("it loads", "The module has a persistent buffer now, so loading requires its "
                   "key.", works),
            Choice("a missing key", "The new module asks for `mask`, and the old one never saved "
                   "it.", raises("Missing key")),
            Choice("an unexpected key", "The state has no key too many. It has one too few.",
                   raises("Unexpected key")),
        ),
        state_dict("a missing key", failures="true", source="plain"),
    ),
    RecapQuestion(
        "not-persistent-any-more", "The mask was a persistent buffer, and is not persistent "
                                   "now. An old `state_dict` is loaded. What happens?",
                                   not_persistent_any_more,
        (
            Choice("it loads", "Strict loading refuses a key that the module does not have.",
                   works),
            Choice("a missing key", "Loading does not ask for a buffer that is not persistent.",
                   raises("Missing key")),
            Choice("an unexpected key", "The `state_dict` has `mask`, and the new module does "
                   "not expect this key.", raises("Unexpected key")),
        ),
        state_dict("not persistent any more", failures="true", target="non-persistent"),
    ),
    RecapQuestion(
        "raised-and-yet", "A strict load raises, because the state has one key too many. Does "
                          "the module have the source's weight afterwards?", raised_and_yet,
        (
            Choice("no, nothing was loaded", "Loading copied what matched before it raised. It "
                   "does not undo the copies.", prints(SAME, "False")),
            Choice("yes, what matched was copied", "`load_state_dict` first copies what "
                   "matches. It raises at the end.", prints(SAME, "True")),
        ),
        state_dict("an unexpected key", failures="true", target="plain"),
    ),
    RecapQuestion(
        "another-size", "A mask of 6 by 6 is loaded into one of 4 by 4, with `strict=False`. What "
        "happens?",
        another_size,
        (
            Choice("it loads, without the mask", "`strict=False` is about missing and "
                   "unexpected keys. This key is in the file and in the module.", works),
            Choice("it loads the part that fits", "PyTorch does not cut a tensor to fit.",
                   prints("result", "<All keys matched successfully>")),
            Choice("a size mismatch is raised", "`strict=False` forgives keys, not sizes.",
                   raises("size mismatch")),
        ),
        state_dict("size mismatch, strict=False", failures="true", target_length="4",
                   strict="false"),
    ),
    RecapQuestion(
        "kept-while-training", "`best = model.state_dict()`, and then the weights change. What "
                               "does `best` hold?", kept_while_training,
        (
            Choice("the weights from before", "`state_dict()` did not copy anything.",
                   lambda seen: works(seen) and seen.value("the best weights") != "[7.0, 7.0]"),
            Choice("the changed ones", "The tensors of `state_dict()` share the model's memory. "
                   "To keep the best weights, take a `deepcopy` of it.",
                   prints("the best weights", "[7.0, 7.0]")),
        ),
        failure("best-weights-keep-changing"),
    ),
    RecapQuestion(
        "saved-slice", "`torch.save` of a corner, 2 by 2, of a table of 1,000 by 1,000. How large "
        "is the file?", saved_slice,
        (
            Choice("about 1 kB", "The corner is a view, and a view is saved with its whole "
                   "storage.",
                   lambda seen: seen.number("bytes") < 10_000),
            Choice("about 4 MB", "A view shares the table's storage, and a storage is saved "
                   "whole. A `.clone()` of the corner would have a small storage of its own.",
                   lambda seen: seen.number("bytes") > 4_000_000),
        ),
        failure("slice-saves-all"),
    ),
    RecapQuestion(
        "prefix-without-strict", "All keys of a file begin with `module.`. It is loaded with "
        "`strict=False`. Does the module have the file's weight then?", prefix_without_strict,
        (
            Choice("no, and nothing is raised", "No key fits, and `strict=False` ignores that. "
                   "Look at what `load_state_dict` returns.", prints(SAME, "False")),
            Choice("yes, the prefix is taken off", "PyTorch does not take the prefix off.",
                   prints(SAME, "True")),
            Choice("an error is raised", "With `strict=True` an error would be raised.",
                   raises("Error")),
        ),
        state_dict("nothing loaded, no error", failures="true", wrapped="DataParallel",
                   strict="false"),
    ),
    RecapQuestion(
        "assigned-halves", "A float16 state is loaded into a float32 module with `assign=True`. "
        "What is the weight's dtype?", assigned_halves,
        (
            Choice("float32", "Without `assign` it would stay float32.",
                   prints("weight", "torch.float32")),
            Choice("float16", "`assign` takes the loaded tensors themselves, with their dtype.",
                   prints("weight", "torch.float16")),
            Choice("an error is raised", "Loading does not compare dtypes.", raises("Error")),
        ),
        state_dict("a dtype lost", failures="true", source_dtype="float16", assign="true"),
    ),
    RecapQuestion(
        "copied-halves", "A float16 state is loaded into a float32 module. What is the weight's "
        "dtype?", copied_halves,
        (
            Choice("float32", "The values are copied into the module's own tensors, and cast to "
                   "their dtype.",
                   prints("weight", "torch.float32")),
            Choice("float16", "It would be float16 with `assign=True`.",
                   prints("weight", "torch.float16")),
            Choice("an error is raised", "Loading does not compare dtypes.", raises("Error")),
        ),
        state_dict("a source in float16", failures="true", source_dtype="float16"),
    ),
    RecapQuestion(
        "none-buffer", "`register_buffer(\"mask\", None)`. Is `mask` in the `state_dict`?",
        none_buffer,
        (
            Choice("yes, as None", "A buffer that is `None` is left out.",
                   prints("keys", "['weight', 'mask']")),
            Choice("no", "The name is registered, but there is nothing to save yet.",
                   prints("keys", "['weight']")),
        ),
        ledger("in state_dict()", "None buffer"),
    ),
    RecapQuestion(
        "loaded-onto-meta", "A module on `meta` loads a `state_dict`, without `assign`. Where is "
        "its weight?", loaded_onto_meta,
        (
            Choice("on the CPU, with the values", "It would be so with `assign=True`.",
                   prints("weight", "cpu")),
            Choice("on `meta`, with a warning", "Copying into a tensor without memory does "
                   "nothing, and PyTorch warns.",
                   lambda seen: seen.value("weight") == "meta" and bool(seen.warnings)),
            Choice("an error is raised", "PyTorch gives a warning only.", raises("Error")),
        ),
        state_dict("meta, and no assign", failures="true", target_device="meta"),
    ),
)  # fmt: skip
