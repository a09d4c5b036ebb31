"""Reading is bounded in time and in memory, and what goes to the page stays small."""

import io
import subprocess
import sys
import zipfile
from pathlib import Path

import psutil
import pytest
import torch

from core.checkpoint.checkpoint import Limits, Refusal, inspect, save
from core.checkpoint.reader import QUICK_BYTES, is_quick
from core.checkpoint.report import ROWS_SHOWN, compare_packed, look

ROOT = Path(__file__).parents[3]


def zip_of(pickled):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/data.pkl", pickled)
    return data.getvalue()


def test_a_pickle_that_takes_too_long_is_refused_with_the_limit():
    with pytest.raises(Refusal, match="more than 0 seconds"):
        inspect(save({"w": torch.ones(1)}), "x.pt", Limits(seconds=0))


@pytest.mark.skipif(not hasattr(psutil, "RLIMIT_AS"), reason="this system bounds no process")
def test_a_file_that_takes_too_much_memory_is_refused_with_the_limit():
    code = """
import io, torch, zipfile
from core.checkpoint import report
from core.checkpoint.checkpoint import save
lists = io.BytesIO()
with zipfile.ZipFile(lists, "w") as archive:
    archive.writestr("a/data.pkl", b"\\x80\\x02" + b"]" * 1_000_000 + b".")
for data in (lists.getvalue(), save({"w": torch.ones(12_000_000)}, "safetensors")):
    report.MEMORY_BYTES = 2**20
    print(report.look(print, data, "x"))
    report.MEMORY_BYTES = 2**30
    print(report.look(print, data, "x").keys)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr[-1000:]
    pt, keys, safetensors, other_keys = done.stdout.splitlines()
    assert "more than 1 MB of memory" in pt and "for want of memory" in safetensors
    assert keys == other_keys == "1"


def test_work_is_told_by_the_unpacked_size():
    tiny, small = zip_of(b"\x80\x02}."), zip_of(b"\x80\x02]" + b"N0" * QUICK_BYTES + b".")
    assert is_quick(tiny) and is_quick(save({"w": torch.ones(1)})) and len(small) < 1_000
    assert not is_quick(small)
    assert not is_quick(b"\x80\x02" + b"N0" * QUICK_BYTES)
    assert not is_quick(save({f"w{i}": torch.ones(1) for i in range(500)}))
    assert not is_quick(b"PK\x03\x04" + b"PK\x01\x02" * 1_000)


def test_a_report_has_few_rows_and_sums_over_all():
    state = {f"w{i}": torch.ones(2) for i in range(ROWS_SHOWN + 50)}
    report = look(None, save({**state, "late.mask": torch.ones(3, 3)}), "x.pt")
    assert len(report.contents.entries) == len(report.uses) == ROWS_SHOWN
    assert (report.keys, report.hinted, report.hinted_bytes) == (ROWS_SHOWN + 51, 1, 36)
    assert report.total.stored == 8 * (ROWS_SHOWN + 50) + 36
    other = look(None, save({"v": torch.ones(1)}), "y.pt")
    found = compare_packed(None, report.packed, other.packed, False)
    assert found.counts["missing"] == ROWS_SHOWN + 51
    assert len(found.differences.missing) == ROWS_SHOWN
