"""CONTRIBUTING's recipes, followed word for word in a copy of the house."""

import ast
import re
import shlex
import shutil
import subprocess
import sys

import pytest
from imports import ROOT, python_files

from core.device.available import ACCELERATORS

TEXT = (ROOT / ".github" / "CONTRIBUTING.md").read_text("utf-8")
RECIPES = dict(re.findall(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", TEXT, re.M | re.S))
BLOCK = re.compile(
    r"(New file|In|At the end of) `([^`]+)`(?:,\s+in (?:`(\w+)`|the table of packages))?:\n\n"
    r"```\w+\n(.*?)^```$",
    re.M | re.S,
)
DIFF = re.compile(r"^```diff\n(.*?)^```$", re.M | re.S)
COMMAND = re.compile(r"^```bash\npython (.*?)\n```$", re.M)


def blocks(recipe):
    """(how, path, name, text) of every block of a recipe that changes a file."""
    found = BLOCK.findall(RECIPES[recipe])
    assert len(found) == RECIPES[recipe].count("```python") + RECIPES[recipe].count("```markdown")
    return found


def assigns(node, name):
    targets = getattr(node, "targets", [getattr(node, "target", None)])
    return any(isinstance(target, ast.Name) and target.id == name for target in targets)


def into_collection(source, name, text):
    """A module's source with one more entry at the end of a collection that it assigns to `name`.

    The entry goes into the literal itself, or into the first one within: ROWS = {... for row in (
    """
    (value,) = (node.value for node in ast.parse(source).body if assigns(node, name))
    literals = (ast.Tuple, ast.List, ast.Set, ast.Dict)
    literal = next(node for node in ast.walk(value) if isinstance(node, literals))
    last = literal.values[-1] if isinstance(literal, ast.Dict) else literal.elts[-1]
    lines = source.splitlines(keepends=True)
    line = lines[last.end_lineno - 1].encode()
    before, after = line[: last.end_col_offset].decode(), line[last.end_col_offset :].decode()
    lines[last.end_lineno - 1] = f"{before},\n{text.rstrip()}{after}"
    return "".join(lines)


def apply(folder, how, path, name, text):
    file = folder / path
    if how == "New file":
        assert not file.exists()
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
        return
    source = file.read_text("utf-8")
    if how == "At the end of":
        source = f"{source}\n\n{text}"
    elif name:
        source = into_collection(source, name, text)
    else:
        end = "<!-- /packages -->"
        assert source.count(end) == 1
        source = source.replace(end, text + end)
    file.write_text(source, "utf-8")


@pytest.fixture
def copy(tmp_path):
    """A copy of all that a recipe may change or run."""
    ignored = shutil.ignore_patterns("node_modules", ".*_cache", ".hypothesis")
    for part in ("core", "pages", "tests", ".streamlit", ".github", ".deploy"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=ignored)
    for part in ("dashboard.py", "README.md", "LICENSE", "pyproject.toml", "requirements.txt"):
        shutil.copy(ROOT / part, tmp_path / part)
    return tmp_path


def run(folder, command):
    done = subprocess.run(
        [sys.executable, *shlex.split(command), "-p", "no:cacheprovider"],
        cwd=folder, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    return done.stdout


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_works_word_for_word(recipe, copy):
    changes = blocks(recipe)
    assert changes
    for change in changes:
        apply(copy, *change)
    for diff in DIFF.findall(RECIPES[recipe]):
        subprocess.run(["git", "apply"], input=diff, cwd=copy, text=True, check=True)
    (command,) = COMMAND.findall(RECIPES[recipe])
    assert " passed" in run(copy, command)


def test_a_device_is_named_in_one_place():
    """But for cases and errors, whose code is shown as it is met in the wild. Comments and prose
    may name a device: they tell learners what to write on a GPU."""
    shown = {"cases", "own_error"}
    kinds = {kind.name for kind in ACCELERATORS}
    naming = {
        path.as_posix()
        for path in python_files("core", "pages")
        if path.parts[1] not in shown
        and kinds & set(strings(ast.parse((ROOT / path).read_text("utf-8"))))
    }
    asked_by_others = {"core/check/places.py"}  # code that it reads
    assert naming - asked_by_others == {"core/device/available.py", "core/device/patches.py"}


def strings(tree):
    """The strings of a file, each as a whole."""
    return (one.value for one in ast.walk(tree) if isinstance(one, ast.Constant))


def test_a_control_of_the_lab_touches_three_files():
    changed = re.findall(r"^\+\+\+ b/(.*)$", RECIPES["A new control"], re.M)
    assert changed == ["core/lab/experiment.py", "core/lab/script.py", "pages/lab/controls.py"]


def test_a_lesson_touches_no_code_of_another_and_a_row_two_files_of_core_and_its_reasons():
    changed = {
        recipe: [path for how, path, *_ in blocks(recipe) if how != "New file"]
        for recipe in RECIPES
    }
    assert [
        path for path in changed["A new lesson page"] if path.startswith(("core", "pages"))
    ] == ["core/lessons.py"]
    assert [path for path in changed["A new ledger row"] if path.startswith(("core", "pages"))] == [
        "core/ledger/experiments.py",
        "core/ledger/rows.py",
        "core/ledger/reasons.py",
    ]


ELEVENTH_CLASS = """class InTuple(Holder):
    def hold(self, tensor):
        self.masks = (tensor,)

    def tensor(self):
        return self.masks[0]


"""
ELEVENTH_TEST = """
from page_driver import open_page, text


def test_quiz():
    app = open_page(
        "4_What_is_state.py", view="the quiz", quiz_row="in state_dict()", says_InTuple="no",
        says_RegisteredBuffer="no", revealed=["tuple", "register_buffer"],
    )
    assert len([radio for radio in app.radio if radio.key.startswith("says_")]) == 11
    assert "all 11 ways" in text(app)
    assert text(app).count("✓ right") == 1 and text(app).count("✗ not so") == 1
"""


def test_the_quiz_asks_about_an_eleventh_way_to_hold_a_tensor(copy):
    holders = copy / "core" / "ledger" / "holders.py"
    before, ways, after = holders.read_text("utf-8").partition("WAYS = {")
    holders.write_text(before + ELEVENTH_CLASS + ways + after, "utf-8")
    apply(copy, "In", "core/ledger/holders.py", "WAYS", '"tuple": InTuple')
    apply(copy, "New file", "tests/pages/test_eleventh.py", "", ELEVENTH_TEST)
    assert "1 passed" in run(copy, "-m pytest --noconftest tests/pages/test_eleventh.py")
