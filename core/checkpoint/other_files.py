"""What a file is that is no checkpoint, by its content, and what to do with it.

Sources: the magic numbers in each format's description; for torch.export torch's
`export/pt2_archive/constants.py`; for index files the transformers package, which writes them.
"""

import io
import json
import re
import tarfile
from collections.abc import Collection

from core.charts.byte_words import in_bytes
from core.checkpoint.contents import Limits, Refusal, printable
from core.settings.setting import shorten

NAMES_SHOWN = 6
CHECKPOINTS = (".pt", ".pth", ".bin", ".ckpt", ".safetensors", ".pkl", ".h5", ".pt2", ".onnx")
GET_THE_FILE = "Get the .pt, .pth, .bin or .safetensors file itself."
BY_START = {  # first bytes -> what it is and what to do
    b"GGUF": "a GGUF model of llama.cpp. The package `gguf` lists its tensors",
    b"ggml": "a model of an old llama.cpp, in the GGML format. Convert it to GGUF there",
    b"\x89HDF": "an HDF5 file, as Keras writes. The package `h5py` lists what is in it",
    b"\x93NUMPY": "one array of numpy. Read it with numpy.load",
    b"\xfd7zXZ": "compressed with xz. Unpack it, and upload what was in it",
    b"BZh": "compressed with bzip2. Unpack it, and upload what was in it",
    b"\x28\xb5\x2f\xfd": "compressed with zstd. Unpack it, and upload what was in it",
    b"7z\xbc\xaf": "a 7-Zip archive. Unpack it, and upload the checkpoint in it",
    b"Rar!": "a RAR archive. Unpack it, and upload the checkpoint in it",
    b"\x1f\x8b": "compressed with gzip. Unpack it with gunzip or tar, and upload what was in it",
    b"%PDF": f"a PDF document. {GET_THE_FILE}",
    b"\x89PNG": f"an image. {GET_THE_FILE}",
    b"\xff\xd8\xff": f"an image. {GET_THE_FILE}",
}
TAR_OF_TORCH = {"sys_info", "pickle", "storages", "tensors"}


def named(names: Collection[str], limits: Limits) -> str:
    shown = [shorten(printable(name, limits), 60) for name in list(names)[:NAMES_SHOWN]]
    more = f" and {len(names) - NAMES_SHOWN:,} more" if len(names) > NAMES_SHOWN else ""
    return ", ".join(shown) + more


def other_file(start: bytes, data: bytes, limits: Limits) -> Refusal | None:
    """What a file is that is neither a zip nor safetensors; None if it may be a pickle.

    start is its first 512 bytes, data as much of it as a text or a tar's table may have.
    """
    for first, what in BY_START.items():
        if start.startswith(first):
            return Refusal(f"This is no checkpoint of PyTorch: it is {what}.")
    if start.startswith(b"version https:"):
        return _lfs_pointer(data)
    if start[257:262] == b"ustar":
        return _tar(data, limits)
    text = start.lstrip(b"\xef\xbb\xbf \t\r\n")
    if text[:1] == b"<":
        what = "a web page" if re.search(rb"<(!doctype )?html", text[:400], re.I) else "markup"
        return Refusal(
            f"This is no checkpoint: it is {what}, perhaps of a download that asked for a login "
            "or a click. Download the file itself, by its direct link."
        )
    if text[:1] in (b"{", b"["):
        return _json(data, limits)
    return None


def _lfs_pointer(data: bytes) -> Refusal:
    size = re.search(rb"^size (\d{1,15})$", data[:1000], re.M)
    of = f", of a file of {in_bytes(int(size[1]))}" if size else ""
    return Refusal(
        f"This is a pointer of Git LFS{of}: a few lines of text in place of the file. Fetch the "
        "file itself with `git lfs pull`.",
        "git lfs install\ngit lfs pull",
    )


def _tar(data: bytes, limits: Limits) -> Refusal:
    names: list[str] = []
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
            for member in archive:
                if member.isfile():
                    names.append(member.name)
                if len(names) >= 1000:
                    break
    except (tarfile.TarError, ValueError, OverflowError, RecursionError):
        if not names:
            return Refusal("This is a broken tar archive. Download or pack it again.")
    if set(names) >= TAR_OF_TORCH:
        return Refusal(
            "This is a tar archive, as PyTorch wrote before version 0.1.10. torch.load(weights_only"
            "=True) does not read it. Load it where you trust it, and save it again.",
            'state = torch.load("model.tar", weights_only=False)  # runs what is in the file\n'
            'torch.save(state, "model.pt")',
        )
    models = [name for name in names if name.lower().endswith(CHECKPOINTS)]
    holds = f"It holds {named(models or names, limits)}. " if names else "It is empty. "
    return Refusal(
        f"This is a tar archive, not a checkpoint. {holds}Unpack it with `tar -xf`, and upload "
        "the checkpoint in it."
    )


def _json(data: bytes, limits: Limits) -> Refusal | None:
    try:
        value = json.loads(data[: limits.header_bytes].decode("utf-8"))
    except (ValueError, RecursionError):
        return None
    weights = value.get("weight_map") if isinstance(value, dict) else None
    if isinstance(weights, dict) and all(type(v) is str for v in weights.values()):
        shards = sorted(set(weights.values()))
        return Refusal(
            f"This is the index of a checkpoint in {len(shards):,} "
            f"{'file' if len(shards) == 1 else 'files'}: it says which of {len(weights):,} keys is "
            f"in which, and holds no tensor. Upload one of them: {named(shards, limits)}."
        )
    return Refusal(
        "This is JSON: text, such as a configuration, and no tensors. Upload the checkpoint that "
        "belongs to it."
    )


def other_zip(names: Collection[str], limits: Limits) -> Refusal | None:
    """What a zip is by the names of its records, if it is none of torch.save; None if it may be."""
    endings = {name.split("/", 1)[-1] for name in names}
    if "constants.pkl" in endings or any(name.startswith("code/") for name in endings):
        return Refusal(
            "This is a TorchScript program, which holds code. It has a state_dict: load it with "
            "torch.jit.load where you trust it, and save that.",
            'state = torch.jit.load("model.pt").state_dict()\ntorch.save(state, "state.pt")',
        )
    if "archive_format" in endings or "models/model.json" in endings:
        return Refusal(
            "This is a program of torch.export. Its tensors are in its state_dict: load it with "
            "torch.export.load, and save that.",
            "import torch\n\n"
            'program = torch.export.load("model.pt2")\n'
            'torch.save(dict(program.state_dict), "state.pt")',
        )
    if names and all(name.endswith(".npy") for name in names):
        return Refusal(
            f"These are arrays of numpy (.npz): {named([n[:-4] for n in names], limits)}. "
            "numpy.load reads them; save them as tensors to look at them here.",
            "import numpy\nimport torch\n\n"
            'arrays = numpy.load("arrays.npz")\n'
            "state = {key: torch.from_numpy(arrays[key]) for key in arrays.files}\n"
            'torch.save(state, "state.pt")',
        )
    if any(name.endswith("/.data/python_version") or "/.data/extern_" in name for name in names):
        return Refusal(
            "This is a package of torch.package, which holds code. Load it where you trust it with "
            "torch.package.PackageImporter, and save the model's state_dict."
        )
    models = [name for name in names if name.lower().endswith(CHECKPOINTS)]
    pickled = [name for name in names if name.rpartition("/")[2] == "data.pkl"]
    if models and not pickled:
        return Refusal(
            f"This is a zip that holds {named(models, limits)}. Unpack it, and upload that."
        )
    return None
