"""Ctrl-C, forks, and what a process that registers `sim` keeps: each in a process of its own.

Oracles: the same code in a Python without `sim`; CUDA's message in torch/cuda/__init__.py.
"""

import sys

import fresh_python
import pytest

from core.code.script import module_source
from core.device.source import MODULES

REGISTER = f"namespace = {{'__name__': 'cell'}}\nexec({module_source(*MODULES)!r}, namespace)\n"
REGISTER += "namespace['register']()\n"


def run_python(code, tmp_path, fork=True):
    process = fresh_python.run(code, tmp_path, fork=fork)
    assert process.returncode == 0, process.stderr[-2000:]
    return process.stdout


INTERRUPTED = """
import os, signal, sys, threading, torch
from torch import nn
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in a shell's background ignores it
module = nn.Sequential(nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 4)).to("sim")
x = torch.rand(2, 4, device="sim")
sys.setswitchinterval(1e-5)
go, over = threading.Event(), False

def fail(gradient):
    raise ValueError("from a hook")

def backward_that_fails():
    y = module(x)
    y.register_hook(fail)
    try:
        y.sum().backward()
    except ValueError:
        return
    raise SystemExit("the hook's exception is lost")

def send():
    while True:
        go.wait()
        go.clear()
        if over:
            return
        os.kill(os.getpid(), signal.SIGINT)

sender = threading.Thread(target=send)
sender.start()
seen = 0
while seen < 100:
    try:
        go.set()
        while True:
            WORK
    except KeyboardInterrupt:
        seen += 1
over = True
go.set()
sender.join()
print("alive", seen)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="os.kill ends the process there")
@pytest.mark.parametrize(
    "work", ["module(x)", "module(x).sum().backward()", "backward_that_fails()"]
)
def test_ctrl_c_raises_and_never_ends_the_process(work, tmp_path):
    code = REGISTER + INTERRUPTED.replace("WORK", work)
    assert run_python(code, tmp_path, fork=work != "module(x)") == "alive 100\n"


def test_a_handler_of_the_users_own_stays(tmp_path):
    code = """
import signal, torch
def mine(number, frame): print("mine")
signal.signal(signal.SIGINT, mine)
x = torch.ones(2, device="sim", requires_grad=True)
(x * 2).sum().backward()
assert signal.getsignal(signal.SIGINT) is mine
signal.raise_signal(signal.SIGINT)
"""
    assert run_python(REGISTER + code, tmp_path) == "mine\n"


FORKED = """
import multiprocessing, torch
def use(connection, x):
    try:
        connection.send(str(x() if callable(x) else x + 1))
    except RuntimeError as error:
        connection.send(str(error))

def in_a_child(x, method="fork"):
    here, there = multiprocessing.get_context(method).Pipe()
    child = multiprocessing.get_context(method).Process(target=use, args=(there, x))
    child.start()
    answer = here.recv()
    child.join()
    return answer
"""
BAD_FORK = (
    "Cannot re-initialize sim in forked subprocess. To use sim with multiprocessing, you must use "
    "the 'spawn' start method\n"
)


@pytest.mark.skipif(sys.platform == "win32", reason="no fork there")
def test_memory_on_sim_cannot_be_used_in_a_fork(tmp_path):
    code = "x = torch.ones(2, device='sim')\nprint(in_a_child(x))\n"
    code += "print(in_a_child(lambda: torch.ones(2, device='sim')))\n"
    assert run_python(REGISTER + FORKED + code, tmp_path, fork=False) == BAD_FORK * 2


@pytest.mark.skipif(sys.platform == "win32", reason="no fork there")
def test_a_fork_before_the_first_use_may_use_sim(tmp_path):
    code = "print(in_a_child(lambda: torch.ones(2, device='sim').tolist()))\n"
    assert run_python(REGISTER + FORKED + code, tmp_path) == "[1.0, 1.0]\n"


@pytest.mark.skipif(sys.platform == "win32", reason="workers are spawned there")
def test_a_loaders_worker_says_it_instead_of_hanging(tmp_path):
    code = """
import torch
data = torch.utils.data.TensorDataset(torch.ones(4, device="sim"))
try:
    list(torch.utils.data.DataLoader(data, num_workers=1, multiprocessing_context="fork"))
except RuntimeError as error:
    print(str(error).strip().splitlines()[-1])
"""
    assert run_python(REGISTER + code, tmp_path) == "RuntimeError: " + BAD_FORK


SENT = """
import torch, torch.multiprocessing
from torch import nn

class Made(torch.utils.data.Dataset):
    def __len__(self):
        return 2

    def __getitem__(self, index):
        return torch.full((2,), float(index), device="sim")

def answer(requests, answers):
    for tensor in iter(requests.get, None):
        answers.put([str(tensor.device), type(tensor).__name__, tensor.requires_grad])
        answers.put(tensor.detach() * 2)

if __name__ == "__main__":
    context = torch.multiprocessing.get_context("spawn")
    requests, answers = context.Queue(), context.Queue()
    child = context.Process(target=answer, args=(requests, answers))
    child.start()
    x = torch.ones(2, device="sim")
    for tensor in (x, torch.ones(2, device="sim", requires_grad=True), nn.Parameter(x), x.cpu()):
        requests.put(tensor)
    for _ in range(4):
        words, twice = answers.get(timeout=60), answers.get(timeout=60)
        print(*words, twice.device, twice.tolist())
    requests.put(None)
    child.join()
    loader = torch.utils.data.DataLoader(Made(), num_workers=1, multiprocessing_context="spawn")
    for batch in loader:
        print(batch)
"""


def test_tensors_on_sim_go_to_other_processes_and_come_back(tmp_path):
    assert run_python(REGISTER + SENT, tmp_path).splitlines() == [
        "sim:0 Tensor False sim:0 [2.0, 2.0]",
        "sim:0 Tensor True sim:0 [2.0, 2.0]",
        "sim:0 Parameter True sim:0 [2.0, 2.0]",
        "cpu Tensor False cpu [2.0, 2.0]",
        "tensor([[0., 0.]], device='sim:0')",
        "tensor([[1., 1.]], device='sim:0')",
    ]


AS_BEFORE = {
    "benchmark": """
from torch.utils.benchmark import Timer
print(type(Timer("torch.ones(2) + 1").timeit(3)).__name__)
""",
    "DataParallel": """
module = torch.nn.DataParallel(torch.nn.Linear(2, 2))
print(module(torch.ones(1, 2)).device, module.device_ids)
""",
    "accelerator": """
print(torch.accelerator.is_available(), torch.accelerator.current_accelerator())
print(torch.accelerator.device_count())
for name in "synchronize current_stream current_device_index memory_allocated empty_cache".split():
    try:
        print(getattr(torch.accelerator, name)())
    except RuntimeError as error:
        print(error)
""",
    "process group": """
import torch.distributed as dist, tempfile
file = tempfile.NamedTemporaryFile()
dist.init_process_group(init_method=f"file://{file.name}", rank=0, world_size=1)
x = torch.ones(2)
dist.all_reduce(x)
print(dist.get_backend(), x)
dist.destroy_process_group()
""",
    "data": """
x = torch.nn.Parameter(torch.ones(2))
x.data = torch.zeros(2)
print(x, x.data, x.data.requires_grad)
try:
    x.data = 3
except TypeError as error:
    print(error)
""",
    "generator": """
print(torch.Generator().device, type(torch.Generator()), torch.Generator("cpu").initial_seed())
print(torch.rand(2, generator=torch.Generator().manual_seed(3)))
""",
    "checkpoint": """
from torch.utils.checkpoint import checkpoint
x = torch.ones(2, requires_grad=True)
checkpoint(torch.exp, x, use_reentrant=False).sum().backward()
print(x.grad)
""",
    "autocast": """
with torch.autocast("cpu", torch.bfloat16):
    print((torch.ones(2, 2) @ torch.ones(2, 2)).dtype)
""",
}


def test_the_cpu_does_what_it_did_before(tmp_path):
    start = "import torch, warnings\nwarnings.simplefilter('ignore')\n"
    code = "".join(f"print('{name}')\n{text}" for name, text in AS_BEFORE.items())
    expected = run_python(start + code, tmp_path)
    assert all(f"{name}\n" in expected for name in AS_BEFORE)
    assert run_python(start + REGISTER + code, tmp_path) == expected


def test_streams_and_events_of_sim_work(tmp_path):
    code = """
import torch
stream, event = torch.sim.Stream(), torch.sim.Event()
event.record(stream)
stream.wait_event(event)
torch.sim.current_stream().synchronize()
torch.sim.synchronize()
torch.sim.empty_cache()
torch.ones(2, device="sim").record_stream(stream)
print(stream.device, event.device)
"""
    assert run_python(REGISTER + code, tmp_path) == "sim:0 sim:0\n"


NUMBERS = """
import torch
module = torch.nn.Linear(2, 2)
for move in (lambda: torch.ones(2).to(0), lambda: torch.ones(2).to(device=0), lambda: module.to(0)):
    try:
        moved = move()
        print(next(moved.parameters()).device if moved is module else moved.device)
    except AssertionError as error:
        print(error)
print(torch.device(0), torch.ones(1, device=0).device, torch.ones(2).to("cpu", copy=True).tolist())
"""


def test_limit_a_number_as_a_device_means_sim_where_there_is_no_accelerator(tmp_path):
    """So `torch.arange(3, device=x.get_device())` finds x's device, as on CUDA."""
    assert run_python(REGISTER + NUMBERS, tmp_path) == "sim:0\n" * 3 + "sim:0 sim:0 [1.0, 1.0]\n"


def test_limit_a_number_in_to_means_cuda_where_there_is_one_but_not_elsewhere(tmp_path):
    """A machine with CUDA, as far as a machine without can be one: it asks CUDA, which is absent.

    What is left follows from PyTorch, which gives the slot's holder precedence."""
    has_cuda = "import torch\ntorch._C._accelerator_getAccelerator = lambda: torch.device('cuda')\n"
    absent = "Torch not compiled with CUDA enabled\n"
    found = run_python(has_cuda + REGISTER + NUMBERS, tmp_path)
    assert found == absent * 3 + "sim:0 sim:0 [1.0, 1.0]\n"


def test_limit_torch_compile_runs_eagerly_or_not_at_all(tmp_path):
    code = """
import torch
x = torch.ones(2, device="sim")
print(torch.compile(lambda x: x + 1, backend="eager")(x).tolist())
try:
    torch.compile(lambda x: x * 3)(x)
except Exception as error:
    print(type(error).__name__, "'sim'" in str(error))
"""
    assert run_python(REGISTER + code, tmp_path) == "[2.0, 2.0]\nInductorError True\n"
