"""Kinds of error on loading: keys, shapes, and the file itself."""

from core.own_error import examples_loading as run
from core.own_error.kind import Cause, Kind

STATE, CASES = "pages/3_State_dict.py", "pages/6_Failure_cases.py"
# What a layer calls its parameters. A bias with more than one dimension can be a mask (GPT-2's is).
WEIGHT = (
    r"[\w.]{0,180}(?:weight\w{0,20}: copying|bias\w{0,20}: copying a param with shape "
    r"torch\.Size\(\[\d{0,12}\])"
)
SIZES = (
    r"copying a param with shape torch\.Size\((?P<file>\[[\d, ]{0,80}\])\) from checkpoint, "
    r"the shape in current model is torch\.Size\((?P<model>\[[\d, ]{0,80}\])\)"
)


def lab(**settings: str) -> tuple[tuple[str, str], ...]:
    """A link's settings that open the load-failure lab with these."""
    return (("keys", "false"), ("failures", "true"), ("predict", "false"), *settings.items())


KINDS = (
    Kind(
        "module-prefix",
        Cause.KEYS,
        "DataParallel put module. before the name of each key",
        (r"(?:Unexpected|Missing) key\(s\) in state_dict: \"module\.",),
        "DataParallel and DistributedDataParallel keep your model in an attribute named "
        "`module`. So each key of their `state_dict` begins with `module.`. If such keys are "
        "*unexpected*, the file has this prefix and your model has not. If they are *missing*, "
        "your model has it and the file has not.",
        "Save `wrapped.module.state_dict()`. In a file that you already have, take the prefix "
        "off each key. Do not use `strict=False` here: no key matches, so it loads nothing and "
        "raises no error.",
        STATE,
        lab(wrapped="DataParallel"),
        run.saved_with_a_prefix,
        run.prefix_taken_off,
    ),
    Kind(
        "compile-prefix",
        Cause.KEYS,
        "torch.compile put _orig_mod. before the name of each key",
        (r"(?:Unexpected|Missing) key\(s\) in state_dict: \"_orig_mod\.",),
        "`torch.compile(model)` returns a new module that keeps your model in an attribute named "
        "`_orig_mod`. So each of its keys begins with `_orig_mod.`.",
        "Save the `state_dict()` of the model that you gave to `torch.compile`. In a file that "
        "you already have, take the prefix off each key. `model.compile()` compiles the model "
        "without changing its keys.",
        STATE,
        lab(wrapped="torch.compile"),
        run.saved_compiled,
        run.saved_as_it_was,
    ),
    Kind(
        "weight-size",
        Cause.KEYS,
        "A weight in the file has another size than in the module",
        (rf"size mismatch for (?={WEIGHT})(?P<key>[\w.]{{1,200}}): {SIZES}",),
        "The layer of this weight was built with other sizes than the layer whose weight was "
        "saved: for example with another number of classes, tokens or features. The shapes have "
        "to be the same, even with `strict=False`. The tensors that did match were copied before "
        "the error was raised.",
        "To use the saved weight, build the model with the sizes of the file. To fine-tune with a "
        "new last layer, take that layer's keys out of the file and load the rest with "
        "`strict=False`. Then this layer keeps the random values with which it was built, and has "
        "to be trained. `load_state_dict` returns what was not loaded as `missing_keys`: only that "
        "layer may be in the list.",
        STATE,
        lab(target_length="4", strict="false"),
        run.head_of_another_size,
        run.head_stays_new,
    ),
    Kind(
        "size",
        Cause.KEYS,
        "A tensor in the file has another shape than in the module",
        (rf"size mismatch for (?!{WEIGHT})(?P<key>[\w.]{{1,200}}): {SIZES}",),
        "The shapes have to be the same, even with `strict=False`. The shape of a mask or of a "
        "position table contains the context length. If it is a persistent buffer, it is saved, "
        "and a model with another context length cannot load it. The tensors that did match were "
        "copied before the error was raised.",
        "Register what can be computed again with `persistent=False`, and take its key out of "
        "old files. If it was trained, build the model with the sizes of the file.",
        STATE,
        lab(target_length="4"),
        run.other_context_length,
        run.mask_of_its_own_length,
    ),
    Kind(
        "missing-key",
        Cause.KEYS,
        "The file lacks a key that the module expects",
        (r"Missing key\(s\) in state_dict",),
        "The module expects one key for each parameter and each persistent buffer. Perhaps the "
        "file was saved before a tensor became a buffer, or it is the file of another model. The "
        "tensors that did match were copied before the error was raised.",
        "If a buffer is missing that can be computed again, register it with `persistent=False`. "
        "If a parameter is missing, check that this is the right file and the right version of "
        "the class.",
        STATE,
        lab(source="plain"),
        run.mask_not_in_the_file,
        run.mask_not_asked_for,
    ),
    Kind(
        "unexpected-key",
        Cause.KEYS,
        "The file has a key that the module does not expect",
        (r"Unexpected key\(s\) in state_dict",),
        "The module has no parameter and no persistent buffer of this name. Perhaps the buffer "
        "became non-persistent after the file was saved, as `position_ids` and `attn.mask` did "
        "in well-known libraries. Or it is the file of another class. The tensors that did match "
        "were copied before the error was raised.",
        "Take the key out of the loaded `state_dict`. With `strict=False` the file loads too, "
        "but then other keys that do not match are ignored as well: read the list that "
        "`load_state_dict` returns.",
        STATE,
        lab(target="non-persistent"),
        run.mask_too_many,
        run.mask_taken_out,
    ),
    Kind(
        "weights-only",
        Cause.FILE,
        "torch.load refuses to build an object of this class",
        (
            r"Weights only load failed.{0,1200}?GLOBAL (?P<name>[\w.]{1,120})",
            r"Weights only load failed",
        ),
        "Since PyTorch 2.6, `torch.load` has `weights_only=True` by default: it loads tensors "
        "and simple Python values, nothing else. This file holds an object of another class, for "
        "example a whole module. Loading such an object can run code.",
        "Save `model.state_dict()` instead of the model. If you made the file yourself, "
        "`torch.serialization.safe_globals([TheClass])` allows the classes in the list. "
        "`weights_only=False` allows everything, and can run any code that is in the file.",
        CASES,
        (("case", "whole-model-saved"),),
        run.whole_module_in_the_file,
        run.state_in_the_file,
    ),
    Kind(
        "no-cuda",
        Cause.FILE,
        "The file was saved on a device that is not here",
        (
            r"Attempting to deserialize object on a (?P<saved_on>\w{1,12}) device but",
            r"Attempting to deserialize object on (?P<saved_on>\w{1,12} device \d{1,3}) but",
            r"don't know how to restore data location of",
        ),
        "A saved tensor comes with the name of its device. `torch.load` puts it back on that "
        "device unless you say otherwise.",
        'Load it to the CPU with `torch.load(file, map_location="cpu")`, then move the model '
        "with `model.to(device)`.",
        STATE,
        lab(source_device="sim", assign="true"),
        run.to_a_gpu_that_is_not_there,
        run.to_the_cpu,
    ),
    Kind(
        "uninitialized-load",
        Cause.NO_VALUES,
        "A lazy parameter or buffer has no shape yet",
        (
            r"Can't (?:access the shape of|share memory on) an uninitialized parameter or buffer",
            r"load an uninitialized parameter into an initialized one",
        ),
        "A lazy module learns its sizes from its first batch. Before that, its parameters and "
        "buffers (`UninitializedParameter`, `UninitializedBuffer`) have no shape and no values, "
        "so there is nothing to copy.",
        "Run a first batch through the module. Do this before you save it, load it or ask for a "
        "`.shape`.",
        CASES,
        (("case", "lazy-mask"),),
        run.shape_not_known_yet,
        run.shape_known,
    ),
)
