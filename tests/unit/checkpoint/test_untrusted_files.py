"""Hostile files end in a refusal or a table, in bounded time and memory, and do nothing else."""

import io
import json
import pickle
import struct
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest
import safetensors.torch
import torch
from hostile_corpus import pickles, zipped
from hypothesis import given, settings
from hypothesis import strategies as st

from core.checkpoint.checkpoint import Limits, Refusal, bundled, inspect, save
from core.device.simulated_device import register

CORPUS = Path(__file__).parent / "hostile_corpus.py"
TABLES = {  # what is odd, but harmless: a table is right
    "a bytearray of a terabyte, zipped",
    "names with markup",
    "names with markup, safetensors",
}


@pytest.fixture(scope="module")
def looked_into(tmp_path_factory):
    """What came of every file of the corpus, in a process and a folder of its own."""
    folder = tmp_path_factory.mktemp("hostile")
    canary = folder / "canary"
    done = subprocess.run(
        [sys.executable, CORPUS, canary], capture_output=True, text=True, cwd=folder, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), list(folder.iterdir())


def test_no_file_runs_a_command_or_writes_a_file(looked_into):
    assert looked_into[1] == []


def test_the_canary_would_have_been_seen(tmp_path):
    pickle.loads(pickles(str(tmp_path / "canary"))["os.system"])
    assert (tmp_path / "canary").exists()


def test_every_hostile_file_ends_in_a_refusal_or_a_harmless_table(looked_into):
    results = looked_into[0]["results"]
    assert len(results) > 100
    assert {name: came for name, came in results.items() if came[0] == "FAULT"} == {}
    assert {name for name, came in results.items() if came[0] == "table"} == TABLES


def test_a_refusal_is_a_sentence_that_says_what_to_do(looked_into):
    for name, (came, message, _) in looked_into[0]["results"].items():
        if came == "refused":
            assert message.endswith(".") and 30 < len(message) < 500, name
            assert "Traceback" not in message and "\n" not in message, name


def test_time_and_memory_are_bounded(looked_into):
    assert all(seconds < 20 for *_, seconds in looked_into[0]["results"].values())
    assert looked_into[0]["grown_mb"] < 500


@pytest.mark.parametrize(
    ("name", "imported"),
    [
        ("os.system", "`os.system`"),
        ("eval", "`builtins.eval`"),
        ("a chain of getattr", "`builtins.getattr`, `builtins.__import__`"),
        ("torch.hub", "`torch.hub.load`"),
        ("a computed import", "`os.system`"),
        ("a whole module", "`torch.nn.modules.linear.Linear`"),
    ],
)
@pytest.mark.parametrize("wrapped", ["bare", "zipped"])
def test_a_refused_pickle_says_what_it_wanted_to_import(looked_into, name, imported, wrapped):
    came, message, _ = looked_into[0]["results"][f"{name}, {wrapped}"]
    assert came == "refused" and f"It wants to import {imported}" in message


def test_pytorch_itself_refuses_what_is_refused_here_for_an_import(tmp_path):
    for name in ("os.system", "eval", "torch.hub", "a whole module"):
        data = zipped(pickles(str(tmp_path / "canary"))[name])
        with pytest.raises(Exception, match=r"[Ww]eights"):
            torch.load(io.BytesIO(data), weights_only=True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.filterwarnings("ignore:invalid escape sequence")  # Python's, of a damaged name
@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(bundled())), st.data())
def test_damaged_files_end_in_a_refusal_or_a_table(name, data):
    content = bytearray(bundled()[name])
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        assert inspect(bytes(content), name).entries is not None
    except Refusal as refusal:
        assert str(refusal)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300), st.sampled_from([b"", b"PK\x03\x04", b"\x80\x02", b"\x80\x04"]))
def test_any_bytes_end_in_a_refusal_or_a_table(data, start):
    try:
        inspect(start + data, "x.bin")
    except Refusal as refusal:
        assert str(refusal).endswith(".")


@pytest.mark.parametrize("length", range(100, 400))
def test_a_safetensors_file_is_known_whatever_its_headers_length_is(length):
    data = safetensors.torch.save({"w": torch.ones(2)})
    header = json.loads(data[8 : 8 + struct.unpack("<Q", data[:8])[0]])
    text = json.dumps(header).encode().ljust(length)
    found = inspect(struct.pack("<Q", len(text)) + text + data[-8:], "x.safetensors")
    assert (found.format, found.entries[0].shape) == ("safetensors", (2,))


@pytest.mark.parametrize("name", ["model.safetensors", "model.bin", "model.txt", "model"])
def test_a_misnamed_file_is_read_as_what_it_is_and_that_is_said(name):
    found = inspect(bundled()["attention_with_buffer.pt"], name)
    assert found.format == "torch zip" and len(found.entries) == 4
    assert bool(found.note) == name.endswith(".safetensors")


def test_each_limit_is_named_with_the_value():
    good = save({f"layer{i}": torch.ones(1) for i in range(20)})
    for limits, words in (
        (Limits(file_bytes=100), f"The file has {len(good):,} bytes; the limit is 100"),
        (Limits(entries=10), "10"),
        (Limits(unpacked_bytes=50), "the limit is 50"),
        (Limits(pickle_bytes=20), "the limit is 20"),
    ):
        with pytest.raises(Refusal, match=words):
            inspect(good, "x.pt", limits)


def test_keys_of_a_gigabyte_are_listed_without_reading_the_tensors(tmp_path):
    shape = [256, 1024, 1024]  # float32: exactly one GiB
    header = json.dumps(
        {"big": {"dtype": "F32", "shape": shape, "data_offsets": [0, 2**30]}}
    ).encode()
    file = tmp_path / "big.safetensors"
    with open(file, "wb") as out:
        out.write(struct.pack("<Q", len(header)) + header)
        out.truncate(8 + len(header) + 2**30)  # a hole: no disk is used
    tracemalloc.start()
    try:
        found = inspect(file)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert [(e.key, list(e.shape), e.nbytes) for e in found.entries] == [("big", shape, 2**30)]
    assert found.nbytes > 2**30 and peak < 2**20
    with pytest.raises(Refusal, match="the limit is"):
        inspect(file.read_bytes()[: 65 * 2**20], "big.safetensors")


def test_a_tag_of_a_device_that_is_not_here_is_shown():
    register()
    file = io.BytesIO()
    old_format = {"_use_new_zipfile_serialization": False}  # without a checksum to mend
    torch.save({"w": torch.ones(2, device="sim")}, file, **old_format)
    assert inspect(file.getvalue(), "x.pt").entries[0].device == "sim:0"
    other = file.getvalue().replace(b"sim:0", b"foo:7")
    assert inspect(other, "x.pt").entries[0].device == "foo:7"
