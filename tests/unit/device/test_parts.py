"""The device's source in parts: joined, they are one text; each patch of torch is in the list."""

import ast
import inspect
from collections import Counter
from pathlib import Path
from types import ModuleType

import fresh_python
import pytest
from autograd_modes import NEED_GRADIENTS, NEED_VIEWS, OTHER_PROCESSES

from core.code.script import module_source
from core.device.patches import PATCHES
from core.device.source import MODULES

FOLDER = Path(inspect.getsourcefile(MODULES[0])).parent


def defined(module):
    """Names that the top level of a module's source binds, but for its imports."""
    names = []
    for node in ast.parse(inspect.getsource(module)).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names.append(node.name)
        elif isinstance(node, ast.Assign):
            names += [target.id for target in node.targets]
        elif isinstance(node, ast.AnnAssign):
            names.append(node.target.id)
    return names


def imported(module):
    """(module, name) of each import from the house."""
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.Import):
            assert not any(alias.name.startswith("core") for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module.startswith("core"):
            yield from ((node.module, alias.name) for alias in node.names)


def test_every_part_is_in_the_list():
    not_for_export = {"__init__", "available", "source"}
    names = [module.__name__.rpartition(".")[2] for module in MODULES]
    assert {path.stem for path in FOLDER.glob("*.py")} - not_for_export == set(names)
    assert len(names) == len(set(names)) > 5


def test_a_part_uses_only_names_of_parts_above_it():
    above = {}
    for module in MODULES:
        for source, name in imported(module):
            assert name in above.get(source, ()), f"{module.__name__} takes {name} from {source}"
        above[module.__name__] = defined(module)


def test_no_name_is_bound_in_two_parts():
    bound = Counter(name for module in MODULES for name in set(defined(module)))
    assert [name for name, times in bound.items() if times > 1] == []
    # an import of one part may not hide a name of another
    tree = ast.parse(module_source(*MODULES))
    imports = {
        (alias.asname or alias.name).split(".")[0]
        for node in tree.body
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for alias in node.names
    }
    assert imports.isdisjoint(bound)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_a_part_is_short_and_typed_and_says_what_it_is(module):
    assert module.__doc__ and len(inspect.getsource(module).splitlines()) < 250
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.FunctionDef):
            arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            untyped = [
                a.arg for a in arguments if not a.annotation and a.arg not in ("self", "cls")
            ]
            assert node.returns and not untyped, f"{node.name} at line {node.lineno}"


def test_the_text_has_every_part_in_order_and_no_import_of_the_house():
    text = module_source(*MODULES)
    places = [text.index(inspect.getsource(m).splitlines()[0]) for m in MODULES]
    assert places == sorted(places)
    assert "core" not in {
        node.module.split(".")[0]
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.ImportFrom)
    }


CHANGED_NAMES = """
import importlib, sys, torch
for name in ("torch.utils.benchmark", "torch.utils.data", "torch.distributed"):
    importlib.import_module(name)

def names():
    found = {}
    for module in [m for n, m in sys.modules.items() if n.split(".")[0] == "torch"]:
        for name, value in list(vars(module).items()):
            found[module.__name__, name] = value
            if isinstance(value, type) and value.__module__.split(".")[0] == "torch":
                for inner, held in list(vars(value).items()):
                    found[value.__module__ + "." + value.__qualname__, inner] = held
    return found

before = names()
exec(sys.stdin.read(), {"__name__": "cell"})
for name, value in names().items():
    if before.get(name) is not value:
        print(*name)
"""


def names_of_torch_changed_by(code, folder):
    process = fresh_python.run(CHANGED_NAMES, folder, code)
    assert process.returncode == 0, process.stderr
    return {tuple(line.split()) for line in process.stdout.splitlines()}


def test_every_patch_is_in_the_list_with_its_reason(tmp_path):
    """All names of torch before and after: what changes is listed, or PyTorch's own doing."""
    by_pytorch = names_of_torch_changed_by(
        "import types\nfrom torch.utils import backend_registration\n"
        "backend_registration._setup_privateuseone_for_python_backend(\n"
        "    'sim', backend_module=types.ModuleType('torch.sim')\n)\n",
        tmp_path,
    )
    by_us = names_of_torch_changed_by(module_source(*MODULES) + "\nregister()\n", tmp_path)
    new_in_torch = {("torch", "_sim_registration"), ("torch", "sim")}
    found = {(owner, name) for owner, name in by_us - by_pytorch if owner != "torch.sim"}
    assert found - new_in_torch == {(full_name(p.owner), p.name) for p in PATCHES}
    assert all(len(patch.reason) > 20 for patch in PATCHES)


def full_name(owner):
    if isinstance(owner, ModuleType):
        return owner.__name__
    return f"{owner.__module__}.{owner.__qualname__}"


def test_the_tests_that_leave_out_a_mode_exist():
    text = "\n".join(path.read_text("utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    files = {path.stem for path in Path(__file__).parent.glob("test_*.py")}
    for name in OTHER_PROCESSES | NEED_GRADIENTS | NEED_VIEWS:
        assert name in files or f"def {name}(" in text, name
