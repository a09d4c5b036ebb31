"""A T×T tensor of attention, reduced to what a screen can show: a picture, a window, a row.

At T=4096 one such tensor has 16.8 million numbers; a chart is some 400 pixels wide. So neighbouring
cells are pooled: a block shows the value of the cell that is largest in size. Nothing is
averaged, so no attention weight that stands out is lost, and a block can say which cell it shows.
"""

import math
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch.nn.functional import max_pool2d

WHOLE_TOKENS = 64  # tokens up to which every cell is kept
CELL_BLOCKS = (
    40  # blocks to a side that can be pointed at; a browser draws more than these too slowly
)
PIXEL_BLOCKS = 256  # blocks to a side of the picture
WINDOW_TOKENS = 8  # queries and keys in a window with exact numbers


@dataclass(frozen=True)
class Blocks:
    """A T×T tensor pooled to n×n blocks, each of side×side cells (the last ones may be cut)."""

    side: int
    values: torch.Tensor  # (n, n) of the cell that is largest in size and not masked, else nan
    cells: torch.Tensor  # (n, n), that cell's index query·T + key; -1 where all are masked

    @property
    def masked(self) -> torch.Tensor:
        """(n, n) booleans: the mask hides every cell of the block."""
        return self.cells < 0


@dataclass(frozen=True)
class Window:
    """Exact values of neighbouring queries and keys."""

    query: int  # the first, from 0
    key: int
    values: torch.Tensor  # (w, w), -inf where masked scores are
    masked: torch.Tensor  # (w, w) booleans


@dataclass(frozen=True, eq=False)  # one is equal to itself only, so that it can be a key
class Matrix:
    """What is kept of one T×T tensor."""

    size: int  # T
    dtype: torch.dtype
    window: Window
    whole: Window | None  # every cell, up to WHOLE_TOKENS tokens
    query: int  # from 0
    row: torch.Tensor  # (T,) the values of that query
    # What a chart shows; None of a tensor that no chart shows:
    blocks: Blocks | None = None  # at most CELL_BLOCKS to a side
    picture: torch.Tensor | None = None  # the same values, finer: at most PIXEL_BLOCKS to a side
    hidden: int | None = None  # cells that the mask hides
    largest: tuple[float, int, int] | None = None  # (value, query, key), not masked
    smallest: tuple[float, int, int] | None = None

    @property
    def shape(self) -> tuple[int, int, int]:
        return (1, self.size, self.size)

    @property
    def most(self) -> float:
        """The largest size of any value that is not masked."""
        assert self.largest and self.smallest, "no chart shows this tensor"
        return max(abs(self.largest[0]), abs(self.smallest[0]))

    def window_or_all(self) -> Window:
        """All cells where they are kept, else the window."""
        return self.whole or self.window


def reduce(
    tensor: torch.Tensor,
    masked: torch.Tensor,
    window: tuple[int, int] = (0, 0),
    query: int = 0,
    charted: bool = True,
) -> Matrix:
    """The Matrix of a (T, T) tensor; masked (T, T) is True where the mask hides a key.

    window: its first query and key, from 0; query: the row to keep whole; charted: whether to pool.
    Positions beyond the tensor are brought back to its last.
    """
    size = tensor.shape[0]
    side = math.ceil(size / CELL_BLOCKS)
    matrix = Matrix(
        size,
        tensor.dtype,
        **close_look(tensor, masked, window, query),
        whole=Window(0, 0, tensor.clone(), masked.clone()) if size <= WHOLE_TOKENS else None,
    )
    if not charted:
        return matrix
    sizes = tensor.abs().masked_fill_(masked, -1.0)  # a masked cell loses to every other
    blocks = pool(tensor, sizes, side)
    return replace(
        matrix,
        blocks=blocks,
        picture=pool(tensor, sizes, math.ceil(size / PIXEL_BLOCKS)).values
        if side > 1
        else blocks.values,
        hidden=int(masked.sum()),
        largest=extreme(tensor, tensor.masked_fill(masked, -math.inf).argmax()),
        smallest=extreme(tensor, tensor.masked_fill(masked, math.inf).argmin()),
    )


def look_elsewhere(
    matrix: Matrix,
    tensor: torch.Tensor,
    masked: torch.Tensor,
    window: tuple[int, int],
    query: int,
) -> Matrix:
    """The Matrix of the same tensor with another window and another row: nothing is pooled."""
    return replace(matrix, **close_look(tensor, masked, window, query))


def close_look(
    tensor: torch.Tensor, masked: torch.Tensor, window: tuple[int, int], query: int
) -> dict[str, Any]:
    """The fields of a Matrix that depend on where one looks: window, query and row."""
    size = tensor.shape[0]
    first_query, first_key = (max(0, min(start, size - WINDOW_TOKENS)) for start in window)
    part = (
        slice(first_query, first_query + WINDOW_TOKENS),
        slice(first_key, first_key + WINDOW_TOKENS),
    )
    return {
        "window": Window(first_query, first_key, tensor[part].clone(), masked[part].clone()),
        "query": min(query, size - 1),
        "row": tensor[min(query, size - 1)].clone(),
    }


def extreme(tensor: torch.Tensor, index: torch.Tensor) -> tuple[float, int, int]:
    """(value, query, key) of a cell of a (T, T) tensor, by its index query·T + key."""
    query, key = divmod(int(index), tensor.shape[1])
    return tensor[query, key].item(), query, key


def pool(tensor: torch.Tensor, sizes: torch.Tensor, side: int) -> Blocks:
    """The Blocks of a (T, T) tensor, side×side cells each; sizes (T, T) is -1 where masked."""
    largest, cells = max_pool2d(sizes[None], side, ceil_mode=True, return_indices=True)
    hidden = largest[0] < 0
    values = tensor.flatten()[cells[0]].masked_fill(hidden, math.nan)
    return Blocks(side, values, cells[0].int().masked_fill(hidden, -1))
