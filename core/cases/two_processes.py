"""A function run by two processes of one torch.distributed group on this machine."""

import inspect
import os
import socket
import subprocess
import sys
import tempfile

MEETS = """
import datetime, os, sys, torch
torch.distributed.init_process_group(
    "gloo", f"file://{sys.argv[2]}", datetime.timedelta(seconds=20),
    world_size=2, rank=int(sys.argv[1]),
)
"""
PARTS = """
sys.stdout.flush()
torch.distributed.barrier()
os._exit(0)  # at once: gloo's threads abort an orderly exit now and then
"""


def two_processes(program: str, seconds: int = 60) -> str:
    """Run a program as rank 0 and rank 1; returns what rank 1 printed.

    It gets its rank and the file where the two meet as arguments. Raises RuntimeError with the end
    of the complaint if rank 1 fails. None of the two is left behind.
    """
    loopback = [name for _, name in socket.if_nameindex() if name.startswith("lo")]
    environment = {**os.environ, "GLOO_SOCKET_IFNAME": ",".join(loopback), "OMP_NUM_THREADS": "1"}
    with tempfile.TemporaryDirectory() as folder:
        ranks = [
            subprocess.Popen(
                [sys.executable, "-c", program, rank, os.path.join(folder, "meeting")],
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
            )
            for rank in "01"
        ]  # fmt: skip
        try:
            printed, complaint = ranks[1].communicate(timeout=seconds)
        finally:
            for process in ranks:
                process.kill()
                process.communicate()
    if ranks[1].returncode:
        raise RuntimeError(complaint.strip().splitlines()[-1])
    return printed


def program(text: str, name: str) -> str:
    """A Python program that defines a function of a rank, and runs it in two processes."""
    ranks = f"{text}{MEETS}{name}(rank=int(sys.argv[1])){PARTS}"
    starts = inspect.getsource(two_processes)
    return (
        "import os\nimport socket\nimport subprocess\nimport sys\nimport tempfile\n\n"
        f"PROGRAM = '''\n{ranks}'''\n\n\n{starts}\n\n"
        'print(two_processes(PROGRAM), end="")\n'
    )
