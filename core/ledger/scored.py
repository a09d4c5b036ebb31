"""The score of the quiz on all cells, as the link keeps it: short, for hundreds of cells.

A row is the checksum of its name in four letters or digits, and a character for each way to hold
the tensor: `.` where there is no answer yet; else the number of the answer among the row's, as a
digit where it was right, and as a letter (`a` is 0) where it was not. So new rows do not disturb
the scores of old links.
"""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.ledger.holders import WAYS
from core.ledger.rows import ROWS
from core.settings.setting import Setting, SettingError

Scores = dict[str, dict[str, tuple[str, bool]]]  # row: {column: (first answer, whether right)}
_CODE = 4  # characters of a row's name
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def row_code(row: str) -> str:
    """Four characters for a row, made from its name."""
    number, letters = zlib.crc32(row.encode()), ""
    for _ in range(_CODE):
        number, place = divmod(number, len(_DIGITS))
        letters += _DIGITS[place]
    return letters


BY_CODE = {row_code(row): row for row in ROWS}


@dataclass(frozen=True)
class Scored(Setting):
    """First answers to cells of the ledger, and whether each was right."""

    default: str = ""
    limit = f"rows such as `{row_code(next(iter(ROWS)))}0.b.......`, with an underscore between"

    def accepts(self, value: Any) -> bool:
        try:
            self.read(value)
        except (SettingError, TypeError, AttributeError):
            return False
        return True

    def read(self, text: str) -> Scores:
        """The Scores of a text. Raises SettingError for another text."""
        scores: Scores = {}
        for piece in text.split("_") if text else ():
            row, signs = BY_CODE.get(piece[:_CODE]), piece[_CODE:]
            if row is None or row in scores or len(signs) != len(WAYS):
                raise SettingError(self.name, text, self.limit)
            answers = ROWS[row].answers
            scores[row] = {}
            for column, sign in zip(WAYS, signs, strict=True):
                if sign == ".":
                    continue
                right = sign.isdecimal()
                number = "0123456789".find(sign) if right else "abcdefghij".find(sign)
                if not 0 <= number < len(answers):
                    raise SettingError(self.name, text, self.limit)
                scores[row][column] = (answers[number], right)
        return scores

    def write(self, scores: Mapping[str, Mapping[str, tuple[str, bool]]]) -> str:
        """The text of Scores."""
        return "_".join(
            row_code(row) + "".join(self._sign(row, cells.get(column)) for column in WAYS)
            for row, cells in scores.items()
            if cells
        )

    def _sign(self, row: str, said: tuple[str, bool] | None) -> str:
        if said is None:
            return "."
        number = ROWS[row].answers.index(said[0])
        return ("0123456789" if said[1] else "abcdefghij")[number]


SCORED = Scored("scored", "First answers to all cells", own=True)
