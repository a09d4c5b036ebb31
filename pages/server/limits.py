"""What the server gives to all its visitors together, and the variables that change it.

Each is read once, at the start, from the environment; the README lists them.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields

MB = 2**20


@dataclass(frozen=True)
class Limits:
    """Bounds of a server. Times are in seconds."""

    upload_mb: int = 512  # of uploaded files in memory, of all sessions
    upload_session_mb: int = 160  # of one session
    upload_address_mb: int = 320  # of all sessions of one network address
    header_seconds: int = 20  # in which a request line and its headers have to be there
    body_seconds: int = 600  # in which what a request sends has to be there
    run_seconds: int = 300  # that one run of a page may take in the server
    open_files: int = 16_384  # what the soft limit of open files is raised to, if it may

    def __post_init__(self) -> None:
        for field in fields(self):
            if getattr(self, field.name) < 1:
                raise ValueError(f"{variable(field.name)} must be a whole number from 1 on.")


def variable(name: str) -> str:
    """The environment's name of a bound."""
    return f"BUFFER_LAB_{name.upper()}"


def from_environment(environment: Mapping[str, str] = os.environ) -> Limits:
    """The bounds that the environment asks for; ValueError with name and value where it can't."""
    asked = {}
    for field in fields(Limits):
        text = environment.get(variable(field.name))
        if text:
            try:
                asked[field.name] = int(text)
            except ValueError:
                raise ValueError(
                    f"{variable(field.name)} is {text!r}, but it must be a whole number from 1 on."
                ) from None
    return Limits(**asked)


def is_on(name: str, environment: Mapping[str, str] = os.environ) -> bool:
    """Whether the environment switches something on; ValueError where it is neither 0 nor 1."""
    text = environment.get(variable(name), "")
    if text not in ("", "0", "1"):
        raise ValueError(f"{variable(name)} is {text!r}, but it must be 0 or 1.")
    return text == "1"


LIMITS = from_environment()
SEND_UNCHANGED = is_on("send_unchanged")  # also what a browser shows already, as Streamlit does
