"""Tests on releases from PyPI: only where they are asked for, and never in CI.

    BUFFER_LAB_PACKAGES=1 python -m pytest tests/packages -s

The releases are installed without dependencies into folders of a cache outside this repository.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ASKED = "BUFFER_LAB_PACKAGES"


def pytest_collection_modifyitems(items):
    here = Path(__file__).parent
    if os.environ.get("CI") or os.environ.get(ASKED) != "1":
        why = f"installs releases from PyPI; set {ASKED}=1 to run it, outside CI"
        for item in items:
            if here in item.path.parents:
                item.add_marker(pytest.mark.skip(reason=why))


def cache():
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "buffer-lab-packages"


def installed(requirement):
    """The folder with a release, alone. Skips the test where it cannot be had."""
    folder = cache() / requirement
    if not (folder / "complete").exists():
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--upgrade"]
        done = subprocess.run(
            [*command, "--target", str(folder), requirement],
            capture_output=True,
            text=True,
            timeout=600,
        )
        if done.returncode:
            pytest.skip(f"{requirement} could not be installed: {done.stderr.strip()[-200:]}")
        if (folder / "torch").exists():
            pytest.fail(f"{requirement} brought another torch")
        (folder / "complete").touch()
    return str(folder)


def checked(requirement, setup, needs=(), stubs=()):
    """{name: report} of the modules of a release, checked in a process of its own."""
    where = installed(requirement)
    asked = {
        "folders": [where, *map(installed, needs)],
        "stubs": stubs,
        "setup": setup,
        "where": where,
    }
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("run_release.py"))],
        input=json.dumps(asked),
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="session")
def table():
    """Lines of the table: rows of faults, and rows of clean packages. Printed at the end."""
    rows = {"faults": {}, "clean": {}}
    yield rows
    if rows["faults"] or rows["clean"]:
        text = as_markdown(rows)
        print("\n" + text)
        file = os.environ.get("BUFFER_LAB_TABLE")
        if file:
            Path(file).write_text(text, encoding="utf-8")


def as_markdown(rows):
    lines = ["| release | module | found | in the repaired release |", "|---|---|---|---|"]
    for (bad, name), row in rows["faults"].items():
        lines.append(f"| {bad} | `{name}` | {row.get('bad', '')} | {row.get('good', '')} |")
    lines += [
        "",
        "| clean | modules | errors | warnings | for information |",
        "|---|---|---|---|---|",
    ]
    sums = [0, 0, 0, 0]
    for release, counts in rows["clean"].items():
        lines.append(f"| {release} | " + " | ".join(map(str, counts)) + " |")
        sums = [a + b for a, b in zip(sums, counts, strict=True)]
    lines.append("| all | " + " | ".join(map(str, sums)) + " |")
    return "\n".join(lines) + "\n"
