"""Script: what runs is what is exported. Modules made here, so that each rule can be broken."""

import importlib
import sys
import textwrap

import fresh_python
import pytest

from core.code.files import as_script
from core.code.script import Needs, Part, Script
from core.code.source import FlatFileError

FILES = {
    "low": '''
        import math

        from torch import (
            nn,
        )

        LIMIT = 3


        class Low:
            """Low."""

            def half(self):
                return LIMIT / 2


        class Other(Low):
            area = math.pi


        def layer():
            return nn.Identity()
    ''',
    "high": """
        from typing import TYPE_CHECKING

        from core.low import (
            Low,  # a comment
            layer,
        )

        if TYPE_CHECKING:
            from core.low import LIMIT


        class High(Low):
            def half(self, limit: "LIMIT" = 0):
                from core.low import LIMIT

                return super().half() + 10 * LIMIT


        def quietly():
            from core.low import layer
    """,
    "renamed": "from core.low import Low as Base\n",
    "by_module": "from core import low\n\nbottom = low.Low()\n",
    "plain_import": "import core.low\n",
    "future": "from __future__ import annotations\n",
    "shared_line": "import math; from core.low import Low\n",
    "same_name": "LIMIT = 4\n",
    "relative": "from .low import LIMIT\n\ndouble = 2 * LIMIT\n",
    "only_later": """
        def later():
            from core.low import LIMIT

            return LIMIT
    """,
}


@pytest.fixture
def module(tmp_path, monkeypatch):
    """The modules of FILES by name, in a package `core` of their own."""
    folder = tmp_path / "core"
    folder.mkdir()
    (folder / "__init__.py").touch()
    for name, text in FILES.items():
        (folder / f"{name}.py").write_text(textwrap.dedent(text).lstrip("\n"))
    real = {name: m for name, m in sys.modules.items() if name.split(".")[0] == "core"}
    for name in real:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    yield lambda name: importlib.import_module(f"core.{name}")
    for name in [name for name in sys.modules if name.split(".")[0] == "core"]:
        del sys.modules[name]
    sys.modules.update(real)


def needs(module, *names, keep="all"):
    return tuple(Needs(f"The {name} one", (module(name),), keep) for name in names)


def printed(script, tmp_path):
    """What the exported file prints in a Python that knows nothing of us."""
    done = fresh_python.run(as_script(script.parts()), tmp_path)
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize("keep", ["all", "if used", "what is used"])
def test_what_runs_is_what_is_exported(module, tmp_path, keep):
    script = Script(
        "answer = High().half()\n",
        needs(module, "low", "high", keep=keep),
        report="print(answer)\n",
    )
    assert script.run()["answer"] == 31.5
    assert printed(script, tmp_path) == "31.5\n"


def test_imports_of_ours_are_dropped_however_they_are_written(module, tmp_path):
    script = Script("quietly()\nprint(double)\n", needs(module, "low", "relative", "high"))
    text = as_script(script.parts())
    assert "core" not in text and "a comment" not in text
    assert "if TYPE_CHECKING:\n    pass\n" in text and "def quietly():\n    pass\n" in text
    assert "from torch import (\n    nn,\n)\n" in text  # of others, nothing is touched
    assert printed(script, tmp_path) == "6\n"


def test_a_module_that_is_missing_makes_the_run_fail(module):
    with pytest.raises(NameError, match="Low"):
        Script("Low()\n", needs(module, "same_name")).run()
    with pytest.raises(FlatFileError, match=r"core\.high asks for `Low`"):
        Script("High()\n", needs(module, "high"))
    with pytest.raises(FlatFileError, match="no module above it"):
        Script("High()\n", needs(module, "high", "low"))
    with pytest.raises(FlatFileError, match="asks for `LIMIT`"):
        Script("later()\n", needs(module, "only_later"))
    assert Script("x = later()\n", needs(module, "only_later", "low")).run()["x"] == 3


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("renamed", "`Low as Base`"),
        ("by_module", "uses the module `low`"),
        ("plain_import", "import single names"),
        ("future", "from __future__"),
        ("shared_line", "a line of its own"),
        ("same_name", "`LIMIT` of core.same_name has another meaning in core.low"),
    ],
)
def test_what_cannot_stand_in_one_file_is_refused(module, name, words):
    with pytest.raises(FlatFileError, match=words):
        Script("1\n", needs(module, "low", name))


def test_a_text_does_not_give_a_name_of_a_module_another_meaning(module):
    for text in ("LIMIT = 7\n", "for LIMIT in range(3):\n    pass\n", "def layer():\n    pass\n"):
        with pytest.raises(FlatFileError, match=r"core\.low would be overwritten"):
            Script(text, needs(module, "low"))
    Script("found = [LIMIT for LIMIT in range(3)]\n", needs(module, "low"))


def test_only_what_is_used_is_taken_along(module, tmp_path):
    script = Script("print(Other().half())\n", needs(module, "low", keep="what is used"))
    text = script.parts()[0].text
    assert text.startswith("import math\n\n\nLIMIT = 3\n\n\nclass Low:")
    assert "class Other" in text and "layer" not in text and "nn" not in text
    assert printed(script, tmp_path) == "1.5\n"
    assert "layer" not in script.namespace()


def test_a_part_that_nothing_uses_can_be_left_out(module):
    all_of = needs(module, "low", "same_name", keep="if used")
    assert [part.title for part in Script("High = 1\n", all_of[:1]).parts()] == ["The experiment"]
    parts = Script("x = layer()\n", all_of[:1]).parts()
    assert [part.title for part in parts] == ["The low one", "The experiment"]


def test_given_objects_take_the_place_of_what_the_file_has(module):
    data = (Part("The rows", "ROWS = [1, 2]\n"),)
    script = Script("x = sum(ROWS) * LIMIT\n", needs(module, "low"), data=data)
    assert script.run()["x"] == 9
    assert script.run(ROWS=[4])["x"] == 12
    assert script.run(LIMIT=100)["x"] == 300
    with pytest.raises(FlatFileError, match="Nothing that the script needs defines TOKENS"):
        script.run(TOKENS=[4])


def test_runs_share_nothing_but_the_modules(module):
    script = Script("x = 1\n", needs(module, "low"))
    script.run()
    assert "x" not in script.namespace()


def test_the_experiment_is_marked_to_be_shown_first_and_the_file_runs_from_the_top(module):
    shown = Needs("High", (module("high"),), shown_first=True)
    script = Script("x = 1\n", (*needs(module, "low"), shown), "One", report="print(x)\n")
    parts = script.parts()
    assert [part.title for part in parts] == ["The low one", "High", "One", "What came out"]
    assert [part.title for part in parts if part.shown_first] == ["High", "One"]


def test_neighbours_with_one_title_are_one_part():
    script = Script("x = 1\n", (), "A cell", report="print(x)\n", report_title="A cell")
    assert script.parts() == (Part("A cell", "x = 1\n\n\nprint(x)\n", True),)
