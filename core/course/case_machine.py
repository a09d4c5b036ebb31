"""The cases of the case machine, after modules that everybody uses."""

from core.course import case_modules as modules
from core.course.case import NOT_PERSISTENT, PARAMETER, PERSISTENT, PLAIN, Case
from core.course.place import LEDGER, MOVING, STATE_DICT, TRAINING, Place, failure

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
_WORDS = (
    "The file is then larger. In return, it still gives the same values after the formula in the "
    "code has changed."
)

CASES = {
    case.slug: case
    for case in (
        Case(
            "causal-mask", "The causal mask of an attention layer",
            "True hides a later token. The constructor computes it from the context length.",
            modules.Attention, "mask", "torch.randn(2, 6, 8)", False, NOT_PERSISTENT,
            "The mask has to be on the device of the scores, so it is a buffer. The context "
            "length is enough to compute it again, so it need not be in the file.", PRICE,
            fine={PERSISTENT: "Early releases of GPT-2 saved the mask. The file is then a "
            "megabyte larger for each layer here, and a model with another context length "
            "cannot load it."},
        ),
        Case(
            "rotary", "The frequencies of rotary positions",
            "They turn each pair of numbers by an angle that grows with the position. A formula "
            "computes `inv_freq`: one frequency for each pair.",
            modules.RotaryPositions, "inv_freq", "torch.randn(2, 6, 64)", False, NOT_PERSISTENT,
            "`inv_freq` has to move with the module, so it is a buffer. A formula computes it, "
            "so it need not be in the file. Take care: a cast of the module to bfloat16 also "
            "casts this buffer.",
            failure("frequencies-in-bfloat16"),
            fine={PERSISTENT: _WORDS},
        ),
        Case(
            "sinus", "A table of sine and cosine positions",
            "A formula computes 64 numbers for each of 5,000 positions. They are not trained.",
            modules.SinusPositions, "table", "torch.randn(2, 6, 64)", False, NOT_PERSISTENT,
            "The table has to move with the module. A formula computes it, so it need not be in "
            "the file.",
            PRICE,
            fine={PERSISTENT: _WORDS},
        ),
        Case(
            "learned-positions", "A learned embedding of positions",
            "1,024 positions of 64 numbers. They start at random and are trained.",
            modules.LearnedPositions, "positions", "torch.randn(2, 6, 64)", True, PARAMETER,
            "The optimizer has to change the positions. An optimizer usually gets "
            "`module.parameters()`, so they have to be a parameter.", BOTH_TRAINED,
        ),
        Case(
            "running-mean", "BatchNorm's running mean",
            "In `train()`, each batch changes the mean a little. `eval()` computes with it.",
            modules.Centred, "running_mean", "torch.randn(16, 8) + 3", False, PERSISTENT,
            "The mean is learned from data, without a gradient. A new module cannot compute it, "
            "so it has to be in the file.", NORM,
        ),
        Case(
            "num-batches", "BatchNorm's num_batches_tracked",
            "A whole number that counts batches. It is needed for the average over all batches.",
            modules.CountedAverage, "num_batches", "torch.randn(16, 8) + 3", False, PERSISTENT,
            "Training that continues from a file has to know how many batches there were. A plain "
            "attribute works on the device too, because operations there accept a CPU tensor "
            "without dimensions. But it is not saved.", NORM,
        ),
        Case(
            "image-mean", "The mean of the training images' colours",
            "Three numbers that are written in the code. They are subtracted from every input.",
            modules.ImageInput, "mean", "torch.rand(2, 3, 4, 4)", False, NOT_PERSISTENT,
            "The mean has to be on the device of the images. The numbers are in the code, so "
            "they need not be in the file.",
            Place(MOVING, "Moving devices: a buffer follows the module",
                  (("start", "buffer"), ("steps", "to-sim.forward"))),
            fine={PERSISTENT: "The file is 12 bytes larger, and it tells which numbers were "
            "used. If each data set has its own numbers, this is the better way."},
        ),
        Case(
            "temperature", "A learned temperature",
            "CLIP is a model that compares pictures with texts. It multiplies its similarities by "
            "`exp(log_scale)`, and trains that number.",
            modules.Similarity, "log_scale", "torch.randn(16, 8)", True, PARAMETER,
            "The optimizer has to change the temperature. A single number can be a parameter, "
            "too.", BOTH_TRAINED,
        ),
        Case(
            "ema", "An average of the weights over training",
            "After each step, `shadow` moves a little towards the weight. Only `eval()` uses it.",
            modules.Averaged, "shadow", "torch.randn(16, 8)", False, PERSISTENT,
            "Training changes the average without a gradient. A new module can get it only from "
            "the file.",
            failure("weights-averaged-without-buffers"),
        ),
        Case(
            "codebook", "The codebook of a vector quantizer",
            "The codebook is a list of 512 vectors. The layer replaces each input by the nearest "
            "of them. Moving averages then bring this vector closer to its inputs.",
            modules.Quantized, "codebook", "torch.randn(16, 8)", False, PERSISTENT,
            "Moving averages compute the codebook from data, so it is saved, and no optimizer "
            "gets it. In another form of this layer, a loss trains the codebook: there it is a "
            "parameter.",
            RESTORED,
        ),
        Case(
            "spectral-norm", "The vector u of spectral normalization",
            "This layer divides its weight by its largest singular value. It estimates that value "
            "with `u`: each training step improves `u`, and `eval()` uses the last one.",
            modules.SpectralNorm, "u", "torch.randn(16, 8)", False, PERSISTENT,
            "`u` starts at random, and each training step improves it. A new module would start "
            "with other numbers, and so give another output.", RESTORED,
        ),
        Case(
            "kv-cache", "The keys that generation has computed so far",
            "A table of 1,024 positions. Each text fills it from the start.",
            modules.CachedKeys, "keys", "torch.randn(4, 6, 8)", False, NOT_PERSISTENT,
            "The table has to be on the device. It need not be in the file, because the next "
            "text fills it again.",
            PRICE,
            besides={PERSISTENT: "The code runs, but the file then contains the keys of the "
            "last text, which nobody needs."},
        ),
        Case(
            "queue", "The queue of keys in contrastive learning",
            "Contrastive learning compares a batch with other inputs. MoCo, one such method, keeps "
            "256 outputs of earlier batches for that, the keys. New keys replace the oldest ones.",
            modules.Contrast, "queue", "torch.randn(16, 8)", False, PERSISTENT,
            "Earlier batches filled the queue. If it is not in the file, training continues "
            "with random keys until the queue is full again.", RESTORED,
        ),
        Case(
            "last-weights", "The last attention weights, kept for a plot",
            "The attribute is `None` at first. Each forward pass stores its weights there, and "
            "no later one reads them.",
            modules.ShowsWeights, "last_weights", "torch.randn(2, 6, 8)", False, PLAIN,
            "The weights are a result, not state. `.to()` leaves the last ones behind, but each "
            "forward pass makes new ones on the device of its input.",
            failure("result-kept"),
            fine={NOT_PERSISTENT: "The tensor then moves with the module, which does no harm."},
        ),
    )
}  # fmt: skip
