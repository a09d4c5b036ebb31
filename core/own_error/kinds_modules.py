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
        "The module already has an attribute of this name",
        (r"attribute '(?P<name>\w{1,80})' already exists",),
        "Often the tensor was first assigned to the attribute (`self.mask = …`) and then "
        "registered under the same name. Registering does not replace an attribute.",
        "Register the tensor without assigning it first. If the attribute is already there, run "
        "`del module.name` before you register.",
        CASES,
        case("assigned-then-registered"),
        run.name_is_taken,
        run.name_is_free,
    ),
    Kind(
        "over-parameter",
        Cause.REGISTERED,
        "Something that is no nn.Parameter was assigned to a parameter's name",
        (
            r"cannot assign '(?P<type>[\w.]{1,60})' (?:object )?(?:as|to) parameter "
            r"'(?P<name>\w{1,80})'",
        ),
        "The name belongs to a registered parameter, and only an `nn.Parameter` or `None` can "
        "replace it. If a plain tensor could, the optimizer would go on training the old "
        "parameter, which the module no longer uses.",
        "Copy the values into the parameter under `torch.no_grad()`: "
        "`layer.weight.copy_(tensor)`. Or assign `nn.Parameter(tensor)` and give it to a new "
        "optimizer.",
        CASES,
        case("parameter-over-buffer"),
        run.tensor_over_a_parameter,
        run.values_into_a_parameter,
    ),
    Kind(
        "over-buffer",
        Cause.REGISTERED,
        "Something that is no tensor was assigned to a buffer's name",
        (
            r"cannot assign '(?P<type>[\w.]{1,60})' (?:object )?(?:as|to) buffer "
            r"'(?P<name>\w{1,80})'",
        ),
        "The name belongs to a registered buffer. PyTorch refuses a list or a number there.",
        "Make it a tensor with the buffer's device and dtype.",
        CASES,
        case("list-over-buffer"),
        run.list_over_a_buffer,
        run.tensor_over_a_buffer,
    ),
    Kind(
        "before-init",
        Cause.REGISTERED,
        "Something is registered before `super().__init__()`",
        (r"cannot assign (?P<what>\w{1,20}) before Module\.__init__\(\) call",),
        "`Module.__init__` makes the dictionaries that hold a module's parameters, buffers and "
        "submodules. Before that call they do not exist, so nothing can be registered. A plain "
        "tensor can be assigned without an error, but it is not registered then.",
        "Make `super().__init__()` the first line of `__init__`.",
        CASES,
        case("before-super-init"),
        run.before_the_registers,
        run.after_the_registers,
    ),
    Kind(
        "dotted-name",
        Cause.REGISTERED,
        "The name has a dot, is empty, or is no string",
        (
            r"(?P<what>buffer|parameter|module) name can\\?'t contain",
            r"(?P<what>buffer|parameter|module) name can\\?'t be empty string",
            r"(?P<what>buffer|parameter|module) name should be a string",
        ),
        "In the keys of a `state_dict`, a dot stands between the name of a module and the name "
        "of what is in it. So a name has to be a string that is not empty and has no dot.",
        "Use another character, such as `_`. Or make a submodule and register the tensor in it.",
        STATE,
        (("rows", "in nested named_buffers()"), ("predict", "false")),
        run.name_with_a_dot,
        run.name_without_a_dot,
    ),
    Kind(
        "uninitialized-use",
        Cause.NO_VALUES,
        "A lazy parameter or buffer is used before the first batch",
        (r"Attempted to use an uninitialized parameter",),
        "A lazy module learns its sizes from its first batch. Before that, its parameters and "
        "buffers (`UninitializedParameter`, `UninitializedBuffer`) have no shape and no values.",
        "Run a first batch through the module. Do this before you make the optimizer and before "
        "you copy anything.",
        CASES,
        case("lazy-mask"),
        run.used_before_its_shape,
        run.used_after_its_shape,
    ),
    Kind(
        "integer-parameter",
        Cause.REGISTERED,
        "A tensor of integers or booleans cannot be a parameter",
        (r"Only Tensors of floating point and complex dtype can require gradients",),
        "By default `nn.Parameter` asks for a gradient, and only floating-point and complex "
        "tensors can have one.",
        "Register a tensor that is not trained as a buffer. `nn.Parameter(x, "
        "requires_grad=False)` works too.",
        STATE,
        (("rows", ".half() on int64"), ("predict", "false")),
        run.integers_as_parameter,
        run.integers_as_buffer,
    ),
    Kind(
        "deepcopy",
        Cause.GRAPH,
        "deepcopy meets a tensor that autograd computed",
        (r"Only Tensors created explicitly by the user",),
        "An attribute of the module holds the result of a computation, and autograd's graph "
        "comes with it. `copy.deepcopy` refuses to copy such a tensor.",
        "Keep `result.detach()` instead of the result, or do not keep it.",
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
        "Pickle saves a function or a class as a name that can be imported. A lambda cannot be "
        "imported, and neither can a function or class that was made inside a function. To save "
        "a whole module, pickle has to save all of its attributes.",
        "Save `state_dict()` instead of the module. If a function holds a tensor, make that "
        "tensor a buffer.",
        STATE,
        (("rows", "survives pickling"), ("predict", "false")),
        run.function_kept,
        run.buffer_kept,
    ),
    Kind(
        "inference",
        Cause.GRAPH,
        "A tensor was made in inference mode and is used outside of it",
        (
            r"Inference tensors cannot be saved for backward",
            r"Inplace update to inference tensor outside InferenceMode",
            r"Inference tensors do not track version counter",
        ),
        "A tensor made under `torch.inference_mode()` stays an inference tensor, even as a "
        "buffer. Outside of that mode, autograd cannot save it for backward and it cannot be "
        "changed in place. A typical case is a cache that is filled during the first evaluation.",
        "Fill the cache under `torch.no_grad()` instead. Or make a copy with `.clone()` outside "
        "of inference mode and use the copy.",
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
        "Autograd saved this tensor for backward, and it was changed before backward ran. With "
        "buffers there are two usual reasons. `forward` updates a buffer, and runs twice before "
        "one backward. Or DistributedDataParallel copies the buffers of rank 0 into the other "
        "processes before each forward pass.",
        "Assign a new tensor instead of changing the old one, or use `buffer.clone()` in "
        "`forward`. Under DistributedDataParallel, set `forward_sync_buffers=False`, or run "
        "backward after each forward pass.",
        "pages/5_Training.py",
        (("predict", "false"),),
        run.buffer_changed_too_soon,
        run.buffer_replaced,
    ),
    Kind(
        "second-backward",
        Cause.GRAPH,
        "backward goes through a graph that is already freed",
        (r"Trying to backward through the graph a second time",),
        "A tensor that was computed in one step is used again in the next, and autograd's graph "
        "came with it. `backward` frees the graph after the first use. This happens to a buffer "
        "that is computed from parameters.",
        "Keep `tensor.detach()`, or compute the tensor under `torch.no_grad()`.",
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
        "A parameter asks for a gradient, and autograd does not allow its values to be "
        "overwritten. This also happens to a mask that was made a parameter by mistake.",
        "Change it under `torch.no_grad()`. If it is not trained, register it as a buffer.",
        STATE,
        (("rows", "receives a gradient"), ("predict", "false")),
        run.parameter_filled,
        run.parameter_filled_without_a_graph,
    ),
)
