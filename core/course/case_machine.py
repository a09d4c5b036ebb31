"""The cases of the case machine, after modules that everybody uses."""

from core.course import case_modules as modules
from core.course.case import NOT_PERSISTENT, PARAMETER, PERSISTENT, PLAIN, Case
from core.course.place import FAILURES, LEDGER, MOVING, STATE_DICT, TRAINING, Place

PRICE = Place(
    STATE_DICT,
    "state_dict: what masks cost in the file",
    (("keys", "false"), ("price", "true")),
)
NORM = Place(
    TRAINING,
    "Training: what changes without a gradient",
    (("norm", "true"),),
)
BOTH_TRAINED = Place(TRAINING, "Training: what an optimizer changes")
RESTORED = Place(
    LEDGER,
    "What is state? What load_state_dict brings back",
    (("rows", ("restored by load_state_dict()",)), ("row", "restored by load_state_dict()")),
)
_WORDS = "The file is larger, and it keeps working when the formula in the code changes."

CASES = {
    case.slug: case
    for case in (
        Case(
            "causal-mask", "The causal mask of an attention layer",
            "True hides a later token. The constructor makes it from the context length.",
            modules.Attention, "mask", "torch.randn(2, 6, 8)", False, NOT_PERSISTENT,
            "It has to be where the scores are, and the context length gives it back at any time. "
            "So it follows the module and stays out of the file.", PRICE,
            fine={PERSISTENT: "Early releases of GPT-2 saved it. It costs a megabyte a "
                  "layer here, and a file that does not load into another context length."},
        ),
        Case(
            "rotary", "The frequencies of rotary positions",
            "`inv_freq` has one frequency for each pair of numbers, by a formula.",
            modules.RotaryPositions, "inv_freq", "torch.randn(2, 6, 64)", False, NOT_PERSISTENT,
            "A formula gives it, so the file does not need it. It has to follow the module; and "
            "it loses precision where the module is cast to bfloat16.",
            Place(FAILURES, "Failure cases: frequencies in bfloat16",
                  (("case", "frequencies-in-bfloat16"),)),
            fine={PERSISTENT: _WORDS},
        ),
        Case(
            "sinus", "A table of sine and cosine positions",
            "5,000 positions of 64 numbers, by a formula. Nothing trains it.",
            modules.SinusPositions, "table", "torch.randn(2, 6, 64)", False, NOT_PERSISTENT,
            "A formula gives the table back, so saving it is waste.", PRICE,
            fine={PERSISTENT: _WORDS},
        ),
        Case(
            "learned-positions", "A learned embedding of positions",
            "1,024 positions of 64 numbers. They begin at random and are trained.",
            modules.LearnedPositions, "positions", "torch.randn(2, 6, 64)", True, PARAMETER,
            "What a gradient is to change is a parameter: optimizers are handed "
            "`module.parameters()`, and nothing else.", BOTH_TRAINED,
        ),
        Case(
            "running-mean", "BatchNorm's running mean",
            "Each batch in `train()` moves it a little; `eval()` computes with it.",
            modules.Centred, "running_mean", "torch.randn(16, 8) + 3", False, PERSISTENT,
            "It was learned from data, without a gradient. No constructor can give it back, so it "
            "belongs into the file.", NORM,
        ),
        Case(
            "num-batches", "BatchNorm's num_batches_tracked",
            "A whole number that counts batches. The average over all batches is made with it.",
            modules.CountedAverage, "num_batches", "torch.randn(16, 8) + 3", False, PERSISTENT,
            "Training that is taken up again has to know how many batches there were. As a plain "
            "attribute it even works on the device: a CPU tensor without dimensions may meet "
            "others. But it is not saved.", NORM,
        ),
        Case(
            "image-mean", "The mean of the training images' colours",
            "Three numbers that stand in the code; every input is shifted by them.",
            modules.ImageInput, "mean", "torch.rand(2, 3, 4, 4)", False, NOT_PERSISTENT,
            "It has to be where the images are. The code has the numbers, so the file need not.",
            Place(MOVING, "Moving devices: a buffer follows the module",
                  (("start", "buffer"), ("steps", "to-sim.forward"))),
            fine={PERSISTENT: "12 bytes, and the file knows with which numbers it was trained. "
                  "Where each data set has its own, that is the better way."},
        ),
        Case(
            "temperature", "A learned temperature",
            "CLIP multiplies its similarities by `exp(log_scale)`, and trains that number.",
            modules.Similarity, "log_scale", "torch.randn(16, 8)", True, PARAMETER,
            "One number is a parameter as well, if it is to be trained.", BOTH_TRAINED,
        ),
        Case(
            "ema", "An average of the weights over training",
            "After each step the shadow moves a little towards the weight. Only `eval()` uses it.",
            modules.Averaged, "shadow", "torch.randn(16, 8)", False, PERSISTENT,
            "Training made it, no gradient changes it, and without the file it is lost.",
            Place(FAILURES, "Failure cases: averaged weights without the buffers",
                  (("case", "weights-averaged-without-buffers"),)),
        ),
        Case(
            "codebook", "The codebook of a vector quantizer",
            "Each input takes its nearest vector; moving averages drag the vectors along.",
            modules.Quantized, "codebook", "torch.randn(16, 8)", False, PERSISTENT,
            "Moving averages made it from data, so it is saved and no optimizer has it. In the "
            "other form of this layer a loss trains the codebook; there it is a parameter.",
            RESTORED,
        ),
        Case(
            "spectral-norm", "The vector u of spectral normalization",
            "A power iteration improves it in each step of training; `eval()` uses the last one.",
            modules.SpectralNorm, "u", "torch.randn(16, 8)", False, PERSISTENT,
            "It began at random and came closer step by step. A fresh one starts elsewhere, and "
            "divides by another number.", RESTORED,
        ),
        Case(
            "kv-cache", "The keys that generation has computed so far",
            "A table of 1,024 positions, filled from the start of each text.",
            modules.CachedKeys, "keys", "torch.randn(4, 6, 8)", False, NOT_PERSISTENT,
            "It has to be on the device, and nobody needs it in a file: the next text begins anew.",
            PRICE,
            besides={PERSISTENT: "It runs, but the file then has the last text's keys in it, "
                     "which is neither needed nor wanted."},
        ),
        Case(
            "queue", "The queue of keys in contrastive learning",
            "MoCo compares with the last 256 keys. Each batch pushes the oldest out.",
            modules.Contrast, "queue", "torch.randn(16, 8)", False, PERSISTENT,
            "Earlier batches made it. Without it, training goes on against random keys until the "
            "queue is full again.", RESTORED,
        ),
        Case(
            "last-weights", "The last attention weights, kept for a plot",
            "`None` at first; each forward pass puts its own there, and no later one reads them.",
            modules.ShowsWeights, "last_weights", "torch.randn(2, 6, 8)", False, PLAIN,
            "It is a result, not state: every pass makes a new one where its input is.",
            Place(FAILURES, "Failure cases: a result that is kept", (("case", "result-kept"),)),
            fine={NOT_PERSISTENT: "It is moved along for nothing, and does no harm."},
        ),
    )
}  # fmt: skip
