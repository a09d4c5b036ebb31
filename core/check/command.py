"""The command: check what a function describes, in a process with limits, and print the report.

    python -m core.check package.module:function

The function takes no arguments and returns (build, *inputs), or a dict with "build", "inputs" and
perhaps "prepare". Exit code: 0 without an error, 1 with one, 2 where nothing could be checked.
"""

import argparse
import contextlib
import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.check.check_module import check
from core.check.report import Report, report_from_json
from core.check.subject import MAX_SECONDS, CannotCheck, in_words

MAX_GIGABYTES = 8.0  # of memory, beyond what PyTorch itself takes
STARTING_SECONDS = 30  # for a process to import PyTorch and to report


@dataclass(frozen=True)
class Limits:
    """What one check may take."""

    seconds: float = MAX_SECONDS
    gigabytes: float = MAX_GIGABYTES


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    parser = argparse.ArgumentParser(
        prog="check", description="Find faults around buffers, devices and checkpoints."
    )
    parser.add_argument("target", help="package.module:function")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--seconds", type=float, default=MAX_SECONDS, help="limit (%(default)s)")
    parser.add_argument(
        "--gigabytes", type=float, default=MAX_GIGABYTES, help="limit (%(default)s)"
    )
    parser.add_argument("--into", help=argparse.SUPPRESS)  # the file of the process with limits
    options = parser.parse_args(arguments)
    limits = Limits(options.seconds, options.gigabytes)
    if options.into:
        Path(options.into).write_text(json.dumps(_answer(options.target, limits)))
        return 0
    try:
        report = check_in_process(options.target, limits)
    except CannotCheck as reason:
        text = json.dumps({"ok": False, "cannot_check": str(reason)}) if options.json else reason
        print(text, file=sys.stdout if options.json else sys.stderr)
        return 2
    print(report.json() if options.json else report.text(), end="")
    return 0 if report.ok else 1


def check_in_process(target: str, limits: Limits) -> Report:
    """Check in a process of its own, which is ended when it exceeds a limit.

    Raises CannotCheck, as `check` does.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "answer.json"
        command = [sys.executable, sys.argv[0] if _alone() else "-m"]
        command += [] if _alone() else ["core.check"]
        command += [target, "--into", str(file)]
        command += ["--seconds", str(limits.seconds), "--gigabytes", str(limits.gigabytes)]
        paths = os.pathsep.join([os.getcwd(), *filter(None, sys.path)])
        process = subprocess.Popen(
            command,
            env=os.environ | {"PYTHONPATH": paths},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        try:
            _, errors = process.communicate(timeout=limits.seconds + STARTING_SECONDS)
        except subprocess.TimeoutExpired:
            raise CannotCheck(
                f"It took more than {limits.seconds:g} seconds, which is the limit, and its "
                "process was ended. Build a smaller module, or raise the limit with --seconds."
            ) from None
        finally:
            with contextlib.suppress(OSError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        if not file.exists():
            raise CannotCheck(_how_it_ended(process.returncode, errors))
        answer = json.loads(file.read_text())
    if "cannot_check" in answer:
        raise CannotCheck(answer["cannot_check"])
    return report_from_json(answer["report"])


def _alone() -> bool:
    """Whether this is the single file, and not the package."""
    return not __package__


def _how_it_ended(code: int, errors: bytes) -> str:
    last = errors.decode(errors="replace").strip().splitlines()[-1:] or ["it left no message"]
    if code < 0:
        name = signal.Signals(-code).name
        return f"The process that checked was ended by {name}; {last[0]}. Give smaller inputs."
    return f"The process that checked ended with code {code}; {last[0]}."


def _answer(target: str, limits: Limits) -> dict[str, str]:
    """What the process with limits writes: {"report": JSON} or {"cannot_check": reason}."""
    _limit_memory(limits.gigabytes)
    try:
        arguments, prepare = described(target)
        report = check(*arguments, prepare=prepare, seconds=limits.seconds)
        return {"report": report.json()}
    except CannotCheck as reason:
        return {"cannot_check": str(reason)}
    except MemoryError:
        return {"cannot_check": f"It needs more than {limits.gigabytes:g} GB. Give smaller inputs."}


def _limit_memory(gigabytes: float) -> None:
    """Where the system can: Linux."""
    try:
        import resource

        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except (ImportError, OSError):
        return
    limit = pages * resource.getpagesize() + int(gigabytes * 1e9)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def described(target: str) -> tuple[tuple[Any, ...], Any]:
    """((build, *inputs), prepare) that the function named by "package.module:function" returns.

    Raises CannotCheck where there is no such function, or where it returns something else.
    """
    module, _, name = target.partition(":")
    if not module or not name:
        raise CannotCheck(f"`{target}` names no function: write package.module:function.")
    try:
        returned = getattr(importlib.import_module(module), name)()
    except Exception as error:
        raise CannotCheck(f"`{target}` could not be called. {in_words(error)}.") from error
    if isinstance(returned, dict) and "build" in returned:
        inputs = returned.get("inputs", ())
        inputs = inputs if isinstance(inputs, (tuple, list)) else (inputs,)
        return (returned["build"], *inputs), returned.get("prepare")
    if isinstance(returned, tuple) and returned:
        return returned, None
    raise CannotCheck(
        f"`{target}` returned {type(returned).__name__}, but (build, *inputs) is needed: a "
        "function that builds the module, and what its forward takes."
    )
