"""The twelve cells of the ledger that decide most, as a short quiz."""

from dataclasses import dataclass

from core.ledger.holders import HELD
from core.ledger.rows import ROWS
from core.settings.answers import Answers
from core.settings.prediction import prediction
from core.settings.setting import Whole

SAYS = ("yes", "no", "raises")


@dataclass(frozen=True)
class Decisive:
    """A cell of the ledger: its key in the link, its row and its column."""

    key: str
    row: str
    column: str

    @property
    def question(self) -> str:
        """What is asked, Markdown."""
        return f"The mask is **{HELD[self.column]}**. {ROWS[self.row].question}"


DECISIVE = {
    key: Decisive(key, row, column)
    for key, row, column in (
        ("move-plain", "moved by .to(device)", "plain attribute"),
        ("move-unsaved", "moved by .to(device)", "not persistent"),
        ("half-buffer", "cast by .half()", "register_buffer"),
        ("half-int", ".half() on int64", "nn.Parameter"),
        ("save-unsaved", "in state_dict()", "not persistent"),
        ("save-frozen", "in state_dict()", "frozen parameter"),
        ("load-plain", "restored by load_state_dict()", "plain attribute"),
        ("step-buffer", "changed by an optimizer step", "register_buffer"),
        ("decay-parameter", "shrunk by weight decay", "nn.Parameter"),
        ("copy-plain", "survives deepcopy", "plain attribute"),
        ("pickle-closure", "survives pickling", "closure"),
        ("swap-list", "swapped by functional_call()", "list"),
    )
}
CELL = prediction("says", "Your answer", SAYS, "shown", "Answer, and run it")
AT = Whole("at", "Question", 1, "", 1, len(DECISIVE))
TWELVE = Answers("twelve", "First answers", questions=tuple((key, SAYS) for key in DECISIVE))
