"""Rules of the house that no linter knows."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from core.lessons import LESSONS

ROOT = Path(__file__).parents[2]


def test_core_works_without_streamlit():
    paths = [*(ROOT / "core").rglob("*.py")]
    assert len(paths) > 40
    modules = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in paths]
    modules = [name.removesuffix(".__init__") for name in modules]
    # exported scripts contain core files: none may run something of its own
    for path in paths:
        assert "__main__" not in path.read_text(), path
    code = f"import sys, {', '.join(modules)}; assert 'streamlit' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=60)


@pytest.mark.parametrize("path", [*(ROOT / "pages").glob("*.py")], ids=lambda path: path.name)
def test_pages_are_short_and_in_the_catalogue(path):
    assert len(path.read_text().splitlines()) <= 120
    assert f"pages/{path.name}" in {lesson.page for lesson in LESSONS}


def test_every_lesson_has_its_page():
    for lesson in LESSONS:
        assert (ROOT / lesson.page).is_file()


def test_no_address_of_another_host_is_in_the_code():
    for path in [*ROOT.glob("*.py"), *ROOT.glob("core/**/*.py"), *ROOT.glob("pages/**/*.py")]:
        assert not re.search(r"https?://", path.read_text()), path


def test_requirements_are_pinned():
    for file in ("requirements.txt", "tests/requirements.txt"):
        lines = (ROOT / file).read_text().split("\n")
        assert all(line.startswith("-r ") or "==" in line for line in lines if line)
