"""An Experiment as the lines of Python that run it."""

from core.device.available import SIMULATED
from core.inputs.embeddings import D_IN, shorten_token

WRITTEN_OUT = 64  # tokens whose embeddings stand in the script; more are a list beside it


def script(experiment):
    """The experiment as Python source. It needs the names that `run` puts beside it."""
    e = experiment
    rows = rows_as_text(e) if len(e.rows) <= WRITTEN_OUT else "ROWS"
    simulated = e.device == SIMULATED
    device = "register()  # the simulated accelerator" if simulated else f'"{e.device}"'
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


def rows_as_text(experiment):
    """The input embeddings as a Python list, a token a line."""
    lines = "\n".join(
        f"    {list(map(float, row))},  # {shorten_token(token)}"
        for token, row in zip(experiment.tokens, experiment.rows, strict=True)
    )
    return f"[\n{lines}\n]"
