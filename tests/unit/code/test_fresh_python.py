"""The Python that tests paste code into is as fresh as one that has just started."""

import json
import subprocess

import fresh_python
import pytest
from imports import ROOT

PROBE = """
import torch
import gc, json, os, pickle, random, signal, sys, threading, warnings

class Mine:
    pass

print(json.dumps({
    "main": [__name__, __file__, pickle.loads(pickle.dumps(Mine)).__module__],
    "arguments": [sys.argv, os.getcwd(), sys.stdin.read(), sys.stdout.isatty()],
    "flags": [list(sys.flags), sys.warnoptions, sys.path, sys.executable],
    "modules": sorted(sys.modules),
    "environment": dict(os.environ),
    "signals": [str(signal.getsignal(one)) for one in sorted(signal.valid_signals())],
    "threads": threading.active_count(),
    "collector": [gc.get_threshold(), gc.isenabled()],
    "filters": [str(one) for one in warnings.filters],
    "torch": [torch.get_num_threads(), torch.is_grad_enabled(), str(torch.get_default_dtype())],
}))
"""


@pytest.mark.skipif(not fresh_python.FORKS, reason="each program has a start of its own here")
@pytest.mark.parametrize("how", [{"input": "some input"}, {"pasted": True}], ids=["file", "pasted"])
def test_a_fork_is_as_a_python_that_has_just_started(how, tmp_path):
    forked, started = (fresh_python.run(PROBE, tmp_path, **how, fork=fork) for fork in (1, 0))
    assert (forked.returncode, forked.stderr) == (started.returncode, started.stderr) == (0, "")
    assert json.loads(forked.stdout) == json.loads(started.stdout)
    one = fresh_python.run("import os; print(len(os.listdir('/proc/self/task')))", tmp_path)
    assert one.stdout == "1\n"


def test_it_knows_nothing_of_this_checkout(tmp_path):
    code = "import sys, torch; print(*sys.path, *sys.modules, sep='\\n')\nimport core"
    done = fresh_python.run(code, tmp_path)
    assert str(ROOT) not in [line.rstrip("/") for line in done.stdout.splitlines()]
    assert not {"core", "pages", "conftest", "pytest"} & set(done.stdout.splitlines())
    assert done.returncode == 1
    assert done.stderr.endswith("ModuleNotFoundError: No module named 'core'\n")


def test_no_program_is_felt_by_the_next(tmp_path):
    code = "import builtins, os, torch; print(hasattr(torch, 'left'), os.environ.get('LEFT'))\n"
    code += "torch.left = 1; os.environ['LEFT'] = 'x'; os.chdir('/')\nprint(torch.rand(5))"
    first, second = (fresh_python.run(code, tmp_path).stdout.split("\n", 1) for _ in range(2))
    assert first[0] == second[0] == "False None" and first[1] != second[1]


@pytest.mark.parametrize(
    ("code", "ends"),
    [
        ("import atexit; atexit.register(print, 'over'); print('a')", (0, "a\nover\n", "")),
        ("import sys; sys.exit(3)", (3, "", "")),
        ("raise SystemExit('a reason')", (1, "", "a reason\n")),
        ("import os, sys; print(1, flush=True); os._exit(4)", (4, "1\n", "")),
    ],
)
def test_a_program_ends_as_it_wants_to(code, ends, tmp_path):
    done = fresh_python.run(code, tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == ends


def test_a_program_that_takes_too_long_is_ended_and_the_next_one_runs(tmp_path):
    with pytest.raises(subprocess.TimeoutExpired):
        fresh_python.run("print('begun', flush=True)\nwhile True: pass", tmp_path, seconds=0.5)
    assert fresh_python.run("print('next')", tmp_path).stdout == "next\n"
