"""What a fresh checkout needs: every direct import is named, and pinned to what is installed."""

import importlib.metadata
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from imports import ROOT, python_files, third_parties
from packaging.requirements import Requirement

TOP_LEVEL = {
    "LICENSE",
    "README.md",
    "core",
    "dashboard.py",
    "pages",
    "pyproject.toml",
    "requirements.txt",
    "tests",
}
NOT_IMPORTED = {"uvloop", "httptools"}  # uvicorn takes them where they are installed


def required(file):
    """The requirements of a file, those that it takes from another file left out."""
    lines = (ROOT / file).read_text("utf-8").splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("-r ")]


def distributions(modules):
    """The packages that bring modules to import, by their names on a registry, in lower case."""
    brings = importlib.metadata.packages_distributions()
    return {name.lower() for module in modules for name in brings.get(module, [module])}


def test_requirements_name_every_direct_import_and_nothing_else():
    paths = [Path("dashboard.py"), *python_files("core", "pages")]
    imports = third_parties(paths, sys.stdlib_module_names)
    assert len(imports) > 7
    named = {requirement.name.lower() for requirement in required("requirements.txt")}
    assert named - NOT_IMPORTED == distributions(imports)


def test_the_tests_requirements_name_every_direct_import_of_the_tests():
    folder = {path.stem for path in python_files("tests")}
    imports = third_parties(python_files("tests"), sys.stdlib_module_names) - folder
    files = ("requirements.txt", "tests/requirements.txt")
    named = {requirement.name.lower() for file in files for requirement in required(file)}
    assert len(imports) > 8
    assert distributions(imports) - {"tests"} <= named


@pytest.mark.parametrize("file", ["requirements.txt", "tests/requirements.txt"])
def test_requirements_are_pinned_to_what_is_installed(file):
    for requirement in required(file):
        (pin,) = requirement.specifier
        assert pin.operator == "==", requirement
        if requirement.marker is None or requirement.marker.evaluate():
            installed = importlib.metadata.version(requirement.name).partition("+")[0]
            assert pin.version == installed, requirement


def test_the_project_has_a_name_and_a_version():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["name"] == "buffer-lab" and project["version"].count(".") == 2
    assert project["requires-python"] == ">=3.11"


def test_nothing_else_lies_at_the_top():
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    files = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    found = {file.split("/")[0] for file in files.splitlines()}
    assert {name for name in found if not name.startswith(".")} == TOP_LEVEL
    assert "MIT License" in (ROOT / "LICENSE").read_text("utf-8")


def test_the_workflow_calls_what_ci_runs_and_tests_on_three_systems():
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text("utf-8")
    assert "run: .ci/run\n" in workflow
    assert "os: [ubuntu-latest, macos-latest, windows-latest]" in workflow
    steps = (ROOT / ".ci" / "run").read_text("utf-8").splitlines()
    tools = [line.removeprefix(".venv/bin/") for line in steps if line.startswith(".venv/bin/")]
    assert tools[1:] == ["ruff format --check .", "ruff check .", "ty check"]
    hooks = (ROOT / ".pre-commit-config.yaml").read_text("utf-8")
    assert all(f"entry: .venv/bin/{tool.removesuffix(' .')}\n" in hooks for tool in tools[1:])
