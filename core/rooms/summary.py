"""What came of a workshop: per question the counts before and after its reveal, nobody's name."""

import csv
import io
from collections.abc import Sequence

from core.charts.markdown_table import markdown_table
from core.rooms.room import Asking, Result

HEAD = ("question", "round", "asked", "option", "answers", "happened", "screen")


def when(asking: Asking) -> str:
    """Whether an asking came before its question's reveal or after it."""
    return "after the reveal" if asking.after_reveal else "before the reveal"


def happened(asking: Asking, option: int, reveals: dict[str, int | None]) -> str:
    """Yes or no for an option of a question that was revealed; empty while it was not."""
    id = asking.question.id
    if id not in reveals:
        return ""
    return "yes" if reveals[id] == option else "no"


def rows(results: Sequence[Result]) -> list[tuple[str | int, ...]]:
    """A row for each option of each asking, with the columns of HEAD."""
    reveals = {
        result.asking.question.id: result.asking.reveal.happened
        for result in results
        if result.asking.reveal
    }
    return [
        (
            result.asking.question.prompt,
            result.asking.round,
            when(result.asking),
            option,
            result.counts[index],
            happened(result.asking, index, reveals),
            result.asking.question.screen.link,
        )
        for result in results
        for index, option in enumerate(result.asking.question.options)
    ]


def as_csv(results: Sequence[Result]) -> str:
    """The rows as CSV with a head; a spreadsheet takes no cell for a formula."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(HEAD)
    for row in rows(results):
        writer.writerow([f"'{c}" if str(c)[:1] in ("=", "+", "-", "@") else c for c in row])
    return out.getvalue()


def as_markdown(results: Sequence[Result]) -> str:
    """A heading for each question and a table of its rounds side by side, with the reason."""
    parts = ["# Summary of the workshop"]
    by_id: dict[str, list[Result]] = {}
    for result in results:
        by_id.setdefault(result.asking.question.id, []).append(result)
    for rounds in by_id.values():
        parts += [f"## {rounds[0].asking.question.prompt}", table(rounds)]
        reveal = next((one.asking.reveal for one in rounds if one.asking.reveal), None)
        if reveal and reveal.reason:
            parts.append(f"**Why.** {reveal.reason}")
        parts.append(f"Screen: `{rounds[0].asking.question.screen.link}`")
    if not by_id:
        parts.append("No question was asked.")
    return "\n\n".join(parts) + "\n"


def table(rounds: Sequence[Result]) -> str:
    """Options down, the rounds of one question across, and whether an option happened."""
    question = rounds[0].asking.question
    reveals = {
        one.asking.question.id: one.asking.reveal.happened for one in rounds if one.asking.reveal
    }
    heads = [f"round {one.asking.round}, {when(one.asking)}" for one in rounds]
    body = [
        [
            option,
            *(str(one.counts[index]) for one in rounds),
            happened(rounds[0].asking, index, reveals) or "not revealed",
        ]
        for index, option in enumerate(question.options)
    ]
    return markdown_table(["option", *heads, "happened"], body)
