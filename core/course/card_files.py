"""The decision card as files: a drawing, and Markdown."""

import html

from core.charts.markdown_table import markdown_table
from core.course.decision_card import BRANCHES, ELSE, TITLE

WIDTH, ROW, TOP = 1120, 116, 70  # pixels of the drawing: its width, a branch, what is above them
_STYLE = """
text { font: 17px system-ui, sans-serif; fill: #1a2330; }
.title { font-size: 26px; font-weight: 700; }
.strong { font-weight: 700; }
.small { font-size: 15px; fill: #44505e; }
.code { font-family: ui-monospace, monospace; font-size: 15px; }
.box { fill: #fff; stroke: #44505e; } .answer { fill: #d6e2f0; stroke: #0b5cad; }
path { stroke: #44505e; fill: none; }
"""


def as_markdown() -> str:
    """The card as a Markdown table."""
    rows = ((f"**{b.question}** ({b.example})", b.answer, f"`{b.code}`", b.why) for b in BRANCHES)
    table = markdown_table(("question", "yes", "write", "because"), rows)
    return f"# {TITLE}\n\n{table}\n\n{ELSE}\n"


def as_svg() -> str:
    """The card as a drawing of its own, in light colours, of the proportions of a sheet."""
    height = TOP + ROW * len(BRANCHES) + 40
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
        f"<title>{TITLE}</title><style>{_STYLE}</style>",
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
        _text(24, 42, TITLE, "title"),
    ]
    for number, branch in enumerate(BRANCHES):
        y = TOP + number * ROW
        parts += [
            f'<rect class="box" x="24" y="{y}" width="500" height="76" rx="8"/>',
            _text(40, y + 32, branch.question, "strong"),
            _text(40, y + 58, branch.example, "small"),
            f'<path d="M524 {y + 38} H576"/>',
            _text(536, y + 30, "yes", "small"),
            f'<rect class="answer" x="576" y="{y}" width="520" height="96" rx="8"/>',
            _text(592, y + 28, branch.answer, "strong"),
            _text(592, y + 55, branch.code, "code"),
            _text(592, y + 81, branch.why, "small"),
        ]
        if branch.leads_on:
            arrow = f'<path d="M60 {y + 76} V{y + ROW}"/>'
            parts.append(arrow + _text(70, y + 101, branch.leads_on, "small"))
    parts.append(_text(24, height - 16, ELSE, "small"))
    return "\n".join([*parts, "</svg>"]) + "\n"


def _text(x: int, y: int, text: str, kind: str) -> str:
    """A line of text, without the back quotes of Markdown."""
    plain = html.escape(text.replace("`", ""))
    return f'<text x="{x}" y="{y}" class="{kind}">{plain}</text>'
