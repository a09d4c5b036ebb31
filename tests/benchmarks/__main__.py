"""Run every benchmark on this machine and write the table into the README.

.venv/bin/python tests/benchmarks                       everything, and the README's table
.venv/bin/python tests/benchmarks --only rooms         one part, printed; several with commas
.venv/bin/python tests/benchmarks --short               all parts, tiny, printed
"""

import argparse
import os
import platform
import signal
import sys
import time
from dataclasses import replace
from datetime import date
from importlib.metadata import version
from pathlib import Path

sys.path.extend(str(Path(__file__).resolve().parents[2] / part) for part in ("", "tests/support"))

from figures import as_table, into_readme
from parts import PARTS, SHORT, Size
from servers import ROOT, House, Server

LIMIT = 15 * 60  # seconds of a part, the soak's own minutes not counted


def machine():
    """What the figures were measured on, in a line."""
    models = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    versions = ", ".join(f"{name} {version(name)}" for name in ("torch", "streamlit", "altair"))
    return (
        f"{len(os.sched_getaffinity(0))} cores ({models[0] if models else platform.machine()}), "
        f"{memory:.0f} GB, Python {platform.python_version()}, {versions}; "
        f"{date.today().isoformat()}"
    )


def run(names, size):
    """(rows, names of parts that broke) of the parts named, each bounded in time."""
    rows, broken = [], []

    def too_long(*_):
        raise TimeoutError("it took too long")

    signal.signal(signal.SIGALRM, too_long)
    Server.rest = size.rest
    with House(size.share) as house:
        for name in names:
            print(f"{name}: {PARTS[name].__doc__}", flush=True)
            start, found = time.monotonic(), []
            signal.alarm(int(LIMIT + 60 * size.soak))
            try:
                found = PARTS[name](size, house)
            except Exception as error:
                broken.append(name)
                print(f"  broke: {type(error).__name__}: {error}")
            finally:
                signal.alarm(0)
            rows += found
            print(f"  {len(found)} rows in {time.monotonic() - start:.0f} s", flush=True)
    return rows, broken


def main():
    """Exit code 1 if a part broke or a visitor met an error; a target not met is no failure."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--short", action="store_true", help="tiny counts; the README stays")
    parser.add_argument("--only", help=f"some of: {', '.join(PARTS)}; the README stays")
    parser.add_argument("--minutes", type=float, help="of the soak")
    chosen = parser.parse_args()
    names = chosen.only.split(",") if chosen.only else list(PARTS)
    unknown = set(names) - set(PARTS)
    if unknown:
        parser.error(f"no part is called {', '.join(unknown)}; there are {', '.join(PARTS)}")
    size = SHORT if chosen.short else Size()
    if chosen.minutes:
        size = replace(size, soak=chosen.minutes)
    rows, broken = run(names, size)
    table = as_table(rows, machine())
    print(table)
    if broken:
        print(f"\nNot measured: {', '.join(broken)}. The README stays as it was.")
    elif names == list(PARTS) and not chosen.short:
        readme = ROOT / "README.md"
        readme.write_text(into_readme(readme.read_text(), table))
        print(f"\nWritten into {readme}.")
    return 1 if broken or any(row.errors for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
