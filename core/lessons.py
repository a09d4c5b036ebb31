"""The catalogue of lessons: the pages, in their order."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Lesson:
    """A page: its file, its title, a Material icon and the question that it answers."""

    page: str
    title: str
    icon: str
    question: str


LESSONS = (
    Lesson("dashboard.py", "Start", ":material/home:", "What is a buffer?"),
    Lesson(
        "pages/1_Attention_lab.py",
        "Attention lab",
        ":material/science:",
        "Does it matter how a module holds its mask?",
    ),
    Lesson(
        "pages/2_Moving_devices.py",
        "Moving devices",
        ":material/move_down:",
        "What moves, what stays, and what does it cost?",
    ),
    Lesson(
        "pages/3_State_dict.py",
        "state_dict",
        ":material/save:",
        "What is saved, what comes back, what breaks?",
    ),
    Lesson(
        "pages/4_What_is_state.py",
        "What is state?",
        ":material/grid_on:",
        "What does PyTorch do with a tensor, by how you hold it?",
    ),
    Lesson(
        "pages/5_Training.py",
        "Training",
        ":material/trending_down:",
        "What does training change, and what does it leave alone?",
    ),
    Lesson(
        "pages/6_Failure_cases.py",
        "Failure cases",
        ":material/bug_report:",
        "What goes wrong in real projects, and what repairs it?",
    ),
    Lesson(
        "pages/7_Check_your_module.py",
        "Check your module",
        ":material/fact_check:",
        "Which of these faults does a module of yours have?",
    ),
)


def lesson(page: str) -> Lesson:
    """The Lesson of a page's file."""
    return next(lesson for lesson in LESSONS if lesson.page == page)
