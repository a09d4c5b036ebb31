"""Settings: each with a name, a default and a limit, checked in one place.

A Setting serves the URL (`parse` reads its text), the widgets (label, help, limits) and core
(`check` refuses what no widget would send). A refusal names the value, the limit and the way out.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

URL_TEXT_LIMIT = 2000  # characters of one value; longer ones are refused unread
URL_NAMES_LIMIT = 100  # names of a link that are read; a page has some forty controls


class SettingError(ValueError):
    """A value that a setting does not take. The message names the value, the limit, the way out."""

    def __init__(self, name: str, value: Any, limit: str) -> None:
        self.name, self.value, self.limit = name, value, limit
        super().__init__(f"`{name}` is {shorten(value)}, but it must be {limit}.")


def shorten(value: Any, length: int = 40) -> str:
    """A value as safe inline code for a message: one line, bounded, without back quotes.

    Nothing at all is called empty: no text, and what a number box has once its number is deleted.
    """
    text = value if isinstance(value, str) else repr(value)
    if value is None or not text:
        text = "(empty)"
    shown = "".join(c if c.isprintable() and c != "`" else "?" for c in text[:length])
    rest = f" … ({len(text):,} characters)" if len(text) > length else ""
    return f"`{shown or ' '}`{rest}"


def one_of_many(words: Sequence[str]) -> str:
    """A limit in words, for a list that is too long to be named in full: its size and its start."""
    return f"one of {len(words)} words, such as " + ", ".join(f"`{word}`" for word in words[:3])


@dataclass(frozen=True)
class Setting:
    """A named value with a default. Subclasses say in `limit` what they take.

    own: it is a visitor's own, as a guess is, and does not go to those who follow their screen.
    """

    name: str  # in the URL, in the widgets and in core
    label: str
    default: Any
    help: str = ""
    own: bool = field(default=False, kw_only=True)

    limit = "a value"

    def accepts(self, value: Any) -> bool:
        return True

    def convert(self, text: str) -> Any:
        return text

    def check(self, value: Any) -> Any:
        """Return value, or raise SettingError."""
        if not self.accepts(value):
            raise SettingError(self.name, value, self.limit)
        return value

    def parse(self, text: str) -> Any:
        """The value that a URL's text stands for, or SettingError."""
        try:
            if len(text) > URL_TEXT_LIMIT:
                raise ValueError
            return self.check(self.convert(text))
        except ValueError:
            raise SettingError(self.name, text, self.limit) from None


@dataclass(frozen=True)
class Switch(Setting):
    """On or off."""

    limit = "`true` or `false`"

    def accepts(self, value: Any) -> bool:
        return isinstance(value, bool)

    def convert(self, text: str) -> Any:
        return {"true": True, "false": False}.get(text, text)


@dataclass(frozen=True)
class Whole(Setting):
    """A whole number from low to high, both included."""

    low: int = 0
    high: int = 100

    @property
    def limit(self) -> str:
        return f"a whole number from {self.low:,} to {self.high:,}"

    def accepts(self, value: Any) -> bool:
        return type(value) is int and self.low <= value <= self.high

    def convert(self, text: str) -> Any:
        return int(text)


@dataclass(frozen=True)
class Decimal(Setting):
    """A number from low to high, both included."""

    low: float = 0.0
    high: float = 1.0

    @property
    def limit(self) -> str:
        return f"a number from {self.low:g} to {self.high:g}"

    def accepts(self, value: Any) -> bool:
        return type(value) in (int, float) and self.low <= value <= self.high

    def convert(self, text: str) -> Any:
        return float(text)


@dataclass(frozen=True)
class Choice(Setting):
    """One of several words; with default None also none of them yet."""

    options: tuple[str, ...] = ()

    @property
    def limit(self) -> str:
        return "one of " + ", ".join(f"`{option}`" for option in self.options)

    def accepts(self, value: Any) -> bool:
        return value in self.options or (value is None and self.default is None)


@dataclass(frozen=True)
class Listed(Choice):
    """A Choice of more words than radio buttons are good for."""

    @property
    def limit(self) -> str:
        return one_of_many(self.options)


@dataclass(frozen=True)
class Several(Setting):
    """Any number of words out of several, in the order given, none of them twice.

    In a URL each is a parameter of its own: `rows=a&rows=b`. None at all stands for the default,
    which is none.
    """

    default: tuple[str, ...] = ()
    options: tuple[str, ...] = ()

    @property
    def limit(self) -> str:
        return one_of_many(self.options)

    def accepts(self, value: Any) -> bool:
        fits = isinstance(value, tuple) and all(word in self.options for word in value)
        return fits and len(set(value)) == len(value)

    def convert(self, text: str) -> Any:
        return (text,)

    def parse_all(self, texts: Iterable[str]) -> tuple[tuple[str, ...], list[str]]:
        """(words, complaints): those that fit, each once, and a sentence for each that does not."""
        words, complaints = {}, []
        for text in texts:
            try:
                words |= dict.fromkeys(self.parse(text))
            except SettingError as error:
                complaints.append(f"{error} It was left out.")
        return tuple(words), complaints


@dataclass(frozen=True)
class Text(Setting):
    """Text of at most max_chars characters."""

    max_chars: int = 500

    @property
    def limit(self) -> str:
        return f"text of at most {self.max_chars:,} characters"

    def accepts(self, value: Any) -> bool:
        return isinstance(value, str) and len(value) <= self.max_chars


def to_text(value: Any) -> str:
    """A setting's value as a URL writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def read_url(
    parameters: Mapping[str, Sequence[str]], catalogue: Mapping[str, Setting]
) -> tuple[dict[str, Any], list[str]]:
    """Read a URL's parameters: (kept, complaints).

    parameters maps each name to the list of its texts, catalogue each known name to its Setting.
    kept maps each name to the one text that is fit for use, of a Several to a list of them;
    complaints has a sentence for every parameter that was refused, repeated or not known. Order is
    kept; at most ten complaints. Of more than URL_NAMES_LIMIT names the first are read, and of as
    many texts of one name the last.
    """
    kept, complaints = {}, []
    if len(parameters) > URL_NAMES_LIMIT:
        complaints.append(
            f"The link has {len(parameters):,} names, but at most {URL_NAMES_LIMIT} are read. The "
            "others were left out."
        )
    for name, texts in islice(parameters.items(), URL_NAMES_LIMIT):
        if name not in catalogue:
            complaints.append(f"{shorten(name)} is not a setting of this page. It was left out.")
            continue
        setting = catalogue[name]
        if isinstance(setting, Several):
            words, wrong = setting.parse_all(texts[-URL_NAMES_LIMIT:])
            complaints += wrong
            kept |= {name: list(words)} if words else {}
            continue
        if len(texts) > 1:
            complaints.append(f"`{name}` stands {len(texts)} times in the link. The last counts.")
        try:
            kept[name] = to_text(catalogue[name].parse(texts[-1]))
        except SettingError as error:
            complaints.append(f"{error} It was left out.")
    if len(complaints) > 10:
        complaints[9:] = [f"… and {len(complaints) - 9} more of this kind."]
    return kept, complaints
