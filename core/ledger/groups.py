"""The ledger's rows by what they are about, and those that a first look needs."""

from collections.abc import Sequence

MANY = 12  # more rows than these are shown in groups
LABELS = {  # of rows whose names are long, for the table's first column
    "isinstance nn.Buffer after .to()": "an nn.Buffer after .to()",
    "tied, and still one after .to()": "tied, still one after .to()",
    "asked for gradients by requires_grad_()": "set by requires_grad_(True)",
    "followed by AveragedModel": "in AveragedModel",
    "followed by AveragedModel(use_buffers=True)": "in it, with use_buffers=True",
    "stepped by an optimizer made before .to()": "trained by an older optimizer",
}
GROUPS = {  # the rows by what they are about
    "Moves and casts": (
        "moved by .to(device)",
        "cast by .half()",
        "cast by .to(float64)",
        ".half() on int64",
        ".half() on bool",
        "keeps 257 under bfloat16",
        "cast by torch.autocast",
        "taken off meta by to_empty()",
        "same object after .to()",
        "isinstance nn.Buffer after .to()",
        "tied, and still one after .to()",
    ),
    "Saving, loading, copying": (
        "in state_dict()",
        "restored by load_state_dict()",
        "aliased by state_dict()",
        "survives deepcopy",
        "survives pickling",
        "swapped by functional_call()",
    ),
    "Which list has it": ("in parameters()", "in buffers()", "in nested named_buffers()"),
    "Training": (
        "receives a gradient",
        "cleared by zero_grad()",
        "changed by an optimizer step",
        "shrunk by weight decay",
        "asked for gradients by requires_grad_()",
        "stepped by an optimizer made before .to()",
    ),
    "An average of the model": (
        "followed by AveragedModel",
        "followed by AveragedModel(use_buffers=True)",
    ),
    "Export, compilers, several processes": (
        "role in torch.export",
        "under torch.compile",
        "sent by DDP at the start",
        "sent by DDP before a forward",
    ),
}
FIRST = (  # what a first look needs
    "moved by .to(device)",
    "cast by .half()",
    ".half() on bool",
    "in state_dict()",
    "restored by load_state_dict()",
    "in parameters()",
    "changed by an optimizer step",
    "survives deepcopy",
)


def label_of(row: str) -> str:
    """A row's name as the table has it."""
    return LABELS.get(row, row)


def grouped(rows: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """{heading: its rows}, of these rows; one that no group names comes last."""
    named = {row for group in GROUPS.values() for row in group}
    groups = GROUPS | {"More": tuple(row for row in rows if row not in named)}
    found = {title: tuple(r for r in group if r in rows) for title, group in groups.items()}
    return {title: group for title, group in found.items() if group}
