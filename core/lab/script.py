"""An Experiment as the lines of Python that run it."""

from core.code.building_blocks import ATTENTION, DEVICE, OBSERVER, REGISTER
from core.code.script import Part, Script
from core.device.available import SIMULATED
from core.inputs.embeddings import D_IN, shorten_token
from core.lab.experiment import Experiment

MAX_TOKENS_IN_TEXT = 64  # embeddings of so many stand in the experiment; of more, above it
REPORT = """models = (without_buffers, with_buffer)
runs = (without_buffers_run, with_buffer_run)
for model, run in zip(models, runs, strict=True):
    print(type(model).__name__)
    print("state_dict keys:", list(model.state_dict()))
    print("mask on:", model.mask.device)
    for stage in run.stages:
        print(f"{stage.name} (change {stage.change}) on {stage.device}:")
        print(stage.tensor)
    if run.error:
        print(f"{run.error.type}: {run.error.message}")
    print()
"""


def experiment_script(experiment: Experiment) -> Script:
    """The Script that runs both variants, and prints every stage where it is taken home."""
    data = ()
    if len(experiment.rows) > MAX_TOKENS_IN_TEXT:
        data = (Part("The input embeddings", f"ROWS = {rows_as_text(experiment)}\n"),)
    needs = (DEVICE, *OBSERVER, ATTENTION)
    return Script(experiment_text(experiment), needs, data=data, report=REPORT)


def experiment_text(experiment: Experiment) -> str:
    """The lines of Python that build both variants, move them and run them."""
    e = experiment
    rows = rows_as_text(e) if len(e.rows) <= MAX_TOKENS_IN_TEXT else "ROWS"
    simulated = e.device == SIMULATED
    device = REGISTER if simulated else f'"{e.device}"'
    sizes = (
        f"d_in={D_IN}, d_out={e.d_out}, context_length={e.context_length}, "
        f"dropout={e.dropout}, qkv_bias={e.qkv_bias}"
    )
    lines = [
        f"inputs = torch.tensor({rows})  # (num_tokens, d_in)",
        f"device = {device}",
        "x = inputs.unsqueeze(0).to(device)  # (1, num_tokens, d_in)",
        "",
        f"torch.manual_seed({e.seed})",
        f"without_buffers = CausalAttentionWithoutBuffers(\n    {sizes}\n)",
    ]
    if e.weights == "same":
        lines.append(f"torch.manual_seed({e.seed})  # the same weights again")
    lines.append(
        f"with_buffer = CausalAttentionWithBuffer(\n    {sizes},\n    persistent={e.persistent},\n)"
    )
    if e.move_model or e.move_mask:
        lines.append("for model in (without_buffers, with_buffer):")
        if e.move_model:
            lines.append("    model.to(device)")
        if e.move_mask:
            lines.append("    model.mask = model.mask.to(device)  # by hand")
    lines.append("")
    for name in ("without_buffers", "with_buffer"):
        if e.weights == "same" and e.dropout > 0:
            lines.append(f"torch.manual_seed({e.seed})  # the same dropout in both")
        lines.append(f"{name}_run = trace({name}, x)  # calls {name}(x)")
    return "\n".join(lines) + "\n"


def rows_as_text(experiment: Experiment) -> str:
    """The input embeddings as a Python list, a token a line."""
    lines = "\n".join(
        f"    {list(map(float, row))},  # {shorten_token(token)}"
        for token, row in zip(experiment.tokens, experiment.rows, strict=True)
    )
    return f"[\n{lines}\n]"
