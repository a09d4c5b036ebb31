"""A fresh Python for a program as it is pasted: nothing of this checkout can be imported there.

Importing PyTorch takes seconds. So one process imports it, does nothing else, and forks for each
program. Other systems than Linux start a Python for each.
"""

import atexit
import functools
import gc
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import types
from pathlib import Path

FORKS = sys.platform == "linux"
STREAMS = ("stdin", "stdout", "stderr")
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1"}  # a process with more threads should not fork


def run(program, folder, input="", pasted=False, seconds=120, fork=True):
    """The CompletedProcess of a program (text), saved in a folder and run there by `python -I`.

    pasted: not saved, but sent to `python -I -`, where no source can be looked up.
    fork: from a process that has imported PyTorch, or with a start of its own.
    Raises subprocess.TimeoutExpired after so many seconds.
    """
    file = "-" if pasted else str(Path(folder, "program.py"))
    if pasted:
        input = program
    else:
        Path(file).write_text(program, encoding="utf-8")
    command, environment = [sys.executable, "-I", file], dict(os.environ)
    if not (fork and FORKS):
        return subprocess.run(
            command, input=input, capture_output=True, text=True, cwd=folder, env=environment,
            timeout=seconds,
        )  # fmt: skip
    with tempfile.TemporaryDirectory() as streams:
        stdin, stdout, stderr = (Path(streams, name) for name in STREAMS)
        stdin.write_text(input)
        request = [file, str(folder), streams, seconds, environment]
        server().stdin.write(json.dumps(request) + "\n")
        server().stdin.flush()
        code = json.loads(server().stdout.readline())
        if code is None:
            raise subprocess.TimeoutExpired(command, seconds, stdout.read_text())
        return subprocess.CompletedProcess(command, code, stdout.read_text(), stderr.read_text())


@functools.cache
def server():
    """The process that forks: one for each process that asks, until that ends."""
    process = subprocess.Popen(
        [sys.executable, "-I", __file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | ONE_THREAD,
    )
    atexit.register(process.communicate)
    return process


def serve():
    """Answer each request with an exit code, or None after its time. A fork returns its file.

    A request is a line: the program's file or "-", its folder, the folder of its streams, seconds,
    environment.
    """
    requests, answers = os.fdopen(os.dup(0)), os.fdopen(os.dup(1), "w")
    while line := requests.readline():
        file, folder, streams, seconds, environment = json.loads(line)
        pid = os.fork()
        if not pid:
            requests.close()
            answers.close()
            for number, name in enumerate(STREAMS):
                flags = os.O_WRONLY | os.O_CREAT if number else os.O_RDONLY
                os.dup2(os.open(os.path.join(streams, name), flags), number)
            os.chdir(folder)
            os.environ.clear()
            os.environ.update(environment)
            return file
        watch = os.pidfd_open(pid)
        in_time = select.select([watch], [], [], seconds)[0]
        if not in_time:
            os.kill(pid, signal.SIGKILL)
        os.close(watch)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        print(json.dumps(code if in_time else None), file=answers, flush=True)
    sys.exit()


if __name__ == "__main__":
    import torch

    gc.freeze()  # or each fork's collector copies all that it looks at
    file = sys.argv[0] = serve()
    torch.default_generator.seed()  # random, as in each new process
    main = sys.modules["__main__"] = types.ModuleType("__main__")
    main.__file__ = "<stdin>" if file == "-" else file
    program = sys.stdin.read() if file == "-" else Path(file).read_bytes()
    exec(compile(program, main.__file__, "exec", dont_inherit=True), vars(main))
