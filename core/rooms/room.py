"""A workshop room: what was asked, what is shown, and who may see which part of it.

A room goes through phases. A question is `open` for answers, then `closed`, then `revealed`; before
the first one the room is in the `lobby`, and at last it has `ended`. Each time that a question is
put to the room is an asking with a number of its own, so a question may be asked again: answers
before and after the reveal are counted apart, and a late answer to an older asking is refused.
"""

import re
from dataclasses import dataclass

LOBBY, OPEN, CLOSED, REVEALED, ENDED = "lobby", "open", "closed", "revealed", "ended"

MOST_OPTIONS = 12
PROMPT_CHARS = 2000
OPTION_CHARS = 200
CONTEXT_CHARS = 1000
CODE_CHARS = 1500
REASON_CHARS = 4000
QUERY_CHARS = 2000
MOST_ASKINGS = 200  # of one room
QUESTION_ID = re.compile(r"[A-Za-z0-9_.:-]{1,60}")
PAGE = re.compile(r"[A-Za-z0-9_]{0,60}")


class RoomError(Exception):
    """What was asked of a room cannot be done. The message says why, for the person who asked."""


class NoRoom(RoomError):
    """There is no room with this code, or there is none any more."""

    def __init__(self) -> None:
        super().__init__("There is no room with this code. Rooms are deleted some hours after use.")


class NotYours(RoomError):
    """The key does not open the room for changes."""

    def __init__(self) -> None:
        super().__init__("Only who opened the room can do this, with its secret link.")


class RoomsFull(RoomError):
    """There are as many rooms as the server takes."""


@dataclass(frozen=True)
class Screen:
    """A screen of the lab: the page's name in the address, and the query without its `?`.

    The home page's name is empty. ValueError for what cannot stand in a link.
    """

    page: str = ""
    query: str = ""

    def __post_init__(self) -> None:
        if not PAGE.fullmatch(self.page):
            raise ValueError(f"{self.page[:60]!r} is no name of a page in the address.")
        printable = self.query.isascii() and self.query.isprintable()
        if len(self.query) > QUERY_CHARS or not printable or set(self.query) & set(' #"<>'):
            raise ValueError(f"A screen's query must be encoded, at most {QUERY_CHARS} characters.")

    @property
    def link(self) -> str:
        """Its address on this server, from the server's root on."""
        return f"/{self.page}" + (f"?{self.query}" if self.query else "")


@dataclass(frozen=True)
class Question:
    """What is put to the room. Texts are Markdown, which learners' pages show as plain text.

    id: letters, digits and `_.:-`, at most 60; the same for the same question asked again.
    screen: the screen of the lab that it is about. context, code: what stands beside the question
    there, in words and in Python; each may be empty. ValueError where another text is empty, one is
    too long, or there are not 2 to 12 different options.
    """

    id: str
    prompt: str
    options: tuple[str, ...]
    screen: Screen = Screen()
    context: str = ""
    code: str = ""

    def __post_init__(self) -> None:
        if not QUESTION_ID.fullmatch(self.id):
            raise ValueError(f"{self.id[:60]!r} is no id of a question.")
        if not 0 < len(self.prompt) <= PROMPT_CHARS:
            raise ValueError(f"A question has 1 to {PROMPT_CHARS} characters.")
        different = len(set(self.options)) == len(self.options)
        if not different or not 2 <= len(self.options) <= MOST_OPTIONS:
            raise ValueError(f"A question has 2 to {MOST_OPTIONS} different options.")
        if not all(0 < len(option) <= OPTION_CHARS for option in self.options):
            raise ValueError(f"An option has 1 to {OPTION_CHARS} characters.")
        if len(self.context) > CONTEXT_CHARS or len(self.code) > CODE_CHARS:
            raise ValueError(
                f"Beside a question stand at most {CONTEXT_CHARS} characters of text and "
                f"{CODE_CHARS} of code."
            )


@dataclass(frozen=True)
class Reveal:
    """What came of it: the index of the option that happened, or None, and the reason."""

    happened: int | None
    reason: str

    def __post_init__(self) -> None:
        if len(self.reason) > REASON_CHARS:
            raise ValueError(f"A reason has at most {REASON_CHARS} characters.")


@dataclass(frozen=True)
class Asking:
    """A question as it was put to the room once.

    number counts the askings of a room from 1 on. round counts those of this question. after_reveal
    is true where its answer had been revealed before.
    """

    number: int
    question: Question
    round: int = 1
    after_reveal: bool = False
    reveal: Reveal | None = None


@dataclass(frozen=True)
class Room:
    """The state of a room. version grows with each of the instructor's changes.

    show_counts: whether learners see the counts while a question is open. screen: where the
    instructor is, for those who follow, or None. plan: links of screens that were prepared. created
    and expires: seconds since 1970.
    """

    code: str
    version: int = 1
    phase: str = LOBBY
    asking: Asking | None = None
    show_counts: bool = False
    screen: Screen | None = None
    plan: tuple[str, ...] = ()
    created: float = 0.0
    expires: float = 0.0

    @property
    def question(self) -> Question | None:
        """The question that is open, closed or revealed now."""
        return self.asking.question if self.asking else None

    @property
    def counts_are_public(self) -> bool:
        """Whether learners may see the counts now."""
        shown = self.phase in (CLOSED, REVEALED) or self.show_counts
        return self.asking is not None and shown


@dataclass(frozen=True)
class Snapshot:
    """A room and the answers to its present question, for its instructor: counts may be secret.

    seq grows with each answer that was taken. counts: how many chose each option, in their order.
    """

    room: Room
    seq: int = 0
    counts: tuple[int, ...] = ()

    @property
    def answered(self) -> int:
        """How many learners have answered."""
        return sum(self.counts)

    @property
    def head(self) -> tuple[int, int]:
        """What is newer has a larger one."""
        return self.room.version, self.seq


@dataclass(frozen=True)
class Answer:
    """What stands as a learner's answer: the index of the option, and the attempt that it was."""

    choice: int
    attempt: int


@dataclass(frozen=True)
class Sent:
    """An answer on its way: to the asking of that number in a room, and whose it is."""

    code: str
    number: int
    learner: str
    answer: Answer


@dataclass(frozen=True)
class Receipt:
    """What became of an answer that was sent.

    status: `taken`; `known` where this attempt or a newer one was there already; `closed` where
    that asking takes no answers (any more); `full` where the room has too many learners; `no room`.
    stands: the learner's answer to that asking now, or None.
    """

    status: str
    stands: Answer | None

    def of_a_room(self) -> "Receipt":
        """The same. Raises NoRoom where there is no such room."""
        if self.status == "no room":
            raise NoRoom
        return self


@dataclass(frozen=True)
class Result:
    """An asking with its counts, for the summary."""

    asking: Asking
    counts: tuple[int, ...]
