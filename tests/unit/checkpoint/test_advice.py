"""What a refusal advises works: each piece of code is run on the file that it is given for."""

import argparse
import datetime
import io
import json
import pickle
import re
import tarfile
import warnings
import zipfile
from pathlib import Path

import fresh_python
import numpy as np
import pytest
import safetensors.torch
import torch
from torch import nn

from core.checkpoint.checkpoint import Refusal, inspect, save
from core.checkpoint.clean_save import program
from core.checkpoint.reasons import refused_imports

ROOT = Path(__file__).parents[3]


def saved(value, **options):
    file = io.BytesIO()
    torch.save(value, file, **options)
    return file.getvalue()


def refusal(data, name="x.pt"):
    with pytest.raises(Refusal) as caught:
        inspect(data, name)
    return caught.value


def run(code, folder):
    """Run a program in a fresh Python in a folder; its last line of output."""
    done = fresh_python.run(code, folder)
    assert done.returncode == 0, done.stderr[-1500:]
    return done.stdout.strip()


BESIDE = {
    "numpy scalars": {"best": np.float64(0.5), "steps": np.int64(3), "half": np.float16(1)},
    "a numpy array": {"history": np.ones(3), "names": np.array(["a", "b"])},
    "a Namespace": {"args": argparse.Namespace(lr=0.1, layers=[1, 2])},
    "a date": {"when": datetime.datetime(2024, 1, 2)},
    "a path": {"where": Path("a/b")},
    "two of them": {"args": argparse.Namespace(lr=np.float32(1)), "day": datetime.date(2024, 1, 2)},
}


MAKE = """
import torch, torch.distributed as dist
dist.init_process_group("gloo", rank=0, world_size=1, store=dist.HashStore())
from torch.distributed.tensor import DeviceMesh, Shard, distribute_tensor
tensor = distribute_tensor(torch.ones(4, 2), DeviceMesh("cpu", [0]), [Shard(0)])
torch.save({"w": tensor}, "dtensor.pt")
parts = [torch.ones(2, 4), torch.ones(3, 4)]
jagged = torch.nested.nested_tensor(parts, layout=torch.jagged)
torch.save({"w": jagged}, "jagged.pt")
"""
FAILS = """
try:
    torch.load("{name}.pt")
except pickle.UnpicklingError:
    pass
else:
    raise AssertionError("{name}")
"""


def old_numpy():
    """A file with a number of numpy as numpy wrote it before version 2."""
    pickled = pickle.dumps({"weight": torch.Size([1]), "a": np.float64(1)}, 2)
    pickled = pickled.replace(b"numpy._core.multiarray", b"numpy.core.multiarray")
    return zip_of(**{"a/data.pkl": pickled, "a/version": b"3\n", "a/byteorder": b"little"})


def test_what_is_advised_loads_the_file_in_a_fresh_python(tmp_path):
    """Two processes for all files, since each import of torch takes seconds."""
    run(MAKE, tmp_path)
    code = ["import pickle\nimport torch"]
    for name, beside in BESIDE.items():
        (tmp_path / f"{name}.pt").write_bytes(saved({"weight": torch.ones(2), **beside}))
    (tmp_path / "old numpy.pt").write_bytes(old_numpy())
    for name in (*BESIDE, "old numpy", "dtensor", "jagged"):
        found = refusal((tmp_path / f"{name}.pt").read_bytes())
        assert "state_dict()" not in str(found) and "Save plain tensors" not in str(found)
        code += [FAILS.format(name=name), found.code.replace("model.pt", f"{name}.pt"), "del state"]
    run("\n".join(code), tmp_path)


def test_the_names_to_allow_are_the_ones_that_are_needed():
    for beside in BESIDE.values():
        data = saved({"weight": torch.ones(2), **beside})
        found = refusal(data)
        assert "These hold data beside the tensors" in str(found)
        names = re.findall(r"^    ([\w.]+),$", found.code, re.M)
        needed = torch.serialization.get_unsafe_globals_in_checkpoint(io.BytesIO(data))
        assert {n for n in names if not n.startswith("numpy.dtypes.")} == set(needed)
    old = refusal(old_numpy()).code
    assert '(numpy._core.multiarray.scalar, "numpy.core.multiarray.scalar")' in old


def test_dtensors_and_jagged_tensors_are_named_for_what_they_are():
    names = ["torch.distributed.tensor.DTensor", "torch.distributed.device_mesh.DeviceMesh"]
    assert "DTensors" in str(refused_imports(names))
    assert "jagged" in str(refused_imports(["torch._dynamo.decorators._DimRange"]))


def here(code, folder, monkeypatch):
    """Run a program in this process, in a folder."""
    monkeypatch.chdir(folder)
    exec(f"import torch\n{code}", {})


@pytest.mark.filterwarnings("ignore:.torch.jit:DeprecationWarning")
def test_a_torchscript_archive_has_a_state_dict(tmp_path, monkeypatch):
    module = torch.jit.trace(nn.Linear(2, 2), torch.ones(1, 2))
    torch.jit.save(module, tmp_path / "model.pt")
    found = refusal((tmp_path / "model.pt").read_bytes())
    assert "TorchScript" in str(found)
    here(found.code, tmp_path, monkeypatch)
    assert {e.key for e in inspect(tmp_path / "state.pt").entries} == {"weight", "bias"}


def test_a_program_of_torch_export_has_a_state_dict(tmp_path, monkeypatch):
    program = torch.export.export(nn.Linear(2, 2), (torch.ones(1, 2),))
    torch.export.save(program, tmp_path / "model.pt2")
    found = refusal((tmp_path / "model.pt2").read_bytes(), "model.pt2")
    assert "torch.export" in str(found)
    here(found.code, tmp_path, monkeypatch)
    assert {e.key for e in inspect(tmp_path / "state.pt").entries} == {"weight", "bias"}


def test_a_whole_module_is_loaded_once_where_it_is_trusted(tmp_path, monkeypatch):
    model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    torch.save(model, tmp_path / "model.pt")
    found = refusal((tmp_path / "model.pt").read_bytes())
    assert "a whole module" in str(found)
    here(found.code, tmp_path, monkeypatch)
    assert len(inspect(tmp_path / "state.pt").entries) == len(model.state_dict())


def test_a_module_of_an_own_class_is_known_by_what_it_holds():
    class Own(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("mask", torch.ones(2))

    globals()["Own"] = Own
    Own.__qualname__ = "Own"
    assert "a whole module" in str(refusal(saved(Own())))


def test_a_lazy_modules_state_needs_a_forward_first():
    lazy = nn.Sequential(nn.LazyLinear(3), nn.LazyBatchNorm1d())
    found = refusal(saved(lazy.state_dict()))
    assert "Call the module once" in str(found)
    lazy(torch.ones(2, 4))
    assert inspect(saved(lazy.state_dict())).entries


def test_a_state_that_pickle_wrote_is_named():
    found = refusal(pickle.dumps({"w": torch.ones(1)}, 2))
    assert "pickle.dump" in str(found)


def test_a_sharded_checkpoint_can_be_turned_into_one_file(tmp_path, monkeypatch):
    distributed = pytest.importorskip("torch.distributed.checkpoint")
    state = {"w": torch.ones(3), "model": {"b": torch.ones(2)}}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a save without a process group
        distributed.save(state, checkpoint_id=tmp_path / "folder")
        found = [refusal(file.read_bytes(), file.name) for file in (tmp_path / "folder").iterdir()]
        assert len(found) == 2
        assert all("torch.distributed.checkpoint" in str(one) for one in found)
        here(found[0].code, tmp_path, monkeypatch)
    assert {e.key for e in inspect(tmp_path / "model.pt").entries} == {"w", "model.b"}


def test_what_pickle_wrote_can_be_saved_by_torch(tmp_path, monkeypatch):
    (tmp_path / "model.pkl").write_bytes(pickle.dumps({"w": torch.ones(1)}, 2))
    code = refusal((tmp_path / "model.pkl").read_bytes()).code
    here(f"import pickle\n{code}", tmp_path, monkeypatch)
    assert [e.key for e in inspect(tmp_path / "model.pt").entries] == ["w"]


def test_a_dangerous_import_gets_no_recipe():
    found = refusal(b"\x80\x02cposix\nsystem\nX\x02\x00\x00\x00id\x85R.")
    assert "Delete it" in str(found) and not found.code


# -------------------------------------------------------------------------- other files


def tar_of(**files):
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name.replace("__", "."))
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return data.getvalue()


def zip_of(**files):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "."), content)
    return data.getvalue()


def npz():
    data = io.BytesIO()
    np.savez(data, weight=np.ones(2), mask=np.ones(3))
    return data.getvalue()


SHARDS = {"metadata": {}, "weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"}}
OTHERS = {
    "a tar": (tar_of(model__pt=save({"w": torch.ones(1)}), notes__txt=b"x"), "`model.pt`"),
    "a tar of old PyTorch": (
        tar_of(sys_info=b"x", pickle=b"x", storages=b"x", tensors=b"x"), "before version 0.1.10"),
    "an npz": (npz(), "numpy.load"),
    "a zip of a model": (zip_of(model__safetensors=b"x", readme__md=b"y"), "`model.safetensors`"),
    "an index": (json.dumps(SHARDS).encode(), "`model-1.safetensors`, `model-2.safetensors`"),
    "other JSON": (b'{"hidden_size": 3}', "configuration"),
    "GGUF": (b"GGUF\x03\0\0\0" + bytes(100), "llama.cpp"),
    "a pointer": (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 123456\n",
                  "of a file of 123 kB"),
    "HTML": (b"<!DOCTYPE html><html><body>Sign in</body></html>", "web page"),
    "HTML after a mark": (b"\xef\xbb\xbf\n <html></html>", "web page"),
    "gzip": (b"\x1f\x8b\x08" + bytes(20), "gunzip"),
    "HDF5": (b"\x89HDF\r\n\x1a\n" + bytes(20), "h5py"),
    "numpy": (b"\x93NUMPY\x01\0" + bytes(200), "numpy.load"),
    "nothing": (b"", "0 bytes"),
}  # fmt: skip


@pytest.mark.parametrize("name", OTHERS)
def test_another_file_is_named_with_what_to_do(name):
    data, word = OTHERS[name]
    for called in ("x.pt", "x", "checkpoint.pth.tar"):
        said = str(refusal(data, called))
        assert word in said and said.endswith(".") and len(said) < 400


def test_an_npz_can_be_saved_as_tensors(tmp_path, monkeypatch):
    (tmp_path / "arrays.npz").write_bytes(npz())
    here(refusal(npz(), "arrays.npz").code, tmp_path, monkeypatch)
    assert {e.key for e in inspect(tmp_path / "state.pt").entries} == {"weight", "mask"}


# ------------------------------------------------------------------- what loading needs


def test_a_file_of_a_gpu_needs_map_location():
    data = saved({"w": torch.ones(2)}, _use_new_zipfile_serialization=False)
    data = data.replace(b"X\x03\x00\x00\x00cpu", b"X\x06\x00\x00\x00cuda:7")
    with pytest.raises(RuntimeError, match="deserialize object on"):
        torch.load(io.BytesIO(data))
    (note,) = inspect(data, "x.pt").notes
    assert "`cuda:7`" in note and 'map_location="cpu"' in note
    assert torch.load(io.BytesIO(data), map_location="cpu")["w"].tolist() == [1, 1]


@pytest.mark.parametrize(
    "dtype", [torch.uint16, torch.uint32, torch.float8_e4m3fn, torch.float8_e5m2], ids=str
)
def test_dtypes_that_the_old_format_does_not_give_back_are_listed_and_named(dtype):
    data = saved({"w": torch.ones(2).to(dtype)}, _use_new_zipfile_serialization=False)
    with pytest.raises(AttributeError):
        torch.load(io.BytesIO(data))
    found = inspect(data, "x.pt")
    assert f"torch.{found.entries[0].dtype}" == str(dtype) and found.entries[0].shape == (2,)
    assert "does not read them back" in found.notes[0]
    assert not inspect(saved({"w": torch.ones(2).to(dtype)}), "x.pt").notes


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested:UserWarning")
def test_a_nested_tensor_is_a_tensor():
    nested = torch.nested.nested_tensor([torch.ones(2, 4), torch.ones(3, 4)])
    data = saved({"n": nested})
    loaded = torch.load(io.BytesIO(data), weights_only=True)["n"]
    (entry,) = inspect(data, "x.pt").entries
    assert entry.is_tensor and entry.dtype == "float32 (nested)"
    assert len(entry.shape) == loaded.dim() and entry.shape[0] == loaded.size(0)
    assert entry.nbytes == loaded.nbytes


def test_safetensors_by_the_package_keeps_the_headers_order():
    state = {name: torch.ones(2) for name in "zmabq"}
    data = safetensors.torch.save(state)
    order = list(json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")]))
    assert [e.key for e in inspect(data, "x.safetensors").entries] == order


def test_the_clean_save_on_the_page_is_what_the_tests_run(tmp_path, monkeypatch):
    torch.save({"w": torch.ones(100, 100)[:6, :6]}, tmp_path / "model.pt")
    here(program(), tmp_path, monkeypatch)
    assert (tmp_path / "clean.pt").stat().st_size < 3_000
