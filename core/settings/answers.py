"""A learner's first answers to the questions of a quiz, as the link keeps them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.settings.setting import Setting, SettingError


@dataclass(frozen=True)
class Answers(Setting):
    """First answers as text, such as `rotary.1_queue.0`: a question's key, and which option.

    questions: the key and the options of each question. Keys have letters, digits and `-` only.
    Options are counted from 0, so that a link lives on when a question or an option is worded anew.
    """

    default: str = ""
    own: bool = field(default=True, kw_only=True)
    questions: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def limit(self) -> str:
        return f"answers such as `{self.questions[0][0]}.0`, each to a question of this page, once"

    def accepts(self, value: Any) -> bool:
        try:
            self.read(value)
        except (ValueError, KeyError, IndexError, TypeError, AttributeError):
            return False
        return True

    def read(self, text: str) -> dict[str, str]:
        """{key: the option that was chosen} of a text. Raises SettingError for another text."""
        options, found = dict(self.questions), {}
        for piece in text.split("_") if text else ():
            key, _, number = piece.partition(".")
            if key in found or key not in options or not number.isdecimal():
                raise SettingError(self.name, text, self.limit)
            if int(number) >= len(options[key]):
                raise SettingError(self.name, text, self.limit)
            found[key] = options[key][int(number)]
        return found

    def write(self, answers: Mapping[str, str]) -> str:
        """The text of {key: option}."""
        options = dict(self.questions)
        return "_".join(f"{key}.{options[key].index(said)}" for key, said in answers.items())
