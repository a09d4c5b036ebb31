"""Bytes are counted once: the oracle are PyTorch's own storages, and a save that is run."""

import io

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from core.checkpoint.checkpoint import inspect
from core.checkpoint.clean_save import clean
from core.checkpoint.storage_use import count_bytes, storages


def saved(value):
    file = io.BytesIO()
    torch.save(value, file)
    return file.getvalue()


def entries(state):
    return inspect(saved(state), "x.pt").entries


def read_bytes(state):
    """How many bytes the tensors read: each is set to 1 in a copy of its storage."""
    marks = {}
    for tensor in state.values():
        storage = tensor.untyped_storage()
        own = marks.setdefault(storage.data_ptr(), torch.zeros(storage.nbytes(), dtype=torch.uint8))
        part = own.view(tensor.dtype if tensor.dtype.itemsize > 1 else torch.uint8)
        if tensor.numel():
            part.view(getattr(torch, f"uint{tensor.dtype.itemsize * 8}")).as_strided(
                tensor.size(), tensor.stride(), tensor.storage_offset()
            ).fill_(1)
    return sum(int(m.view(torch.uint32).ne(0).sum()) * 4 for m in marks.values())


BASE = torch.randn(30, 40)
STATES = {
    "one mask, twelve names": {f"{i}.mask": BASE for i in range(12)},
    "a slice": {"w": torch.ones(1024, 1024)[:6, :6]},
    "expanded": {"w": torch.ones(1).expand(1000, 1000)},
    "a row, expanded": {"w": BASE[3].expand(50, 40)},
    "parts and the whole": {"qkv": BASE, "q": BASE[:10], "k": BASE[10:20], "v": BASE[20:]},
    "every other column": {"a": BASE[:, ::2], "b": BASE[:, 1::4]},
    "transposed": {"t": BASE.t()},
    "windows": {"u": torch.arange(100.0).unfold(0, 10, 1)},
    "nothing": {"n": BASE[0:0]},
    "overlapping": {"x": BASE[:, :3], "y": BASE[5:, :3]},
    "apart": {"a": torch.ones(3), "b": torch.ones(4)},
}


@pytest.mark.parametrize("name", STATES)
def test_what_is_stored_read_and_kept(name):
    state = STATES[name]
    found = count_bytes(entries(state))
    own = {t.untyped_storage().data_ptr(): t.untyped_storage().nbytes() for t in state.values()}
    assert found.tensors == sum(t.nbytes for t in state.values())
    assert found.stored == sum(own.values())
    assert found.used == read_bytes(state)
    again = clean(state)
    assert found.clean == count_bytes(entries(again)).stored <= found.stored
    assert all(torch.equal(again[key], tensor) for key, tensor in state.items())


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_any_views_of_one_storage_are_counted_as_they_read_it(data):
    base = torch.arange(60, dtype=torch.int32)
    state = {}
    for number in range(data.draw(st.integers(1, 4))):
        size = data.draw(st.lists(st.integers(0, 4), max_size=3))
        stride = [data.draw(st.integers(0, 6)) for _ in size]
        last = sum((n - 1) * step for n, step in zip(size, stride, strict=True) if n)
        offset = data.draw(st.integers(0, max(59 - last, 0)))
        state[str(number)] = base.as_strided(size, stride, offset)
    found = count_bytes(entries(state))
    assert found.used == read_bytes(state)
    assert found.clean <= found.stored == 240


def test_what_is_shared_is_named():
    (use,) = storages(entries(STATES["one mask, twelve names"]))
    assert len(use.keys) == 12 and use.nbytes == 4800
    found = count_bytes(entries({f"{i}.mask": torch.ones(1024, 1024).tril() for i in range(1)}))
    assert found.stored == found.used == 4 * 2**20


def test_many_small_pieces_are_counted_in_bounded_time():
    base = torch.ones(4_000_000)
    found = count_bytes(entries({"a": base[::2], "b": base[::3]}))
    assert found.used <= found.stored == 16_000_000
