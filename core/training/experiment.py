"""What Training can run: a Training, validated. `core.training.run` runs it."""

from dataclasses import dataclass

from core.device.available import SIMULATED, available_devices
from core.inputs.embeddings import SIX_TOKENS, embed, tokenize
from core.inputs.sonnets import SONNETS
from core.settings.declared import Declared, declared
from core.settings.setting import Choice, SettingError, Whole
from core.training.modules import OPTIMIZERS

# The first four lines of Shakespeare's Sonnet 18: 41 tokens, so five windows of eight tokens and
# the one that follows the last.
QUATRAIN = "\n".join(SONNETS.splitlines()[:4])
CONTEXT_LENGTHS = {"six tokens": 5, "sonnet": 8}  # tokens in a window
MAX_STEPS = 400
SIM_STEPS = 200  # measured: a step takes about eight times as long as on cpu


@dataclass(frozen=True)
class Training(Declared):
    """What to train, validated on construction (SettingError). Numbers are text, as in the URL."""

    text: str = declared(
        Choice(
            "text",
            "Text",
            "six tokens",
            "What to learn: the embedding of the next token. `sonnet`: the first four lines of "
            "Shakespeare's Sonnet 18 (1609), in five windows of eight tokens; a hash of the seed "
            "and the word gives the embeddings.",
            options=tuple(CONTEXT_LENGTHS),
        )
    )
    optimizer: str = declared(Choice("optimizer", "Optimizer", "AdamW", options=tuple(OPTIMIZERS)))
    learning_rate: str = declared(
        Choice(
            "learning_rate",
            "Learning rate",
            "0.03",
            options=("0.001", "0.003", "0.01", "0.03", "0.1", "0.3"),
        )
    )
    weight_decay: str = declared(
        Choice(
            "weight_decay",
            "Weight decay",
            "0.1",
            "Pulls every parameter of the optimizer towards 0, at each step.",
            options=("0", "0.01", "0.1", "1"),
        )
    )
    mask_start: str = declared(
        Choice(
            "mask_start",
            "Mask parameter, above the diagonal",
            "-4",
            "What is added there to the scores at the start. At `-inf`, `softmax` gives a weight "
            "of 0, and the gradient through it is 0. AdamW leaves such an entry as it is; weight "
            "decay by SGD or Adam turns it into `nan`.",
            options=("-1", "-4", "-8", "-16", "-inf"),
        )
    )
    steps: int = declared(
        Whole(
            "steps",
            "Optimizer steps",
            100,
            f"At most {SIM_STEPS} on `{SIMULATED}`.",
            1,
            MAX_STEPS,
        )
    )
    seed: int = declared(
        Whole("seed", "Seed", 123, "Decides weights and the sonnet's embeddings.", 0, 2**31 - 1)
    )
    device: str = declared(
        Choice(
            "device",
            "Device",
            "cpu",
            "Where all of it runs. For these modules `sim` gives the same numbers as `cpu`, bit "
            "for bit.",
            options=tuple(device.name for device in available_devices()),
        )
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.device == SIMULATED and self.steps > SIM_STEPS:
            raise SettingError(
                "steps",
                self.steps,
                f"at most {SIM_STEPS} on `{SIMULATED}`, where each step takes longer, or up to "
                f"{MAX_STEPS} on `cpu`",
            )

    @property
    def context_length(self) -> int:
        return CONTEXT_LENGTHS[self.text]

    @property
    def embeddings(self) -> tuple[tuple[str, tuple[float, ...]], ...]:
        """(token, numbers) of every token of the text."""
        if self.text == "six tokens":
            return SIX_TOKENS
        return tuple((token, embed(token, self.seed)) for token in tokenize(QUATRAIN))

    @property
    def tokens(self) -> tuple[str, ...]:
        """The tokens of the first window, those of the heatmaps."""
        return tuple(token for token, _ in self.embeddings[: self.context_length])
