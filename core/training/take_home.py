"""The script of a training."""

from core.attention import causal_attention
from core.code.building_blocks import DEVICE, REGISTER, mask_needs
from core.code.script import Needs, Script
from core.device.available import SIMULATED
from core.inputs.embeddings import D_IN
from core.training import loop
from core.training.experiment import Training
from core.training.modules import BUFFER, NORM, OPTIMIZERS, PARAMETER, PLAIN, UNDECAYED

NEEDS = (
    DEVICE,
    Needs("The attention modules", (causal_attention,)),
    mask_needs("The attention modules"),
    Needs("One more module, and the loop", (loop,)),
)
REPORT = """for name in models:
    first, last = history[0][name], history[-1][name]
    print(f"{name}: loss {first.loss} -> {last.loss}")
    if last.attn_weights is not None:
        before, after_all = leak(first.attn_weights), leak(last.attn_weights)
        print(f"    attention on later tokens {before} -> {after_all}")
    for tensor, drift in last.drifts.items():
        print(f"    {tensor}: gradient {first.gradients[tensor]}, drift {drift}")
for mode, tensors in after[::10]:  # ten forward passes in each mode
    print(mode, tensors["norm.running_mean"])
"""


def training_script(training: Training) -> Script:
    """The Script of a Training, which prints its losses, gradients and drifts."""
    t = training
    rows = "\n".join(f"    {list(row)},  # {token}" for token, row in t.embeddings)
    simulated = t.device == SIMULATED
    device = REGISTER if simulated else f'"{t.device}"'
    sizes = f"{D_IN}, {D_IN}, {t.context_length}, 0.0"  # d_in, d_out, context_length, dropout
    start = 'float("-inf")' if t.mask_start == "-inf" else f"{t.mask_start}.0"
    with_mask = f"AttentionWithMaskParameter({sizes}, start={start})"
    builders = {
        PLAIN: f"CausalAttentionWithoutBuffers({sizes})",
        BUFFER: f"CausalAttentionWithBuffer({sizes})",
        PARAMETER: with_mask,
        UNDECAYED: with_mask,
        NORM: f"PredictionAfterBatchNorm({D_IN})",
    }
    seed = f"torch.manual_seed({t.seed})"
    builds = "\n".join(
        f'{seed}\nmodels["{name}"] = {built}' for name, built in builders.items()
    ).replace(seed, f"{seed}  # the same weights each time", 1)
    options = f"lr={t.learning_rate}, weight_decay={float(t.weight_decay)}"
    text = f"""\
rows = torch.tensor([
{rows}
])  # (tokens, d_in)
device = {device}
x, target = windows(rows.to(device), {t.context_length})  # (b, num_tokens, d_in) each

models = {{}}  # d_in, d_out, context_length, dropout
{builds}
for model in models.values():
    model.to(device)
plain = models["{PLAIN}"]
plain.mask = plain.mask.to(device)  # by hand: model.to() does not know it

optimizers = {{
    name: {OPTIMIZERS[t.optimizer]}(model.parameters(), {options})
    for name, model in models.items()
}}
no_decay = models["{UNDECAYED}"]
optimizers["{UNDECAYED}"] = {OPTIMIZERS[t.optimizer]}([
    {{"params": [no_decay.W_query.weight, no_decay.W_key.weight, no_decay.W_value.weight]}},
    {{"params": [no_decay.mask], "weight_decay": 0.0}},
], {options})
history = list(train(models, optimizers, x, target, steps={t.steps}))
after = list(after_training(models["{NORM}"], x + 1))
"""
    return Script(text, NEEDS, "The training", report=REPORT)
