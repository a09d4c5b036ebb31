"""Which words of the glossary each page uses, in the order in which a reader meets them."""

import re
from collections.abc import Mapping

from core.glossary.words import GLOSSARY, meaning

_STATE = ("parameter", "buffer", "persistent buffer", "non-persistent buffer", "plain attribute")
ON_PAGE: Mapping[str, tuple[str, ...]] = {
    "dashboard.py": (
        "module", "parameter", "causal mask", "device", "`sim`", "buffer", "plain attribute",
        "state_dict",
    ),
    "pages/1_Attention_lab.py": (
        "module", "parameter", "causal mask", "buffer", "plain attribute", "device", "`sim`",
        "attention scores", "attention weights", "context vector", "state_dict",
        "non-persistent buffer", "SDPA",
    ),
    "pages/2_Moving_devices.py": (
        "module", "parameter", "plain attribute", "buffer", "device", "`sim`", "meta device",
        "None buffer",
    ),
    "pages/3_State_dict.py": (
        "state_dict", "checkpoint", "module", *_STATE, "causal mask", "`sim`", "meta device",
        "device", "DataParallel", "torch.compile", "pickle", "safetensors",
    ),
    "pages/4_What_is_state.py": (
        "module", *_STATE, "frozen parameter", "None buffer", "closure", "device", "state_dict",
        "optimizer", "`sim`", "meta device", "`_apply`", "weight decay", "torch.compile",
    ),
    "pages/5_Training.py": (
        "module", "device", "`sim`", "optimizer", "parameter", "buffer", "plain attribute",
        "weight decay", "running statistics", "attention weights",
    ),
    "pages/6_Failure_cases.py": (
        "module", *_STATE, "device", "state_dict", "checkpoint", "optimizer", "running statistics",
        "attention weights", "`sim`", "meta device", "DataParallel", "torch.compile",
        "extra state",
    ),
    "pages/7_Check_your_module.py": (
        "module", "parameter", "buffer", "plain attribute", "closure", "state_dict", "device",
        "`sim`", "meta device",
    ),
    "pages/8_Your_own_error.py": (
        "module", "device", "`sim`", "parameter", "buffer", "state_dict", "meta device",
        "optimizer", "pickle",
    ),
    "pages/9_Decision_card.py": (
        "module", *_STATE, "device", "causal mask", "running statistics", "state_dict", "optimizer",
    ),
    "pages/10_Recap.py": (
        "module", *_STATE, "state_dict", "`sim`", "optimizer", "running statistics",
    ),
}  # fmt: skip


def words_on(page: str, told: bool = True) -> dict[str, str]:
    """{word: what it means} of a page; empty of a page that has no words to explain.

    told: with what a question of the page asks about the words.
    """
    return {word: meaning(word, told) for word in ON_PAGE.get(page, ())}


# Of which a question may be explained before it is answered, and how a text names them.
_BEFORE_ANSWERS = {
    "`sim`": r"\bsim\b",
    "meta device": r"\bmeta\b",
    "SDPA": r"\bSDPA\b",
}


def words_in(text: str, page: str) -> dict[str, str]:
    """{word: what it means} of the words of a page that a question's text uses.

    Only words that give no answer away.
    """
    return {
        word: GLOSSARY[word]
        for word, pattern in _BEFORE_ANSWERS.items()
        if word in ON_PAGE.get(page, ()) and re.search(pattern, text)
    }
