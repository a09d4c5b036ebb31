"""A state_dict as the bytes of a file, and back: files of one's own."""

import io
from collections.abc import Mapping
from typing import Literal

import torch

from core.checkpoint.safetensors_format import looks_like_safetensors, read_tensors, write


def save(state: Mapping[str, torch.Tensor], format: Literal["pt", "safetensors"] = "pt") -> bytes:
    """`state` as the bytes of a checkpoint.

    "pt" keeps devices, shared memory and, of a view, all the memory behind it. "safetensors" keeps
    none of these: each key has its numbers, row by row. TypeError for what is no tensor, or for a
    dtype that safetensors does not know.
    """
    for key, tensor in state.items():
        if type(key) is not str or not isinstance(tensor, torch.Tensor):
            raise TypeError(f"`{key}` is {type(tensor).__name__}, but only tensors are saved.")
    if format == "safetensors":
        return write(state)
    if format != "pt":
        raise ValueError(f"format is {format!r}, but it must be 'pt' or 'safetensors'.")
    file = io.BytesIO()
    torch.save(state, file)
    return file.getvalue()


def read_state(
    data: bytes, map_location: str | torch.device | None = "cpu"
) -> dict[str, torch.Tensor]:
    """The tensors of a checkpoint that this project made, on `map_location`.

    For bytes of one's own: torch.load(weights_only=True) runs no code of a file's, but it takes as
    much memory as the file asks for. `inspect` is for files of strangers.
    """
    if looks_like_safetensors(data[:512], len(data)):
        state = read_tensors(data)
        return {key: tensor.to(map_location or "cpu") for key, tensor in state.items()}
    return dict(torch.load(io.BytesIO(data), map_location=map_location, weights_only=True))
