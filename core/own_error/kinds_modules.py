"""Kinds of error about registering, copying and autograd."""

from core.own_error import examples_modules as run
from core.own_error.kind import Cause, Kind

CASES, STATE = "pages/6_Failure_cases.py", "pages/4_What_is_state.py"


def case(slug: str) -> tuple[tuple[str, str], ...]:
    """A link's settings that open a failure case."""
    return (("case", slug),)


KINDS = (
    Kind(
        "name-taken",
        Cause.REGISTERED,
        "The name is an attribute already",
        (r"attribute '(?P<name>\w{1,80})' already exists",),
        "The tensor was assigned to the attribute before it was registered under that name.",
        "Register it at once, or `del module.name` first.",
        CASES,
        case("assigned-then-registered"),
        run.name_is_taken,
        run.name_is_free,
    ),
    Kind(
        "over-parameter",
        Cause.REGISTERED,
        "A tensor is assigned over a parameter",
        (
            r"cannot assign '(?P<type>[\w.]{1,60})' (?:object )?(?:as|to) parameter "
            r"'(?P<name>\w{1,80})'",
        ),
        "The name belongs to a registered parameter, and only an `nn.Parameter` or `None` may take "
        "its place: a plain tensor would drop it from the optimizer without a word.",
        "Copy values into it under `torch.no_grad()`, or assign `nn.Parameter(tensor)` and give "
        "that to a new optimizer.",
        CASES,
        case("parameter-over-buffer"),
        run.tensor_over_a_parameter,
        run.values_into_a_parameter,
    ),
    Kind(
        "over-buffer",
        Cause.REGISTERED,
        "Something that is no tensor is assigned over a buffer",
        (
            r"cannot assign '(?P<type>[\w.]{1,60})' (?:object )?(?:as|to) buffer "
            r"'(?P<name>\w{1,80})'",
        ),
        "The name belongs to a registered buffer. A tensor or `None` may take its place.",
        "Make it a tensor, on the buffer's device and with its dtype.",
        CASES,
        case("list-over-buffer"),
        run.list_over_a_buffer,
        run.tensor_over_a_buffer,
    ),
    Kind(
        "before-init",
        Cause.REGISTERED,
        "Something is registered before super().__init__()",
        (r"cannot assign (?P<what>\w{1,20}) before Module\.__init__\(\) call",),
        "`Module.__init__` makes the registers. Before it there is nowhere to put a parameter, a "
        "buffer or a submodule. A plain tensor goes in without an error, and is not registered.",
        "`super().__init__()` is the first line of `__init__`.",
        CASES,
        case("before-super-init"),
        run.before_the_registers,
        run.after_the_registers,
    ),
    Kind(
        "dotted-name",
        Cause.REGISTERED,
        "A registered name has a dot, or none at all",
        (
            r"(?P<what>buffer|parameter|module) name can\\?'t contain",
            r"(?P<what>buffer|parameter|module) name can\\?'t be empty string",
            r"(?P<what>buffer|parameter|module) name should be a string",
        ),
        "In a `state_dict` a dot stands between a module's name and that of what it holds.",
        "Another character, or a submodule of that name.",
        STATE,
        (("rows", "in nested named_buffers()"), ("predict", "false")),
        run.name_with_a_dot,
        run.name_without_a_dot,
    ),
    Kind(
        "uninitialized-use",
        Cause.NO_VALUES,
        "A lazy parameter or buffer is used before its first batch",
        (r"Attempted to use an uninitialized parameter",),
        "A lazy module gets its shapes, and with them its values, from the first batch. Before it "
        "there is an `UninitializedParameter` or `UninitializedBuffer` with neither.",
        "Call `forward` once with a dummy batch, before the optimizer is made and before anything "
        "is copied.",
        CASES,
        case("lazy-mask"),
        run.used_before_its_shape,
        run.used_after_its_shape,
    ),
    Kind(
        "integer-parameter",
        Cause.REGISTERED,
        "Integers or booleans are no parameters",
        (r"Only Tensors of floating point and complex dtype can require gradients",),
        "`nn.Parameter` asks for a gradient, and there is none of whole numbers.",
        "What is not trained is a buffer; `nn.Parameter(x, requires_grad=False)` would do as well.",
        STATE,
        (("rows", ".half() on int64"), ("predict", "false")),
        run.integers_as_parameter,
        run.integers_as_buffer,
    ),
    Kind(
        "deepcopy",
        Cause.GRAPH,
        "deepcopy meets a result that carries a graph",
        (r"Only Tensors created explicitly by the user",),
        "A tensor that autograd computed cannot be copied alone, since its graph would have to be "
        "copied with it. It hangs on an attribute of the module.",
        "Keep `.detach()` of it, or nothing.",
        CASES,
        case("result-kept"),
        run.result_kept,
        run.result_detached,
    ),
    Kind(
        "pickle",
        Cause.FILE,
        "The module holds something that pickle cannot save",
        (
            r"Can't (?:pickle|get) local object '?(?P<name>[\w.<>]{1,120})",
            r"cannot pickle '(?P<name>[\w.]{1,80})' object",
            r"Can't pickle (?P<name>[\w.<> ]{1,120})",
        ),
        "Pickle saves a function or a class as the name under which it can be imported. One that "
        "was made in a function has none. Saving a whole module pickles all of its attributes.",
        "Save `state_dict()`, and hold the tensor as a buffer.",
        STATE,
        (("rows", "survives pickling"), ("predict", "false")),
        run.function_kept,
        run.buffer_kept,
    ),
    Kind(
        "inference",
        Cause.GRAPH,
        "A tensor was made in inference mode and is used outside",
        (
            r"Inference tensors cannot be saved for backward",
            r"Inplace update to inference tensor outside InferenceMode",
            r"Inference tensors do not track version counter",
        ),
        "A tensor made under `torch.inference_mode()` stays an inference tensor, also as a buffer: "
        "a cache that the first evaluation filled.",
        "Fill it under `torch.no_grad()`, or keep a `.clone()` that is made outside.",
        CASES,
        case("cache-from-inference"),
        run.made_in_inference_mode,
        run.made_without_inference_mode,
    ),
    Kind(
        "changed-in-place",
        Cause.GRAPH,
        "A tensor that backward needs was changed in place",
        (
            r"modified by an inplace operation: \[(?P<type>[\w.]{1,40}) "
            r"\[(?P<shape>[\d, ]{0,60})\]\](?:, which is output \d{1,3} of \w{1,60},)? is at "
            r"version (?P<now>\d{1,9}); expected version (?P<then>\d{1,9})",
            r"modified by an inplace operation",
        ),
        "Autograd saved the tensor for backward, and since then somebody wrote into it: an update "
        "of a buffer between two forward passes and their common backward, or "
        "DistributedDataParallel, which sends rank 0's buffers before every forward pass.",
        "Replace the buffer instead of changing it, or use a `.clone()` in `forward`. Under DDP: "
        "`forward_sync_buffers=False`, or one forward pass for each backward.",
        "pages/5_Training.py",
        (("predict", "false"),),
        run.buffer_changed_too_soon,
        run.buffer_replaced,
    ),
    Kind(
        "second-backward",
        Cause.GRAPH,
        "backward runs through a graph that was freed",
        (r"Trying to backward through the graph a second time",),
        "A buffer that is computed from parameters keeps their graph. At the next step backward "
        "goes through the last one's again.",
        "`.detach()` what is kept, or compute it under `torch.no_grad()`.",
        CASES,
        case("graph-kept"),
        run.history_in_a_buffer,
        run.no_history_in_a_buffer,
    ),
    Kind(
        "leaf-in-place",
        Cause.GRAPH,
        "A parameter is changed in place",
        (
            r"a leaf Variable that requires grad is being used in an in-place operation",
            r"a view of a leaf Variable that requires grad is being used in an in-place",
        ),
        "Autograd cannot record that a leaf is overwritten. A mask that was made a parameter by "
        "mistake does this when it is filled.",
        "Under `torch.no_grad()`; or make it a buffer, which asks for no gradient.",
        STATE,
        (("rows", "receives a gradient"), ("predict", "false")),
        run.parameter_filled,
        run.parameter_filled_without_a_graph,
    ),
)
