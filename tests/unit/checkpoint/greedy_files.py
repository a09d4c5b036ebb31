"""Small files that ask for far more than their size: each makes one step cost as much as a million.

`hostile_corpus.py` has the files that want to run something; those here only want time and memory.
Run as a program, it prints as JSON what came of each: {name: ["refused", message, seconds]}. It
gives itself MEMORY bytes on top of what it has, and each file SECONDS.
"""

import io
import json
import resource
import signal
import struct
import sys
import time
import zipfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3]))

from core.checkpoint.checkpoint import Refusal, inspect

MEMORY, SECONDS = 1_500_000_000, 12
START, END = b"\x80\x02", b"."
REBUILD = b"ctorch._utils\n_rebuild_tensor_v2\n"
ONE_FLOAT = b"(X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\x000X\x03\0\0\0cpuK\x01tQ"


def text(value):
    return b"X" + struct.pack("<I", len(value)) + value.encode()


def long(value):
    data = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
    return b"\x8a" + bytes([len(data)]) + data


def put(name):
    return b"r" + struct.pack("<I", name)


def get(name):
    return b"j" + struct.pack("<I", name)


def dict_of(*pairs):
    return b"}(" + b"".join(pairs) + b"u"


def list_of(*items):
    return b"](" + b"".join(items) + b"e"


def doubled(levels, last=b"K\x01"):
    """Tuples of two times the same tuple: a few bytes that unfold to 2**levels."""
    return last + b"".join(put(i) + get(i) + b"\x86" for i in range(levels))


def zipped(pickled, method=zipfile.ZIP_STORED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        archive.writestr("archive/data.pkl", START + pickled + END)
        archive.writestr("archive/data/0", bytes(4))
    return file.getvalue()


def safetensors(header):
    return struct.pack("<Q", len(header)) + header


def row(shape=b"[0]", dtype=b'"U8"', offsets=b'"data_offsets"'):
    return b'{"dtype":%s,"shape":%s,%s:[0,0]}' % (dtype, shape, offsets)


def pickles():
    million = b"(" + b"K\0" * 1_000_000
    prime = 2**61 - 1  # whose multiples all have one hash
    nested_type = b"ctorch._tensor\n_rebuild_from_type_v2\n"
    return {
        "one long key under many": text("k" * 8_000_000)
        + put(0)
        + list_of(*[dict_of(get(0) + dict_of(get(0) + b"K\x01"))] * 20_000),
        "one long key of many": text("k" * 8_000_000)
        + put(0)
        + dict_of(*[text(str(i)) + dict_of(get(0) + ONE_FLOAT) for i in range(5_000)]),
        "a key that unfolds": dict_of(doubled(60) + b"K\x01"),
        "a value that unfolds": list_of(doubled(60)),
        "a device that unfolds": b"ctorch._utils\n_rebuild_device_tensor_from_cpu_tensor\n("
        + (REBUILD + b"(" + ONE_FLOAT + b"K\0K\x01\x85K\x01\x85\x89NtR")
        + (b"ctorch\nfloat32\n" + doubled(60) + b"\x89tR"),
        "many tensors of a million dimensions": million
        + b"t"
        + put(0)
        + list_of(*[REBUILD + b"(" + ONE_FLOAT + b"K\0" + get(0) * 2 + b"\x89NtR"] * 20_000),
        "many sizes of a million": b"]"
        + million
        + b"e"
        + put(0)
        + list_of(*[b"ctorch\nSize\n" + get(0) + b"\x85R"] * 20_000),
        "many dicts of a hundred thousand": b"]("
        + (b"N" * 2 + b"\x86") * 100_000
        + b"e"
        + put(0)
        + list_of(*[b"ccollections\nOrderedDict\n" + get(0) + b"\x85R"] * 20_000),
        "many storages of a million fields": million + b"t" + put(0) + (get(0) + b"Q") * 100_000,
        "a tensor made of itself": nested_type
        + put(0)
        + (b"(" + get(0) + b"N") * 20_000
        + b"(N"
        + b"t"
        + b"Nt" * 20_000
        + b"R",
        "a sparse tensor without a size": b"ctorch._utils\n_rebuild_sparse_tensor\nN]\x86R",
        "keys of one hash": dict_of(*[long(i * prime) + b"N" for i in range(1, 45_000)]),
        "a memo of one hash": b"N" + b"".join(b"p%d\n" % (i * prime) for i in range(100_000)),
        "three million lists": b"]" * 3_000_000,
        "a million tuples in tuples": b")" + b"\x85" * 1_000_000,
        "a million numbers, listed again and again": b"]"
        + million
        + b"e"
        + put(0)
        + list_of(*[get(0)] * 40_000),
        "a long number as a key": dict_of(long(10**600) + b"N"),
        "text of surrogates as a key": dict_of(b"X\x03\0\0\0\xed\xa0\x80" + b"N"),
        "many calls": b"ccollections\nOrderedDict\n" + put(0) + (get(0) + b")R") * 200_000,
    }


def files():
    found = {name: zipped(pickled) for name, pickled in pickles().items()}
    for method in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        found[f"a zip of method {method}"] = zipped(b"}", method)
    encrypted = bytearray(zipped(b"}"))
    encrypted[encrypted.find(b"PK\x01\x02") + 8] |= 1
    found["an encrypted zip"] = bytes(encrypted)
    escaped = row(offsets=rb'"data\u005foffsets"')
    headers = {
        "keys that hide their number": b"{%s}"
        % b",".join(b'"%d":%s' % (i, escaped) for i in range(100_000)),
        "a dtype of nested lists": b'{"w":%s}' % row(dtype=b"[" * 900 + b"]" * 900),
        "nested lists at the edge": b'{"w":%s}' % row(dtype=b"[" * 980 + b"]" * 980),
        "a shape of a million sizes": b'{"w":%s}' % row(shape=b"[%s0]" % (b"1," * 1_000_000)),
        "a size of five thousand digits": b'{"w":%s}' % row(shape=b"[%s]" % (b"9" * 5_000)),
        "a size of four thousand digits": b'{"w":%s}' % row(shape=b"[%s]" % (b"9" * 4_000)),
        "sixty large sizes": b'{"w":%s}' % row(shape=b"[%s1]" % (b"9000000000000000000," * 60)),
        "a size that is infinite": b'{"w":%s}' % row(shape=b"[Infinity]"),
        "two million lists": b'{"w":[%s[]]}' % (b"[]," * 2_000_000),
        "a header of bytes that are no text": b'{"\xff\xfe":1}',
    }
    return found | {f"{name}, safetensors": safetensors(text) for name, text in headers.items()}


def entries(data):
    return len(inspect(data, "model.pt").entries)


def look_into(data, look=entries, seconds=SECONDS):
    """["table" | "refused" | "FAULT", what it said, seconds]"""
    start = time.monotonic()
    signal.alarm(seconds)
    try:
        came = ["table", look(data)]
    except Refusal as refusal:
        came = ["refused", str(refusal)]
    except BaseException as error:
        came = ["FAULT", repr(error)[:200]]
    finally:
        signal.alarm(0)
    return [*came, time.monotonic() - start]


def main():
    def too_long(*_):
        raise TimeoutError

    signal.signal(signal.SIGALRM, too_long)
    made = files()
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    came = {name: look_into(data) for name, data in made.items()}
    came["a control that takes too much memory"] = look_into(2 * MEMORY, bytearray)
    came["a control that takes too long"] = look_into(5, time.sleep, seconds=1)
    print(json.dumps(came))


if __name__ == "__main__":
    main()
