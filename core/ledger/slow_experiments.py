"""The ledger's slow experiments: torch.export, torch.compile, and two processes under DDP.

Each takes seconds, so a worker runs them. The first two have the form of those in
core.ledger.experiments. Those under DDP also take their rank and run in both processes at once.
"""

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import threading
from datetime import timedelta

import torch


def role_in_export(Way):
    program = torch.export.export(Way(torch.ones(3)), (torch.ones(3),))
    for spec in program.graph_signature.input_specs:
        if spec.target not in ("weight", None):  # None: what the caller passes in
            role = spec.kind.name.lower().removesuffix("_tensor")
            unsaved = "unsaved " if spec.persistent is False else ""
            return unsaved + role, f"{spec.kind.name}, named {spec.target}"
    return None


def under_compile(Way):
    graphs = []

    def look(graph, inputs):  # a backend that compiles nothing: no C++ compiler takes part
        graphs.append(inputs)
        return graph.forward

    torch.compiler.reset()
    module = Way(torch.ones(3))
    compiled = torch.compile(module, backend=look)
    compiled(torch.ones(3))
    mask = module.tensor()
    if mask is None:
        return None
    is_input = any(tensor is mask for tensor in graphs[0])
    with torch.no_grad():
        mask.fill_(5)
    output = compiled(torch.ones(3))[0].item()
    count = f"{len(graphs)} graph" + "s" * (len(graphs) > 1)
    return "input" if is_input else "constant", f"mask set to 5.0: output {output}, {count}"


def sent_at_start(Way, rank):
    module = Way(torch.full((3,), 1.0 + rank))  # 1.0 on rank 0, 2.0 on rank 1
    torch.nn.parallel.DistributedDataParallel(module)
    mask = module.tensor()
    return mask if mask is None else (mask[0].item() == 1, f"rank {rank} has {mask[0].item()}")


def sent_before_forward(Way, rank):
    module = Way(torch.ones(3))
    wrapped = torch.nn.parallel.DistributedDataParallel(module)
    mask = module.tensor()
    if mask is None:
        return None
    with torch.no_grad():
        mask.fill_(1.0 + rank)  # the two differ again
    wrapped(torch.ones(3))
    return mask[0].item() == 1, f"rank {rank} has {mask[0].item()}"


def as_rank(rank, file, experiment, ways):
    """Join a group of two processes; rank 1 prints what came of each way, a line each."""
    torch.distributed.init_process_group(
        "gloo", f"file://{file}", timedelta(seconds=20), world_size=2, rank=rank
    )
    for Way in ways:
        try:
            seen = experiment(Way, rank)
        except Exception as error:
            seen = "raises", f"{type(error).__name__}: {error}"
        if rank == 1:
            print(repr(seen), flush=True)
    torch.distributed.barrier()
    os._exit(0)  # at once: gloo's threads abort an orderly exit now and then


def in_two_processes(program):
    """Run a program as rank 0 and rank 1 on this machine; yields the lines that rank 1 prints.

    It gets its rank and the file where the two meet as arguments, and a minute of time. Raises
    RuntimeError with the end of their complaints if rank 1 fails. None of the two is left behind.
    """
    loopback = [name for _, name in socket.if_nameindex() if name.startswith("lo")]
    environment = {**os.environ, "GLOO_SOCKET_IFNAME": ",".join(loopback), "OMP_NUM_THREADS": "1"}
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as ends:
        complaints = ends.enter_context(open(os.path.join(folder, "complaints"), "w+"))
        processes, streams = [], []
        for rank in ("1", "0"):
            process = subprocess.Popen(
                [sys.executable, "-c", program, rank, os.path.join(folder, "meeting")],
                stdout=subprocess.PIPE, stderr=complaints, text=True, env=environment,
            )  # fmt: skip
            assert process.stdout  # it is a pipe
            ends.callback(process.stdout.close)
            ends.callback(process.wait)
            ends.callback(process.kill)
            processes.append(process)
            streams.append(process.stdout)
        timer = threading.Timer(60, lambda: [process.kill() for process in processes])
        timer.start()
        ends.callback(timer.cancel)
        yield from streams[0]
        if processes[0].wait():
            complaints.seek(0)
            raise RuntimeError(f"Rank 1 failed. {complaints.read()[-500:]}")
