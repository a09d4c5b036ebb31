"""The catalogue of lessons: the pages, in their order."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class Lesson:
    """A page: its file, its title, a Material icon and the question that it answers.

    minutes: how long a first visit takes, the guesses included. kind: a lesson is a part of the
    course, a tool is there when it is needed. questions: the names in the link of the questions
    (`Prediction.answered`) with which the lesson is done. times: of how many different cases its
    one question has to be answered; unit: what these are called on the map. begins: the parameters
    of the link with which the course leads there at first; an address without any opens the page
    with its defaults. alternatives: {another question of the page: the one that it counts as}.
    """

    page: str
    title: str
    icon: str
    question: str
    minutes: int
    kind: Literal["lesson", "tool"] = "lesson"
    questions: tuple[str, ...] = ()
    times: int = 1
    unit: str = "questions"
    begins: Mapping[str, str] = field(default_factory=dict)
    alternatives: Mapping[str, str] = field(default_factory=dict)

    @property
    def number(self) -> int:
        """The lesson's place in the course, from its file's name; 0 is the start."""
        first = self.page.removeprefix("pages/").partition("_")[0]
        return int(first) if first.isdecimal() else 0

    @property
    def question_ids(self) -> tuple[str, ...]:
        """The lesson's questions, by names that no other lesson has."""
        return tuple(f"{self.number}.{name}" for name in self.questions)

    def answer(self, name: str, about: str) -> str:
        """What is kept of an answer to a question: which one, and of which case where that counts.

        about: letters, digits and `-`; it stands for the case.
        """
        name = self.alternatives.get(name, name)
        return f"{self.number}.{name}" + (f":{about}" if self.times > 1 else "")


LESSONS = (
    Lesson(
        "dashboard.py", "Start", ":material/home:", "What is a buffer?", 5, questions=("home_ran",)
    ),
    Lesson(
        "pages/1_Attention_lab.py",
        "Attention lab",
        ":material/science:",
        "Does it matter how a module holds its mask?",
        15,
        questions=("ran",),
        begins={"buffer": "true", "persistent": "false"},
        alternatives={"saved_ran": "ran"},
    ),
    Lesson(
        "pages/2_Moving_devices.py",
        "Moving devices",
        ":material/move_down:",
        "What moves, what stays, and what does it cost?",
        15,
        questions=("ran", "counted_for"),
        alternatives=dict.fromkeys(("lasts_ran", "follows_ran", "halves_ran"), "ran"),
    ),
    Lesson(
        "pages/3_State_dict.py",
        "state_dict",
        ":material/save:",
        "What is saved, what comes back, what breaks?",
        15,
        questions=("keys_ran", "edit_ran", "load_ran", "price_ran"),
        begins={"source": "plain", "change": "zeros"},
    ),
    Lesson(
        "pages/4_What_is_state.py",
        "What is state?",
        ":material/grid_on:",
        "What does PyTorch do with a tensor, by how you hold it?",
        10,
        questions=("ran",),
    ),
    Lesson(
        "pages/5_Training.py",
        "Training",
        ":material/trending_down:",
        "What does training change, and what does it leave alone?",
        10,
        questions=("trained",),
    ),
    Lesson(
        "pages/6_Failure_cases.py",
        "Failure cases",
        ":material/bug_report:",
        "What goes wrong in real projects, and what repairs it?",
        20,
        questions=("ran",),
        times=3,
        unit="cases",
    ),
    Lesson(
        "pages/7_Check_your_module.py",
        "Check your module",
        ":material/fact_check:",
        "Which faults does my module have?",
        5,
        "tool",
    ),
    Lesson(
        "pages/8_Your_own_error.py",
        "Your own error",
        ":material/troubleshoot:",
        "What does this error mean, and how do I fix it?",
        5,
        "tool",
    ),
    Lesson(
        "pages/9_Decision_card.py",
        "Decision card",
        ":material/account_tree:",
        "How do I hold this tensor?",
        20,
        questions=("ran",),
        times=14,
        unit="cases",
    ),
    Lesson(
        "pages/10_Recap.py",
        "Recap",
        ":material/quiz:",
        "What have I learned?",
        15,
        questions=("ran",),
        times=12,
    ),
    Lesson(
        "pages/11_Workshop.py",
        "Workshop",
        ":material/groups:",
        "What does the room predict?",
        5,
        "tool",
    ),
)

# {question of the course: of how many different cases it has to be answered}
QUESTIONS = {name: one.times for one in LESSONS for name in one.question_ids}
_CASE = re.compile(r"[a-z0-9-]{1,60}")


def is_answer(text: str) -> bool:
    """Whether a text is what `Lesson.answer` makes; without a case too, as it once was."""
    question, colon, case = text.partition(":")
    if not colon:
        return question in QUESTIONS
    return QUESTIONS.get(question, 1) > 1 and _CASE.fullmatch(case) is not None


def page_name(page: str) -> str:
    """The name in the address of a page's file: `State_dict` for pages/3_State_dict.py."""
    name = re.sub(r"^\d+_", "", page.rpartition("/")[2].removesuffix(".py"))
    return "" if name == "dashboard" else name


def lesson(page: str) -> Lesson:
    """The Lesson of a page's file."""
    return next(lesson for lesson in LESSONS if lesson.page == page)


def lesson_at(name: str) -> Lesson | None:
    """The Lesson whose page has that name in its address, if there is one."""
    return next((lesson for lesson in LESSONS if page_name(lesson.page) == name), None)
