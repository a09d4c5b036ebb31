"""The scripts of Moving devices: a timeline, and the counting of what every forward pass copies."""

from core.attention import causal_attention, tensor_table
from core.code.building_blocks import ATTENTION, DEVICE, REGISTER, mask_needs
from core.code.script import Needs, Script
from core.device.available import SIMULATED
from core.inputs.embeddings import SIX_TOKENS
from core.moving import copies, show
from core.moving.steps import STARTS, STEPS, Timeline

TIMELINE_NEEDS = (
    DEVICE,
    Needs("Where a module's tensors are", (tensor_table, show), keep="what is used"),
    Needs("The attention modules", (causal_attention,)),
    mask_needs("The attention modules"),
)


def setup(timeline: Timeline) -> str:
    """The lines before the first step: the input, and a module on the CPU."""
    rows = "\n".join(f"    {list(row)}," for _, row in SIX_TOKENS)
    cls = STARTS[timeline.start][0].__name__
    return (
        f"inputs = torch.tensor([[\n{rows}\n]])  # (1, 6 tokens, d_in)\n"
        "torch.manual_seed(123)\n"
        f"model = {cls}(d_in=3, d_out=2, context_length=6, dropout=0.0)\n"
    )


def timeline_script(timeline: Timeline) -> Script:
    """The Script of a Timeline. It ends as the timeline ends: an exception is raised."""
    lines = ["import copy", "", "torch.set_grad_enabled(False)  # nothing is trained here"]
    if f"to-{SIMULATED}" in timeline.steps:
        lines.append(REGISTER)
    lines += ["", setup(timeline) + 'show("construct", model)']
    for name in timeline.steps:
        extra = ", x=x, output=output" if name == "forward" else ""
        lines += ["", STEPS[name].source, f"show({STEPS[name].label!r}, model{extra})"]
    return Script("\n".join(lines) + "\n", TIMELINE_NEEDS, "The timeline")


def copies_script(context_length: int) -> Script:
    """The Script that counts what crosses the boundary at one context length."""
    return Script(
        "counted = {\n"
        f"    way: count(variant, {context_length}) for way, variant in MASK_IS.items()\n"
        "}\n",
        (
            DEVICE,
            ATTENTION,
            mask_needs("Other ways to have the mask", shown_first=True),
            Needs("Five ways, and what counts their copies", (copies,), shown_first=True),
        ),
        "The counting",
        report="for way, (moving, _, each) in counted.items():\n"
        '    print(f"{way}: once {moving}, each forward {each}")\n',
        report_title="What each copies",
    )
