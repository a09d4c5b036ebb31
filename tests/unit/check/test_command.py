"""The command and the single file, as a person runs them: in a folder of their own."""

import ast
import json
import subprocess
import sys

import pytest
from imports import ROOT

from core.check import CannotCheck
from core.check.command import Limits, check_in_process, described, main
from core.check.single_file import NAME, single_file

MINE = """
import torch
from torch import nn


class Scaled(nn.Module):
    def __init__(self, plain):
        super().__init__()
        self.layer = nn.Linear(3, 3)
        if plain:
            self.scale = torch.ones(3)
        else:
            self.register_buffer("scale", torch.ones(3))

    def forward(self, x):
        print("some progress")
        return self.layer(x) * self.scale


class Endless(nn.Linear):
    def forward(self, x):
        while True:
            pass


class Huge(nn.Linear):
    def forward(self, x):
        return super().forward(x) + torch.ones(20 * 2**30, dtype=torch.uint8)


class Crashes(nn.Linear):
    def forward(self, x):
        import os, signal
        os.kill(os.getpid(), signal.SIGKILL)


def bad():
    return lambda: Scaled(True), torch.randn(2, 3)


def good():
    return {"build": lambda: Scaled(False), "inputs": torch.randn(2, 3), "prepare": nn.Module.eval}


def endless():
    return lambda: Endless(3, 3), torch.randn(2, 3)


def huge():
    return lambda: Huge(3, 3), torch.randn(2, 3)


def crashes():
    return lambda: Crashes(3, 3), torch.randn(2, 3)


def nothing():
    return None
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text(MINE)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    sys.modules.pop("mine", None)


def run(folder, *command):
    return subprocess.run(
        [sys.executable, *command], cwd=folder, capture_output=True, text=True, timeout=120
    )


def test_the_single_file_alone_finds_the_plain_tensor_and_exits_with_1(folder):
    (folder / NAME).write_text(single_file())
    done = run(folder, NAME, "mine:bad")
    assert done.returncode == 1, done.stderr
    assert "ERROR: A tensor is left behind by .to() (" in done.stdout
    line = MINE.splitlines().index("            self.scale = torch.ones(3)") + 1
    assert f"/mine.py:{line})" in done.stdout and "some progress" not in done.stdout


def test_the_package_prints_json_and_exits_with_0_without_an_error(folder, capsys):
    done = run(ROOT, "-c", "import sys; sys.path.insert(0, sys.argv.pop(1)); import runpy; "
               "runpy.run_module('core.check', run_name='__main__', alter_sys=True)",
               str(folder), "mine:good", "--json")  # fmt: skip
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["ok"] and report["module"] == "Scaled" and report["findings"] == []


@pytest.mark.skipif(sys.platform != "linux", reason="limits of memory are Linux's")
@pytest.mark.parametrize(
    ("function", "words"),
    [
        ("endless", "It took more than 1 seconds, which is the limit"),
        ("huge", "`forward` needs more memory than there is"),
        ("crashes", "was ended by SIGKILL"),
    ],
)
def test_what_exceeds_a_limit_gets_a_clear_sentence(folder, function, words):
    limits = Limits(1, 8) if function == "endless" else Limits(60, 8)
    with pytest.raises(CannotCheck) as raised:
        check_in_process(f"mine:{function}", limits)
    assert words in str(raised.value)


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("mine", "write package.module:function"),
        ("mine:absent", "`mine:absent` could not be called. AttributeError"),
        ("no_such_module:case", "No module named 'no_such_module'"),
        ("mine:nothing", "returned NoneType, but (build, *inputs) is needed"),
    ],
)
def test_a_target_that_describes_nothing_gets_a_clear_sentence(folder, target, words):
    with pytest.raises(CannotCheck) as raised:
        described(target)
    assert words in str(raised.value)


def test_an_unknown_option_is_refused(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["mine:bad", "--colour"])
    assert ended.value.code == 2 and "--colour" in capsys.readouterr().err


def test_the_single_file_defines_no_name_twice_and_imports_nothing_of_ours():
    tree = ast.parse(single_file())
    names = [n.name for n in tree.body if isinstance(n, ast.FunctionDef | ast.ClassDef)]
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names += [n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)]
    assert len(names) == len(set(names)), {name for name in names if names.count(name) > 1}
    imported = {
        (node.module if isinstance(node, ast.ImportFrom) else node.names[0].name).split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    assert imported <= {"torch", *sys.stdlib_module_names}
