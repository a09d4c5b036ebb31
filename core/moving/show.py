"""What the script of a timeline says after each step. A page puts its ledger in its place."""

from core.attention.tensor_table import module_tensors


def show(step, model, **others):
    print(step)
    for name, tensor in {**module_tensors(model), **others}.items():
        print("   ", name, tensor.device, tensor.dtype)
