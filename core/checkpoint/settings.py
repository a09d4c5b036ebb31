"""What can be set where a checkpoint is looked into."""

from core.checkpoint.bundled import bundled
from core.settings.declared import catalogue
from core.settings.setting import Choice, Switch

OURS = bundled()
NOTHING = "nothing"
INSIDE = catalogue(
    Choice(
        "bundled",
        "A file of ours",
        next(iter(OURS)),
        "Made by this project, anew on every start.",
        options=tuple(OURS),
    ),
    Choice(
        "compared",
        "Compare it with",
        NOTHING,
        "The file above is the one that is expected, this is the one that is loaded.",
        options=(NOTHING, *OURS),
    ),
    Switch(
        "unwrap",
        "Load the state_dict within",
        False,
        "A training checkpoint holds a state_dict beside other things, such as an optimizer's "
        "state. On: only that state_dict is loaded. Off: the whole file is, as it stands.",
    ),
)
