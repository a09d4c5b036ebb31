"""Small files that ask for much get a refusal or a table, soon, and in the memory that there is."""

import json
import subprocess
import sys
from pathlib import Path

import greedy_files
import pytest
from greedy_files import ONE_FLOAT, REBUILD, dict_of, text, zipped

from core.checkpoint.checkpoint import Refusal, inspect

TABLES = {  # odd, but PyTorch's own names and sizes: the table is short, and soon there
    "one long key under many",
    "one long key of many",
    "a key that unfolds",
    "keys of one hash",
    "a long number as a key",
    "text of surrogates as a key",
    "many calls",
}


@pytest.fixture(scope="module")
def came():
    """{name: ["table" | "refused" | "FAULT", entries or message, seconds]}, from another process"""
    program = Path(greedy_files.__file__)
    done = subprocess.run(
        [sys.executable, program], capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def test_the_limits_of_the_process_are_felt(came):
    assert came["a control that takes too much memory"][:2] == ["FAULT", "MemoryError()"]
    assert came["a control that takes too long"][:2] == ["FAULT", "TimeoutError()"]


def test_no_small_file_takes_much_time_or_memory(came):
    files = {name: what for name, what in came.items() if "control" not in name}
    assert len(files) > 30
    assert {name: what for name, what in files.items() if what[0] == "FAULT"} == {}
    assert {name for name, what in files.items() if what[0] == "table"} == TABLES


def test_each_refusal_is_a_sentence_without_the_insides_of_python(came):
    for name, (kind, message, _) in came.items():
        if kind == "refused":
            assert message.endswith(".") and len(message) < 400, name
            assert "object" not in message and "argument" not in message, name


def one_tensor(size=b"K\x01", stride=b"K\x01", offset=b"K\0", storage=ONE_FLOAT):
    """A zip of {"w": a tensor}, whose data is one float: 4 bytes."""
    tensor = REBUILD + b"(" + storage + offset + size + b"\x85" + stride + b"\x85\x89NtR"
    return zipped(dict_of(text("w") + tensor))


def test_a_tensor_that_fits_its_data_is_listed():
    (entry,) = inspect(one_tensor()).entries
    assert (entry.key, entry.shape, entry.nbytes) == ("w", (1,), 4)


@pytest.mark.parametrize(
    ("lie", "said"),
    [
        ({"size": b"K\x02"}, "reaches outside its storage"),
        ({"offset": b"K\x01"}, "reaches outside its storage"),
        ({"size": b"J\xff\xff\xff\xff"}, "impossible size"),
        ({"stride": b"J\xff\xff\xff\xff"}, "impossible stride"),
        ({"storage": ONE_FLOAT.replace(b"K\x01", b"K\x02")}, "should have 8 bytes, .* holds 4"),
        ({"storage": ONE_FLOAT.replace(b"\x000X", b"\x009X")}, "does not hold it"),
    ],
)
def test_a_tensor_that_lies_about_its_data_is_refused_with_the_lie(lie, said):
    with pytest.raises(Refusal, match=said):
        inspect(one_tensor(**lie))
