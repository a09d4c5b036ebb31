"""The scripts of state_dict: lists of tensors, an edit, a loading, files."""

from collections.abc import Sequence

from core.attention import causal_attention
from core.code.building_blocks import ATTENTION, DEVICE, REGISTER, mask_needs
from core.code.script import Needs, Script
from core.code.source import last_line
from core.device.available import SIMULATED
from core.inputs import embeddings
from core.state_dict import edit_mask, keys, size
from core.state_dict.loading import LoadExperiment, fix_lines


def keys_script() -> Script:
    """The Script that lists what four ways to hold the mask have in which of PyTorch's lists."""
    return Script(
        "models = {held: build(variant) for held, variant in HELD_AS.items()}\n"
        "lists = {held: listings(model) for held, model in models.items()}\n",
        (
            ATTENTION,
            mask_needs("Other ways to hold the mask", shown_first=True),
            Needs("Four ways to hold the mask", (keys,), shown_first=True),
        ),
        "Who lists it",
        report="for held, found in lists.items():\n    print(held)\n"
        "    for call, names in found.items():\n"
        '        print("   ", call, names)\n',
    )


def holding_lines() -> str:
    """The line with which each of the four holds its mask; a persistent buffer is the default."""
    lines = (last_line(Held.__init__) for Held in keys.HELD_AS.values())
    return "\n".join(lines).replace("persistent=persistent", "persistent=True")


def edit_script(edit: str, cells: Sequence[tuple[int, int]], persistent: bool = True) -> Script:
    """The Script that edits a mask, saves, loads, and tells what survived."""
    variants = "VARIANTS" if persistent else "UNSAVED"
    return Script(
        f"outcomes = [save_edit_load(variant, {edit!r}, {cells!r}) for variant in {variants}]\n",
        (
            ATTENTION,
            mask_needs("A buffer that is not saved", shown_first=not persistent),
            Needs("The six tokens", (embeddings,), keep="what is used"),
            Needs("Edit, save, load", (edit_mask,), shown_first=True),
        ),
        "The experiment",
        report=f"for variant, outcome in zip({variants}, outcomes, strict=True):\n"
        "    print(variant.__name__, outcome.message)\n"
        "    print(outcome.restored)\n"
        '    print("the edit survived:", outcome.survived)\n'
        '    print("the output changed:", outcome.output_changed)\n'
        '    print("tokens that see later ones:", outcome.leaks)\n',
        report_title="What survived",
    )


def size_script(layers: int) -> Script:
    """The Script that saves a stack of each way and tells the bytes of its file."""
    return Script(
        "sizes = {\n"
        f"    (context_length, way): saved_bytes(variant, {layers}, context_length)\n"
        "    for context_length in (64, 128, 256)\n"
        "    for way, variant in STORED_AS.items()\n"
        "}\n",
        (
            Needs("The attention module", (causal_attention,), keep="what is used"),
            mask_needs("Other ways to have the mask", shown_first=True),
            Needs("Four ways to have it", (size,), keep="what is used", shown_first=True),
        ),
        "The saving",
        report="for (context_length, way), nbytes in sizes.items():\n"
        '    print(f"{context_length} {way}: {nbytes:,} bytes")\n',
        report_title="What each costs",
    )


def construction(hold: str, length: int) -> str:
    """The line that builds a module."""
    if hold == "plain":
        return f"CausalAttentionWithoutBuffers(3, 2, {length}, 0.0)"
    persistent = "" if hold == "buffer" else ", persistent=False"
    return f"CausalAttentionWithBuffer(3, 2, {length}, 0.0{persistent})"


def load_script(loading: LoadExperiment) -> Script:
    """The Script of a LoadExperiment. Where load_state_dict raises, so does the script."""
    e = loading
    wrap = {
        "nothing": "wrapped = source",
        "DataParallel": f'wrapped = nn.DataParallel(source).to("{e.source_device}")',
        "torch.compile": "wrapped = torch.compile(source)  # compiles nothing yet",
    }[e.wrapped]
    before, after = fix_lines(e)
    lines = [
        "torch.manual_seed(1)",
        f"source = {construction(e.source, e.source_length)}",
        f'source.to("{e.source_device}", torch.{e.source_dtype})',
        wrap,
        "state = wrapped.state_dict()",
        "",
        "torch.manual_seed(2)  # other weights, so that loading shows",
        f'device = torch.device("{e.target_device}")',
        f"target = {construction(e.target, e.target_length)}",
        "target.to(device)",
        *([before] if before else []),
        f"result = target.load_state_dict(state, strict={e.strict}, assign={e.assign})",
        *(after.splitlines()),
        "",
        "x = torch.rand(1, 4, 3)  # 4 tokens, d_in",
        "output = target(x.to(target.W_query.weight.device))",
    ]
    if SIMULATED in (e.source_device, e.target_device) or e.wrapped == "DataParallel":
        lines.insert(0, REGISTER)
    return Script(
        "\n".join(lines) + "\n",
        (DEVICE, ATTENTION),
        "The loading",
        report="print(result)\n",
        report_title="What it returned",
    )
