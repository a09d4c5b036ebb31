"""Where a workshop's room meets the gates of lessons; `pages/rooms` says what happens there.

Components import no folder of pages, so the room comes to them: it sets itself as HOST.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from core.settings.prediction import YOU_SAID, Prediction
from core.settings.setting import Setting

Catalogue = Mapping[str, Setting]


@dataclass(frozen=True)
class Gate:
    """A question on a page: where it stands, what it asks (Markdown), and what it is about.

    context (Markdown) and code: what the page shows beside the question, to answer it by.
    """

    page: str
    prediction: Prediction
    question: str
    about: str
    context: str = ""
    code: str = ""


class Host(Protocol):
    """Whoever has a room beside the pages, and puts the questions of gates to it."""

    def at_page(self, page: str, catalogue: Catalogue) -> None:
        """A page has its navigation, and nothing else so far. catalogue: what its link may set."""

    def page_done(self, page: str, catalogue: Catalogue) -> None:
        """A page was drawn: its link says what is on it."""

    def at_gate(self, gate: Gate) -> None:
        """A gate has its question, and nothing below it so far."""

    def opened(self, gate: Gate) -> None:
        """A gate is open: what follows on the page is what happened."""

    def who_said(self, guess: str, said: str) -> str:
        """Who made a guess at the gate that was opened last, such as `you said`.

        guess: the name of its Choice, empty where it has only one; said: what was guessed.
        """
        ...

    def happened(self, guess: str, happened: str, reason: str) -> None:
        """What came out of the gate that was opened last. guess: the name
        of its Choice, empty where it has only one."""


class Nobody:
    """No room: nothing happens."""

    def at_page(self, page: str, catalogue: Catalogue) -> None: ...
    def page_done(self, page: str, catalogue: Catalogue) -> None: ...
    def at_gate(self, gate: Gate) -> None: ...
    def opened(self, gate: Gate) -> None: ...
    def who_said(self, guess: str, said: str) -> str:
        return YOU_SAID

    def happened(self, guess: str, happened: str, reason: str) -> None: ...


HOST: list[Host] = [Nobody()]  # the last one counts


def host() -> Host:
    """The Host of this server."""
    return HOST[-1]
