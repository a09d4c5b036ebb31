"""T×T tensors reduced for a screen: pooled blocks, windows, rows, extremes; against plain loops."""

import math

import pytest
import torch

from core.charts.pooling import CELL_BLOCKS, PIXEL_BLOCKS, WINDOW_TOKENS, reduce

SIZES = [1, 2, 6, 63, 64, 65, 129, 300]


def scores(size, seed=0):
    generator = torch.Generator().manual_seed(seed)
    tensor = torch.randn(size, size, generator=generator)
    masked = torch.ones(size, size).triu(1).bool()
    return tensor.masked_fill(masked, -math.inf), masked


def loops(tensor, masked, side):
    """The pooled blocks by four loops, as (value, index) or (nan, -1)."""
    size = len(tensor)
    count = -(-size // side)
    values, cells = tensor.tolist(), masked.tolist()
    found = []
    for row in range(count):
        for column in range(count):
            best = None
            for i in range(row * side, min((row + 1) * side, size)):
                for j in range(column * side, min((column + 1) * side, size)):
                    better = best is None or abs(values[i][j]) > abs(values[best[0]][best[1]])
                    if not cells[i][j] and better:
                        best = (i, j)
            found.append((values[best[0]][best[1]], best[0] * size + best[1]) if best
                         else (math.nan, -1))  # fmt: skip
    return found


@pytest.mark.parametrize("size", SIZES)
def test_a_block_shows_its_largest_cell_in_size_and_says_which(size):
    tensor, masked = scores(size)
    matrix = reduce(tensor, masked)
    side = math.ceil(size / CELL_BLOCKS)
    assert matrix.blocks.side == side and len(matrix.blocks.values) <= CELL_BLOCKS
    expected = loops(tensor, masked, side)
    assert matrix.blocks.cells.flatten().tolist() == [cell for _, cell in expected]
    torch.testing.assert_close(
        matrix.blocks.values.flatten(), torch.tensor([v for v, _ in expected]), equal_nan=True,
        rtol=0, atol=0,
    )  # fmt: skip
    assert matrix.blocks.masked.flatten().tolist() == [cell < 0 for _, cell in expected]


@pytest.mark.parametrize("size", [65, 300, 515])
def test_the_picture_is_pooled_more_finely(size):
    tensor, masked = scores(size)
    picture = reduce(tensor, masked).picture
    assert CELL_BLOCKS // 2 < len(picture) <= PIXEL_BLOCKS
    expected = [value for value, _ in loops(tensor, masked, math.ceil(size / PIXEL_BLOCKS))]
    torch.testing.assert_close(picture.flatten(), torch.tensor(expected), equal_nan=True)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("start", [(0, 0), (3, 1), (10**6, 10**6)])
def test_a_window_holds_exact_cells_and_stays_inside(size, start):
    tensor, masked = scores(size)
    window = reduce(tensor, masked, start).window
    edge = min(size, WINDOW_TOKENS)
    assert window.values.shape == (edge, edge)
    assert window.query + edge <= size and window.key + edge <= size
    for i in range(edge):
        for j in range(edge):
            assert window.values[i, j] == tensor[window.query + i, window.key + j]
            assert window.masked[i, j] == (window.key + j > window.query + i)


@pytest.mark.parametrize("size", SIZES)
def test_row_extremes_and_masked_cells(size):
    tensor, masked = scores(size)
    query = size // 2
    matrix = reduce(tensor, masked, query=query)
    assert torch.equal(matrix.row, tensor[query])
    seen = [(tensor[i, j].item(), i, j) for i in range(size) for j in range(i + 1)]
    assert matrix.largest[0] == max(seen)[0] and matrix.largest in seen
    assert matrix.smallest[0] == min(seen)[0] and matrix.smallest in seen
    assert matrix.hidden == size * (size - 1) // 2
    assert matrix.most == max(abs(value) for value, _, _ in seen)


def test_up_to_64_tokens_every_cell_is_kept():
    tensor, masked = scores(64)
    assert torch.equal(reduce(tensor, masked).window_or_all().values, tensor)
    assert len(reduce(*scores(65)).window_or_all().values) == WINDOW_TOKENS


def test_nothing_is_pooled_for_a_tensor_that_no_chart_shows():
    matrix = reduce(*scores(65), charted=False)
    assert matrix.blocks is None and matrix.picture is None
    assert matrix.shape == (1, 65, 65)
