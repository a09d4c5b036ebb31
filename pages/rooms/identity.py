"""Cookies: a learner's id, which is a random number, and an instructor's key of a room.

Scripts of a page cannot read either (HttpOnly), and pages of other sites do not send them along
(SameSite=Lax). A Streamlit page finds them in `st.context.cookies`.
"""

from collections.abc import Mapping

LEARNER_COOKIE = "buffer_lab_learner"


def key_cookie(code: str) -> str:
    """The name of the cookie with the key of a room."""
    return f"buffer_lab_room_{code}"


def key_of(cookies: Mapping[str, str], code: str) -> str:
    """The key of a room that a browser has, or nothing."""
    return cookies.get(key_cookie(code), "")


def learner_of(cookies: Mapping[str, str]) -> str:
    """The learner's id that a browser has, or nothing."""
    return cookies.get(LEARNER_COOKIE, "")
