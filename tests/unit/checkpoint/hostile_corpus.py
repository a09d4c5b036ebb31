"""Files that nobody should trust, made on the spot: `corpus(canary)` maps a name to its bytes.

Run as a program it looks into each one, and prints what came of it, as JSON: used by the tests in
a process of its own, so that what a file does to memory or to the disk can be measured.
"""

import io
import json
import os
import pickle
import random
import resource
import struct
import sys
import time
import zipfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3]))

import torch

from core.checkpoint.checkpoint import Refusal, bundled, inspect, save


class Calls:
    """Pickles to a call of function(*arguments)."""

    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


def zipped(pickled, folder="archive", **members):
    """A zip as torch.save makes it, around a pickle of one's own."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(f"{folder}/data.pkl", pickled)
        for name, data in {"version": b"3\n", **members}.items():
            archive.writestr(f"{folder}/{name}", data)
    return file.getvalue()


def stack_global(module, name, argument):
    """A pickle that computes its import: protocol 4, STACK_GLOBAL."""
    text = b"\x80\x04"
    for piece in (module, name):
        text += b"\x8c" + bytes([len(piece)]) + piece.encode()
    return text + b"\x93\x8c" + bytes([len(argument)]) + argument.encode() + b"\x85R."


def safetensors(header, data=b"", length=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def tensor_header(dtype="F32", shape=(2,), start=0, end=8):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [start, end]}


def pickles(canary):
    command = f"touch {canary}"
    module = torch.nn.Linear(1, 1)
    chain = b"cbuiltins\ngetattr\n(cbuiltins\n__import__\n(S'os'\ntRS'system'\ntR(S'%s'\ntR."
    return {
        "os.system": pickle.dumps(Calls(os.system, command), 2),
        "os.system, protocol 0": pickle.dumps(Calls(os.system, command), 0),
        "os.system, protocol 5": pickle.dumps(Calls(os.system, command), 5),
        "eval": pickle.dumps(Calls(eval, f"open({canary!r}, 'w')"), 2),
        "exec in a dict": pickle.dumps({"w": Calls(exec, f"open({canary!r}, 'w')")}, 2),
        "a chain of getattr": chain % command.encode(),
        "torch.hub": b"\x80\x02ctorch.hub\nload\nX\x03\x00\x00\x00x/y\x85R.",
        "a computed import": stack_global("os", "system", command),
        "INST": b"(S'%s'\nios\nsystem\n." % command.encode(),
        "OBJ": b"(cos\nsystem\nS'%s'\no." % command.encode(),
        "a whole module": pickle.dumps(module, 2),
        "a bytearray of a terabyte": b"\x80\x02c__builtin__\nbytearray\n\x8a\x06"
        + (10**12).to_bytes(6, "little")
        + b"\x85R.",
        "a hundred thousand lists in lists": b"\x80\x02" + b"]" * 100_000 + b"a" * 99_999 + b".",
        "a list in itself": b"\x80\x02]q\x00h\x00a.",
        "a dict of doubling dicts": b"\x80\x02}q\x00"
        + b"".join(
            b"}q" + bytes([i]) + b"(X\x01\x00\x00\x00ah" + bytes([i - 1]) + b"X\x01\x00\x00\x00bh"
            + bytes([i - 1]) + b"u" for i in range(1, 60)
        )
        + b".",
        "no end": b"\x80\x02]",
        "nothing to pop": b"\x80\x020000.",
        "a memo that is not there": b"\x80\x02h\x07.",
    }  # fmt: skip


def corpus(canary):
    """{name: bytes} of every hostile file; the canary is a path that none may create."""
    files = {}
    for name, pickled in pickles(canary).items():
        files[f"{name}, bare"] = pickled
        files[f"{name}, zipped"] = zipped(pickled)
    good = bundled()
    for name in ("attention_with_buffer.pt", "attention_with_buffer.safetensors"):
        data = good[name]
        for tenth in range(10):
            files[f"{name}, {tenth} tenths"] = data[: len(data) * tenth // 10]
    legacy = io.BytesIO()
    torch.save({"w": torch.ones(3)}, legacy, _use_new_zipfile_serialization=False)
    for tenth in range(10):
        files[f"legacy, {tenth} tenths"] = legacy.getvalue()[: len(legacy.getvalue()) * tenth // 10]
    chance = random.Random(0)
    for size in (1, 8, 100, 10_000, 1_000_000):
        files[f"{size} random bytes"] = chance.randbytes(size)
        files[f"{size} random bytes like a zip"] = b"PK\x03\x04" + chance.randbytes(size)
        files[f"{size} random bytes like a pickle"] = b"\x80\x02" + chance.randbytes(size)
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02}.")
        archive.writestr("archive/data/0", bytes(200_000_000))
    files["a zip bomb"] = bomb.getvalue()
    many = io.BytesIO()
    with zipfile.ZipFile(many, "w") as archive:
        for i in range(60_000):
            archive.writestr(f"a/{i}", b"")
    files["a zip of sixty thousand records"] = many.getvalue()
    files["a zip without a pickle"] = zipped(b"").replace(b"data.pkl", b"data.pkk")
    million = {f"k{i}": {"dtype": "U8", "shape": [0], "data_offsets": [0, 0]} for i in range(10**5)}
    files["a hundred thousand keys, safetensors"] = safetensors(million)
    items = b"".join(b"X\x06\x00\x00\x00%06dK\x01" % i for i in range(10**6))
    files["a million keys, pickle"] = zipped(b"\x80\x02}(" + items + b"u.")
    lies = {
        "beyond the end": tensor_header(end=800),
        "backwards": tensor_header(start=8, end=0),
        "negative": tensor_header(start=-8, end=0),
        "of another size": tensor_header(shape=(3,)),
        "of an endless shape": tensor_header(shape=(2**40, 2**40)),
        "of no dtype": tensor_header(dtype="F99"),
        "of a float shape": {**tensor_header(), "shape": [2.0]},
        "of a true shape": {**tensor_header(), "shape": [True, 2]},
        "of text": "hello",
        "of nothing": {},
    }
    for name, header in lies.items():
        files[f"safetensors {name}"] = safetensors({"w": header}, bytes(8))
    both = {"a": tensor_header(), "b": tensor_header(start=4, end=12)}
    files["safetensors that overlap"] = safetensors(both, bytes(12))
    files["safetensors with a hole"] = safetensors({"a": tensor_header(start=4, end=12)}, bytes(12))
    files["safetensors with a long header"] = safetensors({}, length=2**63)
    files["safetensors with a short header"] = safetensors({"w": tensor_header()}, length=3)
    files["safetensors nested deep"] = safetensors(b'{"a":' * 50_000 + b"1" + b"}" * 50_000)
    files["safetensors of a list"] = safetensors(b'[{"a": 1}]   ')
    files["safetensors with one key twice"] = safetensors(
        b'{"w": {"dtype":"U8","shape":[0],"data_offsets":[0,0]},'
        b'"w": {"dtype":"U8","shape":[0],"data_offsets":[0,0]}}'
    )
    markup = {"<img src=x onerror=alert(1)>": torch.ones(1), "![x](y)\n# h\x1b[31m": torch.ones(1)}
    files["names with markup"] = save(markup)
    files["names with markup, safetensors"] = save(markup, "safetensors")
    files["a web page"] = b"<!doctype html><html></html>"
    files["a pointer of Git LFS"] = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n"
    files["nothing at all"] = b""
    return files


def main(canary):
    results = {}
    files = corpus(canary)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for name, data in files.items():
        start = time.monotonic()
        try:
            contents = inspect(data, "model.pt")
            came = ["table", [entry.key for entry in contents.entries[:3]]]
        except Refusal as refusal:
            came = ["refused", str(refusal)]
        except BaseException as error:
            came = ["FAULT", repr(error)[:300]]
        results[name] = [*came, time.monotonic() - start]
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"results": results, "grown_mb": (after - before) / 1024}))


if __name__ == "__main__":
    main(sys.argv[1])
