"""A place in the course to go to: a page with its settings, and what can be seen there."""

from dataclasses import dataclass


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
