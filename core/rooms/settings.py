"""What can be set of a workshop: on its own page, and of how every page is shown."""

from dataclasses import dataclass
from typing import Any

from core.rooms.questions import SCREEN, screen_at
from core.settings.declared import catalogue
from core.settings.setting import Choice, SettingError, Several, Switch, Text

MOST_SCREENS = 40


@dataclass(frozen=True)
class Screens(Several):
    """Screens in their order, each as a link of a page of ours, such as `State_dict?keys=true`.

    A note may stand behind a `#`.
    """

    limit = f"{SCREEN}; at most {MOST_SCREENS} of them"

    def accepts(self, value: Any) -> bool:
        if not isinstance(value, tuple) or len(value) > MOST_SCREENS:
            return False
        try:
            for link in value:
                screen_at(link)
        except (SettingError, AttributeError):
            return False
        return True

    def parse_all(self, texts: Any) -> tuple[tuple[str, ...], list[str]]:
        """The screens that fit, each once, and a sentence for each that does not."""
        words, complaints = super().parse_all(texts)
        if len(words) > MOST_SCREENS:
            more = SettingError(self.name, f"{len(words)} screens", f"at most {MOST_SCREENS}")
            complaints.append(f"{more} The first ones were kept.")
        return words[:MOST_SCREENS], complaints


PLAN = Screens("plan", "The plan")
SHOWN, HIDDEN = "shown", "hidden"
PRESENT = Switch("present", "Presenter view", False, "Large type for a projector.")
CONTROLS = Choice("controls", "Controls of the lesson", SHOWN, options=(SHOWN, HIDDEN))
JOINED = Text("joined", "The room that a learner is in", "", max_chars=20)
FOLLOW = Switch("follow", "Follow the instructor", False)
LEAD = Switch("lead", "Keep showing my screen to the room", False)
ON_EVERY_PAGE = catalogue(PRESENT, CONTROLS, JOINED, FOLLOW, LEAD)
NOT_SHOWN = frozenset(ON_EVERY_PAGE) - {CONTROLS.name}  # of these, what no other window gets
WORKSHOP = catalogue(
    Text("room", "The room's code", "", max_chars=20),
    PLAN,
    Switch("prepare", "The plan: screens prepared before the workshop", False),
    Switch("summary", "Summary", False),
)
