"""Rules of the house that no linter knows: who may import whom, what is named how."""

import graphlib
import re
import subprocess
import sys
from pathlib import Path

import pytest
from imports import ROOT, arrows, imported_modules, python_files, room

from core.lessons import LESSONS

SHARED = {
    "attention",
    "charts",
    "code",
    "device",
    "glossary",
    "inputs",
    "rooms",
    "settings",
    "workers",
}
WINGS = {
    "cases",
    "check",
    "checkpoint",
    "course",
    "lab",
    "ledger",
    "mask_cost",
    "moving",
    "own_error",
    "state_dict",
    "training",
}
ABOVE_WINGS = {"course"}  # a tier above the wings of lessons, and so it may import them
WINGS_OF_PAGE = {  # the wings that a folder of pages draws, where these are not the one of its name
    "decision_card": {"course"},
    "recap": {"course"},
    "check": {"check", "cases"},  # a finding leads to projects that it happened in
    "home": {"course", "lab"},
    "lab": {"lab", "mask_cost"},
    "own_error": {"own_error", "cases"},  # a kind leads to projects that it happened in
    "state_dict": {"state_dict", "checkpoint"},
}
# What breaks a rule today. It may only shrink: an entry that is no longer needed fails too.
KNOWN: set[tuple[str, str]] = set()

COMMANDS = {  # what `python -m` runs, and what writes the end of a file to run
    Path("core/check/__main__.py"),
    Path("core/check/single_file.py"),
}
CORE, PAGES = python_files("core"), python_files("pages")
SCRIPTS = [path for path in [*PAGES, Path("dashboard.py")] if len(path.parts) < 3]


def folder_of(script):
    """The one folder that a page of its own draws with, besides components and server."""
    found = {room(name) for name in imported_modules(script)}
    found = {name for name in found if name and name.startswith("pages/")}
    (folder,) = found - {"pages/components", "pages/server"}
    return folder.split("/")[1]


def allowed(source, target):
    """Whether a package may import another; both as core/lab or pages/lab."""
    side, name = source.split("/")
    shared = {f"core/{package}" for package in SHARED | {"lessons"}}
    if side == "core":
        if name in ABOVE_WINGS:  # the course leads through all lessons
            shared |= {f"core/{wing}" for wing in WINGS - ABOVE_WINGS}
        return name not in {"lessons"} and target in shared
    if target in shared or target in {"pages/components", "pages/server"}:
        return True
    if name in {"components", "server"}:
        return False
    return target in {f"core/{wing}" for wing in WINGS_OF_PAGE.get(name, {name})}


def violations():
    """Pairs of packages that break a rule, with the files that do it."""
    packages = [path for path in [*CORE, *PAGES] if path not in SCRIPTS]
    return {pair: files for pair, files in arrows(packages).items() if not allowed(*pair)}


def test_there_are_files_to_read():
    assert len(CORE) > 60 and len(PAGES) > 30 and len(SCRIPTS) > 5
    assert len(arrows([*CORE, *PAGES])) > 50


def test_imports_run_down():
    broken = {pair: files for pair, files in violations().items() if pair not in KNOWN}
    assert not broken, f"shared packages import no wing, and no lesson's wing another: {broken}"


def test_known_violations_are_still_there():
    gone = KNOWN - set(violations())
    assert not gone, f"no longer needed, so take them out of KNOWN: {sorted(gone)}"


def test_every_package_of_core_is_shared_or_a_wing():
    found = {path.parts[1] for path in CORE if len(path.parts) > 2}
    assert found <= SHARED | WINGS and found >= SHARED
    assert {path.name for path in CORE if len(path.parts) == 2} == {"__init__.py", "lessons.py"}


def test_the_readme_has_a_line_for_every_package():
    readme = (ROOT / "README.md").read_text("utf-8")
    table = readme.partition("<!-- packages -->\n")[2].partition("<!-- /packages -->")[0]
    named = re.findall(r"^\| `([a-z_/]+)` \| (.+) \|$", table, re.M)
    packages = {"/".join(path.parts[:2]) for path in [*CORE, *PAGES] if len(path.parts) > 2}
    assert sorted(name for name, _ in named) == sorted(packages)
    for name, purpose in named:
        wing = name.startswith("core/") and name.removeprefix("core/") in WINGS
        assert purpose.startswith("wing: ") == wing, name


@pytest.mark.parametrize("file", ["README.md", ".github/CONTRIBUTING.md"])
def test_links_of_a_text_lead_to_files(file):
    text = (ROOT / file).read_text("utf-8")
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", text)
    assert links
    for link in links:
        assert ((ROOT / file).parent / link).exists(), link


def test_packages_import_each_other_in_no_circle():
    graph = {}
    for source, target in set(arrows(CORE)) - KNOWN:
        graph.setdefault(source, set()).add(target)
    list(graphlib.TopologicalSorter(graph).static_order())


def test_modules_import_each_other_in_no_circle():
    modules = {".".join(path.with_suffix("").parts): path for path in [*CORE, *PAGES]}
    graph = {}
    for module, path in modules.items():
        names = imported_modules(path)  # from a.b import c: c may be a name of a.b, or a module
        names |= {name.rpartition(".")[0] for name in names}
        graph[module] = (names & modules.keys()) - {module}
    list(graphlib.TopologicalSorter(graph).static_order())


@pytest.mark.parametrize("script", SCRIPTS, ids=str)
def test_a_page_imports_its_folder_and_its_wing(script):
    folder = folder_of(script)
    for _, target in arrows([script]):
        if target != f"pages/{folder}":
            assert allowed(f"pages/{folder}", target), f"{script} imports {target}"


def test_core_works_without_streamlit():
    modules = [".".join(path.with_suffix("").parts) for path in CORE]
    modules = [name.removesuffix(".__init__") for name in modules]
    for path in CORE:
        assert not any(name.split(".")[0] == "streamlit" for name in imported_modules(path)), path
        # exported scripts contain core files: none may run something of its own
        if path not in COMMANDS:
            assert "__main__" not in (ROOT / path).read_text("utf-8"), path
    code = f"import sys, {', '.join(modules)}; assert 'streamlit' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=60)


def test_one_module_knows_the_names_of_what_a_session_remembers():
    # pages/server/internals.py imports from a module of Streamlit's that has this name.
    used = re.compile(r"(?<!streamlit\.runtime\.state\.)session_state")
    users = [path for path in PAGES if used.search((ROOT / path).read_text("utf-8"))]
    assert users == [Path("pages/components/state.py")]


def test_one_module_makes_the_links_between_pages():
    """It hands on how a page is shown; a link of Streamlit's own would lose it."""
    users = [path for path in PAGES if "st.page_link(" in (ROOT / path).read_text("utf-8")]
    assert users == [Path("pages/components/links.py")]


@pytest.mark.parametrize("path", [*(ROOT / "pages").glob("*.py")], ids=lambda path: path.name)
def test_pages_are_short_and_in_the_catalogue(path):
    assert len(path.read_text("utf-8").splitlines()) <= 120
    assert f"pages/{path.name}" in {lesson.page for lesson in LESSONS}


def test_every_lesson_has_its_page():
    assert len(LESSONS) >= 5
    for lesson in LESSONS:
        assert (ROOT / lesson.page).is_file()


def test_no_address_of_another_host_is_in_the_code():
    links = Path("core/cases/sources.py")  # the one place that turns references into links to click
    for path in {Path("dashboard.py"), *CORE, *PAGES} - {links}:
        # the name of SVG's namespace looks like an address, and nobody asks for it
        assert not re.search(
            r"https?://(?!www\.w3\.org/2000/svg)", (ROOT / path).read_text("utf-8")
        ), path
