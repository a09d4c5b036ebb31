"""The ledger: what PyTorch does with a tensor, by the way in which a module holds it.

A row is a small experiment, a column a way to hold a tensor (core.ledger.holders).
"""

import inspect
from dataclasses import dataclass
from types import FunctionType

from core.ledger import experiments as ledger_rows
from core.ledger import slow_experiments as ledger_slow

NOT_RUN = "not run"
NOTHING = "not applicable"
ANSWERS = ("yes", "no", "raises", NOTHING)
ROLES = ("parameter", "buffer", "unsaved buffer", "constant", NOTHING)


@dataclass(frozen=True)
class Row:
    """An experiment, its question, and the outcomes that a learner may guess from."""

    name: str
    question: str
    experiment: FunctionType
    answers: tuple[str, ...] = ANSWERS

    @property
    def slow(self) -> bool:
        return self.experiment.__module__ == ledger_slow.__name__

    @property
    def distributed(self) -> bool:
        return "rank" in inspect.signature(self.experiment).parameters


ROWS = {
    row.name: row
    for row in (
        Row("moved by .to(device)", "Does `module.to(device)` move the mask?",
            ledger_rows.moved_by_to),
        Row("cast by .half()", "The mask is float32. Does `module.half()` cast it?",
            ledger_rows.cast_by_half),
        Row("cast by .to(float64)", "The mask is float32. Does `module.to(torch.float64)` cast it?",
            ledger_rows.cast_by_to),
        Row(".half() on int64", "The mask is int64. Does `module.half()` cast it?",
            ledger_rows.half_of_integers),
        Row(".half() on bool", "The mask is bool. Does `module.half()` cast it?",
            ledger_rows.half_of_booleans),
        Row("in state_dict()", "Is the mask in `module.state_dict()`?", ledger_rows.in_state_dict),
        Row("restored by load_state_dict()", "The module is saved. Does `load_state_dict` bring "
            "the mask's values into a fresh module?",
            ledger_rows.restored),
        Row("in parameters()", "Is the mask among `module.parameters()`?",
            ledger_rows.in_parameters),
        Row("in buffers()", "Is the mask among `module.buffers()`?", ledger_rows.in_buffers),
        Row("in nested named_buffers()",
            "Does `named_buffers(recurse=True)` of an outer module list the mask?",
            ledger_rows.in_nested_buffers),
        Row("receives a gradient", "Does `backward()` leave a gradient in the mask?",
            ledger_rows.receives_gradient),
        Row("cleared by zero_grad()", "The mask has a gradient. Does "
            "`module.zero_grad(set_to_none=True)` clear that?", ledger_rows.cleared_by_zero_grad),
        Row("changed by an optimizer step",
            "Does a step of SGD over `module.parameters()` change the mask?",
            ledger_rows.changed_by_optimizer),
        Row("shrunk by weight decay", "Does AdamW's weight decay shrink the mask?",
            ledger_rows.shrunk_by_weight_decay),
        Row("survives deepcopy",
            "Does a twin, `copy.deepcopy(module)`, have an equal mask of its own?",
            ledger_rows.survives_deepcopy, (*ANSWERS, "shared")),
        Row("survives pickling", "The whole module is pickled and loaded. Does the mask come back?",
            ledger_rows.survives_pickling),
        Row("taken off meta by to_empty()",
            'Built on `meta`: does `module.to_empty(device="cpu")` give the mask memory?',
            ledger_rows.filled_by_to_empty),
        Row("swapped by functional_call()",
            'Does `functional_call(module, {"mask": other}, x)` compute with the other mask?',
            ledger_rows.swapped_by_functional_call),
        Row("role in torch.export", "What does `torch.export` keep the mask as?",
            ledger_slow.role_in_export, ROLES),
        Row("under torch.compile", "What is the mask to the graph that `torch.compile` captures?",
            ledger_slow.under_compile, ("input", "constant", "raises", NOTHING)),
        Row("sent by DDP at the start",
            "Does building `DistributedDataParallel` send rank 0's mask to rank 1?",
            ledger_slow.sent_at_start),
        Row("sent by DDP before a forward",
            "The ranks differ again. Does a forward pass send rank 0's mask to rank 1?",
            ledger_slow.sent_before_forward),
        # Later rows stand at the end, so that those before keep their places in the quiz.
        Row("same object after .to()",
            "Is the mask the very same tensor object after `module.to(torch.float64)`?",
            ledger_rows.same_object_after_to),
        Row("isinstance nn.Buffer after .to()",
            "After `module.to(torch.float64)`: is `isinstance(module.mask, nn.Buffer)` true?",
            ledger_rows.still_an_nn_buffer),
        Row("tied, and still one after .to()",
            "Two modules hold one and the same mask, and both are moved. Is it still one tensor?",
            ledger_rows.still_one_of_two),
        Row("keeps 257 under bfloat16",
            "The mask holds 257. Does it still, after "
            "`module.to(torch.bfloat16).to(torch.float32)`?",
            ledger_rows.keeps_257_in_bfloat16),
        Row("aliased by state_dict()",
            "After `state = module.state_dict()` the mask changes in place. Does `state` change?",
            ledger_rows.aliased_by_state_dict),
        Row("asked for gradients by requires_grad_()",
            "Does `module.requires_grad_(True)` make the mask ask for gradients?",
            ledger_rows.asked_by_requires_grad),
        Row("followed by AveragedModel",
            "What does `torch.optim.swa_utils.AveragedModel(module)` do with the mask's new "
            "values?",
            ledger_rows.followed_by_an_average,
            ("averaged", "copied", "left behind", "shared", "raises", NOTHING)),
        Row("stepped by an optimizer made before .to()",
            "SGD is made, the module moves, and one step is done. Does the step change the mask?",
            ledger_rows.stepped_after_a_move),
        Row("cast by torch.autocast",
            "The mask takes part in a product under `torch.autocast` in bfloat16. Is it bfloat16 "
            "afterwards?",
            ledger_rows.cast_by_autocast),
        Row("followed by AveragedModel(use_buffers=True)",
            "What does `AveragedModel(module, use_buffers=True)` do with the mask's new values?",
            ledger_rows.followed_with_use_buffers,
            ("averaged", "copied", "left behind", "shared", "raises", NOTHING)),
    )
}  # fmt: skip
FAST = tuple(name for name, row in ROWS.items() if not row.slow)
SLOW = tuple(name for name, row in ROWS.items() if row.slow)
