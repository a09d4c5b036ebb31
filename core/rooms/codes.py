"""Codes that people type, keys that nobody types, and what of them is stored."""

import hashlib
import secrets

# Neither vowels, so no words, nor what looks alike: 0 and O, 1 and I and L, 5 and S, 2 and Z, V.
LETTERS = "BCDFGHJKMNPQRTWX346789"
CODE_LENGTH = 6  # 22**6 are 113 million codes


def new_code() -> str:
    """A code for a room, which nobody can foresee."""
    return "".join(secrets.choice(LETTERS) for _ in range(CODE_LENGTH))


def read_code(text: str) -> str | None:
    """The code that somebody typed, in whichever case and spacing; None where it can be none."""
    if len(text) > 40:
        return None
    code = "".join(c for c in text.upper() if c not in " -._\u00a0")
    return code if len(code) == CODE_LENGTH and set(code) <= set(LETTERS) else None


def spaced(code: str) -> str:
    """A code as it is shown: in two halves."""
    half = len(code) // 2
    return f"{code[:half]} {code[half:]}"


def new_key() -> str:
    """A secret of 128 bits, for an instructor or a learner: 22 characters for a link."""
    return secrets.token_urlsafe(16)


def digest(key: str, code: str) -> str:
    """What is stored of a key: it tells nothing of the key, and differs from room to room."""
    return hashlib.blake2b(key.encode(), key=code.encode(), digest_size=16).hexdigest()
