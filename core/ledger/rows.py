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
        Row("moved by .to(device)", "Does `module.to(device)` move it?", ledger_rows.moved_by_to),
        Row("cast by .half()", "Does `module.half()` cast it, a float32 tensor?",
            ledger_rows.cast_by_half),
        Row("cast by .to(float64)", "Does `module.to(torch.float64)` cast it, a float32 tensor?",
            ledger_rows.cast_by_to),
        Row(".half() on int64", "Does `module.half()` cast it, an int64 tensor?",
            ledger_rows.half_of_integers),
        Row(".half() on bool", "Does `module.half()` cast it, a bool tensor?",
            ledger_rows.half_of_booleans),
        Row("in state_dict()", "Is it in `module.state_dict()`?", ledger_rows.in_state_dict),
        Row("restored by load_state_dict()", "Does `load_state_dict` bring its saved values back?",
            ledger_rows.restored),
        Row("in parameters()", "Is it among `module.parameters()`?", ledger_rows.in_parameters),
        Row("in buffers()", "Is it among `module.buffers()`?", ledger_rows.in_buffers),
        Row("in nested named_buffers()",
            "Does `named_buffers(recurse=True)` of an outer module show it?",
            ledger_rows.in_nested_buffers),
        Row("receives a gradient", "Does `backward()` leave a gradient in it?",
            ledger_rows.receives_gradient),
        Row("cleared by zero_grad()", "A gradient was left in it. Does "
            "`module.zero_grad(set_to_none=True)` clear that?", ledger_rows.cleared_by_zero_grad),
        Row("changed by an optimizer step",
            "Does a step of SGD over `module.parameters()` change it?",
            ledger_rows.changed_by_optimizer),
        Row("shrunk by weight decay", "Does AdamW's weight decay shrink it?",
            ledger_rows.shrunk_by_weight_decay),
        Row("survives deepcopy", "Does `copy.deepcopy(module)` have an equal one of its own?",
            ledger_rows.survives_deepcopy, (*ANSWERS, "shared")),
        Row("survives pickling", "Does it come back when the whole module is pickled?",
            ledger_rows.survives_pickling),
        Row("taken off meta by to_empty()",
            'Built on `meta`: does `module.to_empty(device="cpu")` give it memory?',
            ledger_rows.filled_by_to_empty),
        Row("swapped by functional_call()",
            'Does `functional_call(module, {"mask": other}, x)` compute with the other tensor?',
            ledger_rows.swapped_by_functional_call),
        Row("role in torch.export", "What does `torch.export` keep it as?",
            ledger_slow.role_in_export, ROLES),
        Row("under torch.compile", "What is it to the graph that `torch.compile` captures?",
            ledger_slow.under_compile, ("input", "constant", "raises", NOTHING)),
        Row("sent by DDP at the start",
            "Does building `DistributedDataParallel` send rank 0's values to rank 1?",
            ledger_slow.sent_at_start),
        Row("sent by DDP before a forward",
            "The ranks differ again. Does a forward pass send rank 0's values to rank 1?",
            ledger_slow.sent_before_forward),
        # Later rows stand at the end, so that those before keep their places in the quiz.
        Row("same object after .to()",
            "Is it the very same tensor object after `module.to(torch.float64)`?",
            ledger_rows.same_object_after_to),
        Row("isinstance nn.Buffer after .to()",
            "After `module.to(torch.float64)`: is `isinstance(module.mask, nn.Buffer)` true?",
            ledger_rows.still_an_nn_buffer),
        Row("tied, and still one after .to()",
            "Two modules hold the one tensor, and both are moved. Is it still one?",
            ledger_rows.still_one_of_two),
        Row("keeps 257 under bfloat16",
            "It holds 257. Does it after `module.to(torch.bfloat16).to(torch.float32)`?",
            ledger_rows.keeps_257_in_bfloat16),
        Row("aliased by state_dict()",
            "It is changed in place after `state = module.state_dict()`. Does `state` change?",
            ledger_rows.aliased_by_state_dict),
        Row("asked for gradients by requires_grad_()",
            "Does `module.requires_grad_(True)` make it ask for gradients?",
            ledger_rows.asked_by_requires_grad),
        Row("followed by AveragedModel",
            "What does `torch.optim.swa_utils.AveragedModel(module)` do with its new values?",
            ledger_rows.followed_by_an_average,
            ("averaged", "copied", "left behind", "shared", "raises", NOTHING)),
        Row("stepped by an optimizer made before .to()",
            "SGD is made, the module moves, one step is done. Does that change it?",
            ledger_rows.stepped_after_a_move),
        Row("cast by torch.autocast",
            "It takes part in a product under `torch.autocast` in bfloat16. Is it bfloat16 "
            "afterwards?",
            ledger_rows.cast_by_autocast),
        Row("followed by AveragedModel(use_buffers=True)",
            "What does `AveragedModel(module, use_buffers=True)` do with its new values?",
            ledger_rows.followed_with_use_buffers,
            ("averaged", "copied", "left behind", "shared", "raises", NOTHING)),
    )
}  # fmt: skip
FAST = tuple(name for name, row in ROWS.items() if not row.slow)
SLOW = tuple(name for name, row in ROWS.items() if row.slow)
