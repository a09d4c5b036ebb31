"""Reasons that several rows of the ledger share."""

PLAIN = ("plain attribute", "list", "dict", "closure")
NO_TENSOR = {
    "not applicable": "A buffer registered as `None` only reserves its name. There is no tensor "
    "yet, so nothing can happen to one.",
}
VISITS = (
    "`.to()`, `.half()` and the like go through a module's parameters and buffers, persistent "
    "or not, and those of its submodules. (In PyTorch's source the method is called `_apply`.)"
)
SKIPS = {
    "plain attribute": "`.to()`, `.half()` and the like go through the module's two registers, "
    "one of parameters and one of buffers. A plain attribute is in neither.",
    "list": "A Python list is no register, and `.to()` and the like do not look into it. Give "
    "each tensor a registered name of its own, or put it into a submodule. `nn.ParameterList` "
    "would make it a trained parameter.",
    "dict": "A Python dict is no register, and `.to()` and the like do not look into it. Give "
    "each tensor a registered name of its own, or put it into a submodule. `nn.ParameterDict` "
    "would make it a trained parameter.",
    "closure": "The tensor belongs to the function that captured it. The module has no name for "
    "it, so `.to()` and the like cannot find it.",
}
NOT_THERE = {
    "plain attribute": "A plain attribute is in neither.",
    "list": "A tensor in a Python list is in neither.",
    "dict": "A tensor in a Python dict is in neither.",
    "closure": "The tensor belongs to a function, and is in neither.",
}
FLOATS_ONLY = "`.half()` casts floating-point tensors only, and leaves others as they are. "


def skipped(*texts: str) -> dict[tuple[str, str], str]:
    """Reasons for "no" in the columns that no register knows, after the texts given."""
    return {("no", column): " ".join((*texts, SKIPS[column])) for column in PLAIN}


HALVES = {
    "yes": f"{VISITS} `.half()` casts those that are floating point.",
    **skipped(),
    **NO_TENSOR,
}
CASTS = {
    "yes": f"{VISITS} `.to(dtype)` casts those that are floating point. A complex one is cast too: "
    "to a real dtype, it loses its imaginary part, with a warning.",
    **skipped(),
    **NO_TENSOR,
}
HALF_OF_WHOLE = {
    "raises": "The module cannot even be built: `nn.Parameter` asks for a gradient, and only "
    "floating-point and complex tensors can have one. `requires_grad=False` is the way out.",
    "no": FLOATS_ONLY + "This tensor is registered, but it is not "
    "floating point, so it stays as it is.",
    **skipped(FLOATS_ONLY + "Besides, it does not even reach this one."),
    **NO_TENSOR,
}
NOT_A_PARAMETER = {
    "no": "A buffer is in the module's register of buffers, and `parameters()` does not list "
    "that one.",
    **{
        ("no", column): "This tensor was never registered as an `nn.Parameter`, and "
        "`parameters()` lists only those."
        for column in PLAIN
    },
    ("no", "None buffer"): "There is no tensor to list, and a buffer would not be listed.",
}
NOT_A_BUFFER = {
    "no": "Only what was registered as a buffer is listed.",
    ("no", "nn.Parameter"): "A parameter has a register of its own.",
    ("no", "frozen parameter"): "A frozen parameter is a parameter all the same. Switching its "
    "gradient off does not make it a buffer.",
    ("no", "None buffer"): "Its name is registered, but buffers that are `None` are left "
    "out of the list.",
}
UNTOUCHED = {
    ("no", "frozen parameter"): "The optimizer was given it, but skips every parameter whose "
    "`.grad` is `None`.",
    "no": "The optimizer was given `module.parameters()`, and a buffer is not among them.",
    **{
        ("no", column): "The optimizer was given `module.parameters()`, and this tensor is not "
        "among them: the module does not list it."
        for column in PLAIN
    },
    **NO_TENSOR,
}


def left_alone(text: str) -> dict[tuple[str, str], str]:
    """Reasons for "yes" in the columns that no register knows: nothing happened to the tensor."""
    return {("yes", column): f"{SKIPS[column]} {text}" for column in PLAIN}


FOLLOWED = {
    "averaged": "`AveragedModel` averages `parameters()`, frozen ones too.",
    "copied": "By default (`use_buffers=False`) buffers are not averaged: the last value is "
    "copied. With `use_buffers=True` they are averaged like parameters. A hand-written average "
    "over `parameters()` would leave buffers at their first value.",
    "left behind": "The average is a deep copy. A tensor that nobody registered is not updated "
    "in it: it stays as it was when the copy was made.",
    "shared": "`deepcopy` takes functions as they are, so the average reads the module's own "
    "tensor.",
    **NO_TENSOR,
}
FOLLOWED_WITH_BUFFERS = {
    "averaged": "With `use_buffers=True` buffers are averaged as parameters are, persistent or "
    "not: running statistics then change as slowly as the weights.",
    "left behind": "Only `parameters()` and `buffers()` are averaged. A tensor that nobody "
    "registered stays as it was when the copy was made.",
    "shared": "`deepcopy` takes functions as they are, so the average reads the module's own "
    "tensor.",
    **NO_TENSOR,
}
