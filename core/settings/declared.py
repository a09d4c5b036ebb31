"""Settings declared as the fields of a frozen dataclass: default, limit, label and help, once.

    @dataclass(frozen=True)
    class Experiment(Declared):
        seed: int = declared(Whole("seed", "Seed", 123, "Decides the weights.", 0, 99))

The dataclass gets the default, `settings_of(Experiment)` gives the Setting to the link and to the
widgets, and a value outside the limit is refused on construction (SettingError).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from typing import Any

from core.settings.setting import Setting


def declared(setting: Setting) -> Any:
    """The dataclass field that a Setting describes. Its name is the field's name."""
    return field(default=setting.default, metadata={"setting": setting})


def settings_of(cls: Any) -> dict[str, Setting]:
    """The Settings of a dataclass by name, in the order of its fields.

    Raises TypeError where a Setting has another name than its field.
    """
    found = {f.name: f.metadata["setting"] for f in fields(cls) if "setting" in f.metadata}
    for name, setting in found.items():
        if setting.name != name:
            raise TypeError(f"the field {name} of {cls.__name__} declares {setting.name!r}")
    return found


@dataclass(frozen=True)
class Declared:
    """Base of dataclasses whose declared fields are checked on construction (SettingError)."""

    def __post_init__(self) -> None:
        for name, setting in settings_of(type(self)).items():
            setting.check(getattr(self, name))


def catalogue(*settings: Setting | Iterable[Setting]) -> dict[str, Setting]:
    """Settings by their name in the link. Raises TypeError where two have the same name."""
    by_name: dict[str, Setting] = {}
    for item in settings:
        for setting in (item,) if isinstance(item, Setting) else item:
            if setting.name in by_name:
                raise TypeError(f"two settings are called {setting.name!r}")
            by_name[setting.name] = setting
    return by_name
