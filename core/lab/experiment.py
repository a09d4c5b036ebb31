"""What the lab can run: an Experiment, validated. `core.lab.run` runs it."""

from dataclasses import dataclass

from core.device.available import SIMULATED, available_devices
from core.inputs.embeddings import D_IN, SIX_TOKENS
from core.settings.declared import Declared, declared
from core.settings.setting import Choice, Decimal, SettingError, Switch, Whole

MAX_TOKENS = 4096
MAX_NUMBER = 1000.0  # the largest size of a number in an input embedding

Rows = tuple[tuple[float, ...], ...]  # (num_tokens, d_in)


@dataclass(frozen=True)
class Experiment(Declared):
    """What to run, validated on construction (SettingError). Both variants always run.

    tokens names the rows of `rows`; each row holds the D_IN numbers of one input embedding. The
    other fields are controls of the page, by their names in the link. A context_length of 0 becomes
    the number of tokens.
    """

    tokens: tuple[str, ...] = tuple(token for token, _ in SIX_TOKENS)
    rows: tuple[tuple[float, ...], ...] = tuple(row for _, row in SIX_TOKENS)
    persistent: bool = declared(
        Switch(
            "persistent",
            "Persistent",
            True,
            "What `register_buffer` is given as `persistent`. A plain attribute has no such "
            "choice.",
        )
    )
    device: str = declared(
        Choice(
            "device",
            "Device",
            SIMULATED,
            "Where the model and the input go.",
            options=tuple(device.name for device in available_devices()),
        )
    )
    move_model: bool = declared(
        Switch(
            "move_model",
            "Move the model after construction",
            True,
            "Runs `model.to(device)`, as most training scripts do.",
        )
    )
    move_mask: bool = declared(
        Switch(
            "move_mask",
            "Move the mask by hand",
            False,
            "Runs `model.mask = model.mask.to(device)` once, after the model was moved.",
        )
    )
    context_length: int = declared(
        Whole(
            "context_length",
            "Context length (0: as many as tokens)",
            0,
            "Rows and columns of the mask.",
            0,
            MAX_TOKENS,
        )
    )
    d_out: int = declared(Whole("d_out", "d_out", 2, "Numbers in a query, a key, a value.", 1, 16))
    dropout: float = declared(
        Decimal(
            "dropout",
            "Dropout",
            0.0,
            "The probability with which an attention weight is set to 0.",
            0.0,
            0.9,
        )
    )
    qkv_bias: bool = declared(
        Switch("qkv_bias", "qkv_bias", False, "Gives the three linear layers a bias.")
    )
    seed: int = declared(
        Whole(
            "seed",
            "Seed",
            123,
            "Decides weights, dropout and a sentence's embeddings.",
            0,
            2**31 - 1,
        )
    )
    weights: str = declared(
        Choice(
            "weights",
            "Weights of the two variants",
            "same",
            "`same`: both modules start from the seed and have equal weights. `notebook`: the "
            "second module gets the random numbers after the first one's, as in the notebook that "
            "this course follows; so their weights differ.",
            options=("same", "notebook"),
        )
    )

    def __post_init__(self) -> None:
        check_rows("rows", self.rows)
        if len(self.tokens) != len(self.rows):
            raise SettingError("tokens", len(self.tokens), f"one for each of {len(self.rows)} rows")
        super().__post_init__()
        if self.context_length == 0:
            object.__setattr__(self, "context_length", len(self.rows))


def check_rows(name: str, rows: Rows) -> Rows:
    """Return rows, or raise SettingError unless they are 1 to MAX_TOKENS embeddings."""
    if not 1 <= len(rows) <= MAX_TOKENS:
        raise SettingError(name, f"{len(rows)} tokens", f"1 to {MAX_TOKENS} tokens")
    for position, row in enumerate(rows, start=1):
        if len(row) != D_IN:
            raise SettingError(
                name, f"{len(row)} numbers in row {position}", f"{D_IN} numbers in every row"
            )
        for number in row:
            if not abs(number) <= MAX_NUMBER:  # also refuses nan
                raise SettingError(
                    name, f"{number:g}", f"numbers from {-MAX_NUMBER:g} to {MAX_NUMBER:g}"
                )
    return rows
