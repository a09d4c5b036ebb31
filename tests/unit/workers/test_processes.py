"""Processes and memory, on every system."""

import os
import subprocess
import sys
from time import monotonic, sleep

import pytest
from running_processes import runs

from core.workers import processes

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), *[os.pardir] * 3))
SLEEP = "import time; time.sleep(60)"
FAMILY = f"""
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", '''
import subprocess, sys
grandchild = subprocess.Popen([sys.executable, "-c", "{SLEEP}"])
print(grandchild.pid, flush=True)
grandchild.wait()
'''])
print(child.pid, flush=True)
child.wait()
"""


def gone(pid):
    deadline = monotonic() + 20
    while runs(pid):
        assert monotonic() < deadline
        sleep(0.02)
    return True


def test_a_process_ends_with_all_that_it_started():
    process = subprocess.Popen([sys.executable, "-c", FAMILY], stdout=subprocess.PIPE)
    child, grandchild = int(process.stdout.readline()), int(process.stdout.readline())
    assert runs(child) and runs(grandchild)
    assert processes.kill(process) != 0
    assert gone(child) and gone(grandchild)
    processes.kill(process)  # once more does no harm
    process.stdout.close()


def test_children_end_and_this_process_goes_on():
    code = (  # a process of its own: this one has children that other tests need
        "import subprocess, sys; from core.workers import processes\n"
        f"child = subprocess.Popen([sys.executable, '-c', {SLEEP!r}])\n"
        "processes.kill_children(); print(child.wait(20) != 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.split() == ["True"], done.stderr


def test_a_lower_priority_is_lower():
    code = (
        "import psutil; from core.workers import processes; me = psutil.Process()\n"
        "before = me.nice(); processes.lower_priority(); print(int(before), int(me.nice()))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    before, after = done.stdout.split()
    assert before != after, done.stderr


def test_available_memory_is_read():
    assert 10 * 2**20 < processes.available_memory() < 2**50


# As on Windows: what only POSIX systems have is missing, for our own code. (The libraries have code
# of their own for each system, which a Linux machine cannot play.)
WITHOUT = """
import builtins, os, signal, sys

ROOT, OURS = {root!r}, ("core", "pages", "dashboard.py")
MISSING = {{
    os: "nice killpg getpgid getpgrp setpgid setsid getsid fork forkpty sysconf sysconf_names "
        "getuid geteuid getpriority setpriority sched_getaffinity statvfs wait4".split(),
    signal: "SIGKILL SIGHUP SIGCHLD SIGALRM SIGSTOP SIGUSR1 alarm setitimer pthread_kill".split(),
}}

def is_ours(frame):
    return os.path.relpath(frame.f_code.co_filename, ROOT).split(os.sep)[0] in OURS

def hide(module, names):
    hidden = {{name: module.__dict__.pop(name) for name in names if name in module.__dict__}}
    def attribute(name):
        if name not in hidden or is_ours(sys._getframe(1)):
            raise AttributeError(name)
        return hidden[name]
    module.__getattr__ = attribute

for module, names in MISSING.items():
    hide(module, names)
own_import, own_open = builtins.__import__, builtins.open
def without_posix(name, *args, **kwargs):
    if name in ("resource", "fcntl", "pwd", "grp", "termios") and is_ours(sys._getframe(1)):
        raise ImportError(name)
    return own_import(name, *args, **kwargs)
def without_proc(path, *args, **kwargs):
    if str(path).startswith(("/proc/", "/sys/")) and is_ours(sys._getframe(1)):
        raise FileNotFoundError(path)
    return own_open(path, *args, **kwargs)
builtins.__import__, builtins.open = without_posix, without_proc
"""
PLAYS = {
    "nothing posix-only is there": """
import core.workers.processes as ours
for name in ("os.nice", "os.killpg", "os.sysconf", "signal.SIGKILL", "open('/proc/meminfo')"):
    try:
        exec(compile(f"import os, signal; {name}", ours.__file__, "exec"))
        print(name)
    except (AttributeError, FileNotFoundError):
        pass
print("done")
""",
    "a job": """
job = pool.ask(test_pool.count_up, 10)
test_pool.until(lambda: job.over)
print(job.state, job.error)
""",
    "a cancel": """
job = pool.ask(test_pool.pid_and_sleep, 60)
test_pool.until(lambda: job.note)
job.cancel()
test_pool.until(lambda: not any(map(test_pool.alive, job.note)))
print(job.state)
""",
    "an observation of 2,048 tokens": """
from core.inputs.embeddings import embed
from core.inputs.sonnets import first_tokens
from core.lab import view
from core.lab.experiment import Experiment
words = first_tokens(2048)
experiment = Experiment(words, tuple(embed(word, 1) for word in words), context_length=2048,
                        device="cpu")
job = pool.ask(view.compute_view, view.ViewRequest(experiment))
test_pool.until(lambda: job.over, 100)
print(job.state, job.error)
""",
    "the server's end": """
job = pool.ask(test_pool.pid_and_sleep, 60)
test_pool.until(lambda: job.note)
print(*job.note, flush=True)
os._exit(0)
""",
}


def play(name, folder):
    """What a program prints that runs, with its workers, where POSIX's functions are missing."""
    (folder / "sitecustomize.py").write_text(WITHOUT.format(root=ROOT))
    program = (
        "import os, test_pool; from core.workers import pool as jobs\n"
        "pool = jobs.Pool(workers=1, idle=0.1)\n" + PLAYS[name]
    )
    paths = os.pathsep.join([str(folder), os.path.dirname(__file__), ROOT])
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=os.environ | {"PYTHONPATH": paths},
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nothing posix-only is there", "done"),
        ("a job", "done None"),
        ("a cancel", "cancelled"),
        ("an observation of 2,048 tokens", "done None"),
    ],
)
def test_where_posix_functions_are_missing(name, said, tmp_path):
    assert play(name, tmp_path) == said.split()


def test_where_posix_functions_are_missing_workers_end_with_their_server(tmp_path):
    pids = [int(pid) for pid in play("the server's end", tmp_path)]
    assert len(pids) == 2 and all(map(gone, pids))
