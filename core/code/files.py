"""A Script as files to take home: a Python file, a notebook, values as CSV."""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from typing import Any

from core.code.script import Part


def as_script(parts: Iterable[Part]) -> str:
    """One Python file that needs only torch and prints what the page showed."""
    bars = (f"# {'-' * 8} {part.title} {'-' * 8}\n\n{part.text}" for part in parts)
    return "\n\n".join(bars)


def as_notebook(parts: Iterable[Part]) -> str:
    """The same as a Jupyter notebook (format 4.5), one code cell a part, as JSON text."""
    cells: list[dict[str, Any]] = []
    for number, part in enumerate(parts):
        text = {"cell_type": "markdown", "source": f"## {part.title}"}
        code = {
            "cell_type": "code", "source": part.text, "execution_count": None, "outputs": []
        }  # fmt: skip
        cells += [
            text | {"id": f"text-{number}", "metadata": {}},
            code | {"id": f"code-{number}", "metadata": {}},
        ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = {
        "cells": cells,
        "metadata": {"kernelspec": kernel, "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(notebook, ensure_ascii=False, indent=1)


def as_csv(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A table as comma-separated values, a line a row."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()
