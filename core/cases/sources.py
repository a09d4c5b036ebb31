"""Where a case was met: references that can be read offline, and the links that they stand for.

A reference is `owner/repo#number` (an issue or a pull request), `owner/repo:path` (a file or a
folder), `forum/number` (a thread of PyTorch's forum) or `docs/page` (PyTorch's documentation).
"""

import re

_KINDS = (
    (r"(?P<repo>[\w.-]+/[\w.-]+)#(?P<number>\d+)", "https://github.com/{repo}/issues/{number}"),
    (r"(?P<repo>[\w.-]+/[\w.-]+):(?P<path>[\w./-]+)", "https://github.com/{repo}/tree/HEAD/{path}"),
    (r"forum/(?P<number>\d+)", "https://discuss.pytorch.org/t/{number}"),
    (r"docs/(?P<page>[\w./-]+)", "https://docs.pytorch.org/docs/stable/{page}.html"),
)


def address(reference: str) -> str:
    """The address of a reference. Nothing is asked of it until somebody opens the link.

    Raises ValueError for a text that is no reference.
    """
    for pattern, form in _KINDS:
        if found := re.fullmatch(pattern, reference):
            return form.format(**found.groupdict())
    raise ValueError(f"{reference!r} is no reference: write owner/repo#number, for example.")


def words(reference: str) -> str:
    """A reference as words that say what it is, without the link."""
    kind, _, rest = reference.partition("/")
    return {
        "forum": f"PyTorch forum, thread {rest}",
        "docs": f"PyTorch documentation, {rest}",
    }.get(kind, reference)
