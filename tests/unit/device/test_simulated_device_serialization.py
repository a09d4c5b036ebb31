"""Saving and loading tensors on `sim`: as on a real device, device tag included."""

import copy
import io
import pickle

import fresh_python
import pytest
import safetensors.torch
import torch
from torch import nn

from core.device.simulated_device import count_copies, register

register()


def saved(value):
    file = io.BytesIO()
    torch.save(value, file)
    file.seek(0)
    return file


@pytest.fixture
def module():
    module = nn.Linear(3, 2)
    module.register_buffer("mask", torch.ones(3, 3).triu(1))
    return module


def test_a_file_saved_on_sim_loads_on_sim(module):
    state = torch.load(saved(module.to("sim").state_dict()), weights_only=True)
    assert {name: str(t.device) for name, t in state.items()} == {
        "weight": "sim:0",
        "bias": "sim:0",
        "mask": "sim:0",
    }
    assert all(type(t) is torch.Tensor for t in state.values())
    assert torch.equal(state["mask"].cpu(), torch.ones(3, 3).triu(1))


def test_the_file_carries_the_tag_of_the_device():
    assert b"sim:0" in saved(torch.ones(2, device="sim")).getvalue()


@pytest.mark.parametrize("map_location", ["cpu", torch.device("cpu"), {"sim:0": "cpu"}])
def test_map_location_brings_a_sim_file_to_the_cpu(map_location):
    x = torch.arange(6.0).view(2, 3)
    loaded = torch.load(saved(x.to("sim")), map_location=map_location, weights_only=True)
    assert loaded.device.type == "cpu"
    assert torch.equal(loaded, x)


@pytest.mark.parametrize("map_location", ["sim", "sim:0", torch.device("sim"), {"cpu": "sim:0"}])
def test_map_location_brings_a_cpu_file_to_sim(map_location):
    x = torch.arange(6.0).view(2, 3)
    loaded = torch.load(saved(x), map_location=map_location, weights_only=True)
    assert str(loaded.device) == "sim:0"
    assert torch.equal(loaded.cpu(), x)


def test_views_saved_together_share_memory_after_loading():
    x = torch.arange(6.0, device="sim")
    x, row = torch.load(saved([x, x[2:4]]), weights_only=True)
    row.zero_()
    assert x.tolist() == [0.0, 1.0, 0.0, 0.0, 4.0, 5.0]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.int64, torch.bool])
def test_dtypes_survive_a_file(dtype):
    x = torch.tensor([0, 1, 1]).to(dtype)
    loaded = torch.load(saved(x.to("sim")), weights_only=True)
    assert loaded.dtype == dtype
    assert torch.equal(loaded.cpu(), x)


def test_a_sim_file_is_readable_without_sim_on_the_cpu(tmp_path):
    torch.save({"mask": torch.arange(3.0, device="sim")}, tmp_path / "state.pt")
    code = "import torch; print(torch.load('state.pt', map_location='cpu'))"
    process = fresh_python.run(code, tmp_path)
    assert process.stdout.strip() == "{'mask': tensor([0., 1., 2.])}"


def test_a_sim_file_without_sim_and_without_map_location_is_refused(tmp_path):
    torch.save({"mask": torch.arange(3.0, device="sim")}, tmp_path / "state.pt")
    process = fresh_python.run("import torch; torch.load('state.pt')", tmp_path)
    assert process.returncode == 1
    assert "don't know how to restore data location" in process.stderr
    assert "(tagged with sim:0)" in process.stderr


def test_a_file_of_a_device_that_does_not_exist_is_refused():
    with pytest.raises(RuntimeError, match=r"device 3 but torch.sim.device_count\(\) is 1"):
        torch.load(saved(torch.ones(2)), map_location="sim:3", weights_only=True)


def test_an_optimizer_state_survives_a_file(module):
    module.to("sim")
    optimizer = torch.optim.Adam(module.parameters())
    module(torch.ones(1, 3, device="sim")).sum().backward()
    optimizer.step()
    state = torch.load(saved(optimizer.state_dict()), weights_only=True)
    fresh = torch.optim.Adam(module.parameters())
    fresh.load_state_dict(state)
    assert str(fresh.state[module.weight]["exp_avg"].device) == "sim:0"
    assert torch.equal(
        fresh.state[module.weight]["exp_avg"].cpu(),
        optimizer.state[module.weight]["exp_avg"].cpu(),
    )


def test_pickle_and_deepcopy_stay_on_sim():
    x = torch.arange(3.0, device="sim")
    for twin in (pickle.loads(pickle.dumps(x)), copy.deepcopy(x)):
        assert str(twin.device) == "sim:0"
        assert twin.tolist() == [0.0, 1.0, 2.0]
        twin.zero_()
    assert x.tolist() == [0.0, 1.0, 2.0]


@pytest.mark.parametrize("source, target", [("sim", "cpu"), ("cpu", "sim")])
def test_load_state_dict_copies_across_and_keeps_the_device(source, target):
    torch.manual_seed(0)
    giver, taker = nn.Linear(3, 2).to(source), nn.Linear(3, 2).to(target)
    kept = taker.weight
    with count_copies() as copies:
        taker.load_state_dict(giver.state_dict())
    assert taker.weight is kept
    assert taker.weight.device.type == target
    assert torch.equal(taker.weight.cpu(), giver.weight.cpu())
    assert sorted(c.nbytes for c in copies) == [8, 24]  # bias and weight in float32


def test_load_state_dict_with_assign_takes_the_device_of_the_file():
    taker = nn.Linear(3, 2)
    taker.load_state_dict(nn.Linear(3, 2).to("sim").state_dict(), assign=True)
    assert isinstance(taker.weight, nn.Parameter)
    assert str(taker.weight.device) == "sim:0"


def test_safetensors_saves_from_sim_and_loads_on_the_cpu(tmp_path):
    x = torch.arange(6.0).view(2, 3)
    safetensors.torch.save_file({"x": x.to("sim")}, tmp_path / "x.safetensors")
    from_file = safetensors.torch.load_file(tmp_path / "x.safetensors", device="cpu")["x"]
    from_bytes = safetensors.torch.load(safetensors.torch.save({"x": x.to("sim")}))["x"]
    for loaded in (from_file, from_bytes):
        assert loaded.device.type == "cpu"
        assert torch.equal(loaded, x)
        assert torch.equal(loaded.to("sim").cpu(), x)


def test_limit_safetensors_does_not_know_sim_and_says_so(tmp_path):
    safetensors.torch.save_file({"x": torch.ones(2)}, tmp_path / "x.safetensors")
    with pytest.raises(safetensors.SafetensorError, match="device sim is invalid"):
        safetensors.torch.load_file(tmp_path / "x.safetensors", device="sim")


def test_safetensors_save_model_and_load_model(tmp_path, module):
    safetensors.torch.save_model(module.to("sim"), str(tmp_path / "m.safetensors"))
    fresh = nn.Linear(3, 2)
    fresh.register_buffer("mask", torch.zeros(3, 3))
    fresh.to("sim")
    safetensors.torch.load_model(fresh, str(tmp_path / "m.safetensors"))
    assert torch.equal(fresh.weight.cpu(), module.weight.cpu())
    assert fresh.mask.tolist() == [[0.0, 1.0, 1.0], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0]]
