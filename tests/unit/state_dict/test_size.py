"""What a persistent mask costs, against files that torch.save wrote and against arithmetic."""

import io
from functools import cache

import fresh_python
import pytest
import torch

from core.charts.byte_words import in_bytes
from core.code.files import as_script
from core.state_dict import size as price
from core.state_dict.reasons import shrinking_verdict
from core.state_dict.settings import STATE_DICT
from core.state_dict.size import (
    CONTEXT_LENGTHS,
    MAX_SAVED_BYTES,
    STORED_AS,
    is_built,
    layer,
    prices,
    saved_bytes,
)
from core.state_dict.take_home import size_script

LAYERS = [int(option) for option in STATE_DICT["layers"].options]
once = cache(prices)


@pytest.fixture(params=LAYERS)
def table(request):
    return once(request.param)


WAYS = (Float32Buffer, BoolBuffer, NonPersistentBuffer, NoStoredMask) = tuple(STORED_AS.values())


def name_of(variant):
    return next(name for name, other in STORED_AS.items() if other is variant)


def of(table, way):
    return {row.context_length: row for row in table if row.way == name_of(way)}


def test_the_four_ways_compute_the_same():
    x = torch.rand(2, 5, 3)
    layers = [layer(way, 8) for way in WAYS]
    weights = {f"W_{part}.weight": torch.ones(2, 3) for part in ("query", "key", "value")}
    for one in layers:
        one.load_state_dict(weights, strict=False)
    first, *others = (one(x) for one in layers)
    for other in others:
        torch.testing.assert_close(other, first)
    # a later token changes nothing before it
    x[:, 4] += 1
    torch.testing.assert_close(layers[0](x)[:, :4], first[:, :4])


def test_what_is_in_the_file_is_what_the_name_says():
    expected = {Float32Buffer: torch.float32, BoolBuffer: torch.bool}
    for way in WAYS:
        one = layer(way, 16)
        mask = one.state_dict().get("mask")
        assert (mask.dtype if mask is not None else None) == expected.get(way)
        assert len(list(one.buffers())) == (way is not NoStoredMask)


def test_counted_bytes_are_those_of_a_file_on_disk(tmp_path):
    model = torch.nn.Sequential(*(layer(BoolBuffer, 128) for _ in range(3)))
    torch.save(model.state_dict(), tmp_path / "model.pt")
    # torch.save names the records in a zip after the file; "archive" is the name in memory
    assert abs((tmp_path / "model.pt").stat().st_size - saved_bytes(BoolBuffer, 3, 128)) < 500


def test_every_way_and_length_is_there_once(table):
    assert len(table) == len(WAYS) * len(CONTEXT_LENGTHS) == len(set(table))
    assert {row.way for row in table} == set(STORED_AS)


def test_masks_take_four_bytes_a_pair_one_or_none(table):
    base = of(table, NoStoredMask)[64].bytes
    for way, size in ((Float32Buffer, 4), (BoolBuffer, 1), (NonPersistentBuffer, 0)):
        for length, row in of(table, way).items():
            masks = size * row.layers * length**2
            # names, shapes and padding: some hundred bytes a layer
            assert 0 <= row.bytes - base - masks <= max(400 * row.layers, masks / 1000), row


@pytest.mark.parametrize(
    "way, layers, length",
    [
        *((Float32Buffer, 1, 4096), (Float32Buffer, 12, 1024), (Float32Buffer, 48, 512)),
        *((BoolBuffer, 24, 1024), (BoolBuffer, 48, 1024), (NonPersistentBuffer, 24, 512)),
    ],
)
def test_a_computed_figure_agrees_with_really_saving(way, layers, length):
    row = of(once(layers), way)[length]
    assert not row.measured
    assert row.bytes == pytest.approx(saved_bytes(way, layers, length), rel=0.001)


def test_stacks_beyond_the_limit_are_never_built(monkeypatch):
    built = []
    real = price.saved_bytes
    monkeypatch.setattr(price, "saved_bytes", lambda *a: built.append(real(*a)) or built[-1])
    rows = prices(48)
    assert len(built) == sum(row.measured for row in rows)
    assert max(built) <= MAX_SAVED_BYTES * 1.01
    for way in WAYS:  # a slope needs two files
        assert sum(row.measured for row in of(rows, way).values()) >= 2
    assert is_built(Float32Buffer, 1, 2048) and not is_built(Float32Buffer, 1, 4096)
    assert is_built(NoStoredMask, 48, 4096) and not is_built(NonPersistentBuffer, 48, 4096)


def test_nobody_elses_random_numbers_are_drawn():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    prices(1)
    assert torch.equal(torch.rand(3), expected)


def test_the_answer_is_the_ratio_of_two_saved_files():
    table = once(12)
    answer = shrinking_verdict("4 times", table)
    right, text = answer.right, answer.text
    assert right and "That is what was saved" in text
    before, after = (saved_bytes(way, 12, 512) for way in (Float32Buffer, BoolBuffer))
    assert f"{in_bytes(before)} with float32 masks and {in_bytes(after)} with bool ones" in text
    answer = shrinking_verdict("32 times", table)
    wrong, text = answer.right, answer.text
    assert not wrong and "Saved: 4 times." in text


def test_the_chart_has_every_bar_and_marks_what_was_computed():
    spec = price.bytes_saved(once(12)).to_dict()
    bars = spec["data"]["values"]
    assert len(bars) == len(WAYS) * len(CONTEXT_LENGTHS)
    assert {bar["how"] for bar in bars} == {"measured", "computed"}
    assert "computed" in spec["encoding"]["strokeDash"]["condition"][0]["test"]


def test_the_code_runs_as_pasted_and_prints_what_was_measured(tmp_path):
    done = fresh_python.run(as_script(size_script(12).parts()), tmp_path)
    assert not done.stderr
    expected = [
        f"{row.context_length} {row.way}: {row.bytes:,} bytes"
        for length in (64, 128, 256)
        for row in once(12)
        if row.context_length == length
    ]
    assert done.stdout.splitlines() == expected


def test_a_file_that_was_counted_can_be_loaded():
    model = torch.nn.Sequential(layer(Float32Buffer, 8))
    file = io.BytesIO()
    torch.save(model.state_dict(), file)
    assert file.tell() == saved_bytes(Float32Buffer, 1, 8)
    assert set(torch.load(io.BytesIO(file.getvalue()))) == {
        "0.mask",
        *(f"0.W_{part}.weight" for part in ("query", "key", "value")),
    }
