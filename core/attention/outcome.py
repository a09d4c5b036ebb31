"""How a forward pass ended, in the words of the question that is asked before it."""

from enum import StrEnum
from typing import Protocol


class Outcome(StrEnum):
    """What came of it; the values stand in links."""

    WORKS = "it works"
    DEVICE_ERROR = "a device error"
    SOMETHING_ELSE = "something else"


class ErrorText(Protocol):
    """An exception as text."""

    @property
    def type(self) -> str: ...

    @property
    def message(self) -> str: ...


def outcome_of(error: ErrorText | None) -> Outcome:
    """The Outcome that an exception makes, or that none makes.

    PyTorch has no type of its own for a device error. It is a RuntimeError that speaks of devices.
    """
    if error is None:
        return Outcome.WORKS
    about_devices = error.type == "RuntimeError" and "device" in error.message
    return Outcome.DEVICE_ERROR if about_devices else Outcome.SOMETHING_ELSE
