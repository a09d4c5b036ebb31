"""Kinds of error on loading: keys, shapes, and the file itself."""

from core.own_error import examples_loading as run
from core.own_error.kind import Cause, Kind

STATE, CASES = "pages/3_State_dict.py", "pages/6_Failure_cases.py"


def lab(**settings: str) -> tuple[tuple[str, str], ...]:
    """A link's settings that open the load-failure lab with these."""
    return (("keys", "false"), ("failures", "true"), ("predict", "false"), *settings.items())


KINDS = (
    Kind(
        "module-prefix",
        Cause.KEYS,
        "One side was wrapped by DataParallel or DistributedDataParallel",
        (r"(?:Unexpected|Missing) key\(s\) in state_dict: \"module\.",),
        "The wrapper holds the model as an attribute called `module`, so every key of its "
        "`state_dict` begins with `module.`. Unexpected: the file has the prefix. Missing: the "
        "model here has it.",
        "Save `wrapped.module.state_dict()`, or take the prefix off. Not `strict=False`: it loads "
        "nothing at all and says nothing.",
        STATE,
        lab(wrapped="DataParallel"),
        run.saved_with_a_prefix,
        run.prefix_taken_off,
    ),
    Kind(
        "compile-prefix",
        Cause.KEYS,
        "One side was wrapped by torch.compile",
        (r"(?:Unexpected|Missing) key\(s\) in state_dict: \"_orig_mod\.",),
        "`torch.compile(model)` returns a module that holds the model as `_orig_mod`. Its keys "
        "begin with that name.",
        "Save the model's own `state_dict()`, or take the prefix off; `model.compile()` wraps "
        "nothing.",
        STATE,
        lab(wrapped="torch.compile"),
        run.saved_compiled,
        run.saved_as_it_was,
    ),
    Kind(
        "size",
        Cause.KEYS,
        "A tensor of the file has another shape",
        (
            r"size mismatch for (?P<key>[\w.]{1,200}): copying a param with shape "
            r"torch\.Size\((?P<file>\[[\d, ]{0,80}\])\) from checkpoint, the shape in current "
            r"model is torch\.Size\((?P<model>\[[\d, ]{0,80}\])\)",
        ),
        "A shape has to match, whatever `strict` is. A mask or a position table has the context "
        "length in its shape, and as a persistent buffer it carries that into the file. What "
        "matched was copied all the same before the error was raised.",
        "What follows from the configuration is not saved: `persistent=False`, and the key is "
        "taken out of old files. For a weight, the model is built with the file's sizes.",
        STATE,
        lab(target_length="4"),
        run.other_context_length,
        run.mask_of_its_own_length,
    ),
    Kind(
        "missing-key",
        Cause.KEYS,
        "The file lacks a key that the module asks for",
        (r"Missing key\(s\) in state_dict",),
        "Parameters and persistent buffers are keys. A file from before a tensor became a buffer "
        "cannot have it; a file of another model neither. What matched was copied all the same "
        "before the error was raised.",
        "A buffer that can be computed: `persistent=False`. A parameter: the wrong file, or "
        "another version of the class.",
        STATE,
        lab(source="plain"),
        run.mask_not_in_the_file,
        run.mask_not_asked_for,
    ),
    Kind(
        "unexpected-key",
        Cause.KEYS,
        "The file has a key that the module does not know",
        (r"Unexpected key\(s\) in state_dict",),
        "Nobody in the module saves under this name: the buffer became non-persistent (as "
        "`position_ids` and `attn.mask` did in libraries), or the class is another one. What "
        "matched was copied all the same before the error was raised.",
        "Take the key out of the state. `strict=False` loads too, and hides what else is wrong: "
        "read what it returns.",
        STATE,
        lab(target="non-persistent"),
        run.mask_too_many,
        run.mask_taken_out,
    ),
    Kind(
        "weights-only",
        Cause.FILE,
        "torch.load refuses what is not tensors",
        (
            r"Weights only load failed.{0,1200}?GLOBAL (?P<name>[\w.]{1,120})",
            r"Weights only load failed",
        ),
        "Since 2.6 `torch.load` has `weights_only=True` by default. The file holds a pickled "
        "object of a class, such as a whole module, and reading that can run code.",
        "Save `state_dict()`. For a file that you made yourself: "
        "`torch.serialization.safe_globals([TheClass])` lets that one class in. "
        "`weights_only=False` runs whatever is in the file.",
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
            r"Attempting to deserialize object on a (?P<device>\w{1,12}) device but",
            r"Attempting to deserialize object on (?P<device>\w{1,12} device \d{1,3}) but",
            r"don't know how to restore data location of",
        ),
        "A saved tensor remembers its device, and loading puts it back there unless it is told "
        "otherwise.",
        '`torch.load(file, map_location="cpu")`, then `model.to(device)`.',
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
        "A lazy module learns its sizes from its first batch. Until then its parameters and "
        "buffers (`UninitializedBuffer`) have no shape, and nothing can be copied from them.",
        "Call `forward` once with a dummy batch, before saving, loading, `.shape` and counting.",
        CASES,
        (("case", "lazy-mask"),),
        run.shape_not_known_yet,
        run.shape_known,
    ),
)
