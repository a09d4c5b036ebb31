"""A place in the course to go to: a page with its settings, and what can be seen there."""

from dataclasses import dataclass

from core.cases.catalogue import CASES

LAB, MOVING, STATE_DICT, LEDGER, TRAINING, FAILURES, CHECK, OWN_ERROR = (
    f"pages/{name}.py"
    for name in (
        "1_Attention_lab",
        "2_Moving_devices",
        "3_State_dict",
        "4_What_is_state",
        "5_Training",
        "6_Failure_cases",
        "7_Check_your_module",
        "8_Your_own_error",
    )
)


@dataclass(frozen=True)
class Place:
    """A page, the settings of its link by name, and words for what it shows."""

    page: str
    words: str
    settings: tuple[tuple[str, str | tuple[str, ...]], ...] = ()

    @property
    def link(self) -> dict[str, str | list[str]]:
        """The settings as Streamlit takes them: of a Several, a list of its words."""
        return {k: v if isinstance(v, str) else list(v) for k, v in self.settings}


def failure(slug: str) -> Place:
    """A failure case, under its title."""
    return Place(FAILURES, f"Failure cases: {CASES[slug].title}", (("case", slug),))
