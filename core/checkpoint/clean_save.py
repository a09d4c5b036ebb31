"""A state_dict without what nobody reads: `clean`, as a text to show and to run."""

import inspect
from collections import defaultdict


def clean(state):
    """A copy of a state_dict whose file keeps only what the tensors read.

    A slice leaves the rest of its storage behind, an expanded tensor keeps its few numbers, and
    tensors that are one and the same stay so. A storage that would become larger stays as it is.
    """
    views = defaultdict(dict)  # storage -> which part of it -> a copy of that part
    for tensor in state.values():
        storage = tensor.untyped_storage()
        part = (tensor.dtype, tensor.storage_offset(), tensor.shape, tensor.stride())
        few = tensor[tuple(slice(0, 1) if step == 0 else slice(None) for step in tensor.stride())]
        views[storage.data_ptr(), storage.nbytes()][part] = few.clone().expand(tensor.shape)
    result = {}
    for key, tensor in state.items():
        storage = tensor.untyped_storage()
        parts = views[storage.data_ptr(), storage.nbytes()]
        part = (tensor.dtype, tensor.storage_offset(), tensor.shape, tensor.stride())
        size = sum(copy.untyped_storage().nbytes() for copy in parts.values())
        result[key] = parts[part] if size < storage.nbytes() else tensor
    return result


def program() -> str:
    """The text of a program that makes a clean file of another."""
    return (
        "from collections import defaultdict\n\nimport torch\n\n\n"
        f"{inspect.getsource(clean)}\n\n"
        'state = torch.load("model.pt", map_location="cpu")\n'
        'torch.save(clean(state), "clean.pt")\n'
    )
