"""Questions on what training changes, and on the values of a mask."""

import torch
from torch import nn

from core.cases.case import Choice, prints, raises, works
from core.course.recap_pool.places import failure, lab, ledger, training
from core.course.recap_question import RecapQuestion

CHANGES = "it changes"
STAYS = "it stays"


def step_of_a_buffer():
    model = nn.Linear(2, 2)
    model.register_buffer("scale", torch.ones(2))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    (model(torch.ones(2)) * model.scale).sum().backward()
    optimizer.step()
    print(f"scale: {model.scale.tolist()}")


def decay_without_a_gradient():
    model = nn.Linear(2, 2, bias=False)
    model.mask = nn.Parameter(torch.ones(2))
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1, weight_decay=0.5)
    (model(torch.ones(2)) + 0 * model.mask).sum().backward()
    optimizer.step()
    print(f"gradient: {model.mask.grad.tolist()}")
    print(f"mask changed: {not torch.equal(model.mask, torch.ones(2))}")


def decay_of_a_frozen_one():
    model = nn.Linear(2, 2, bias=False)
    model.mask = nn.Parameter(torch.ones(2), requires_grad=False)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1, weight_decay=0.5)
    (model(torch.ones(2)) * model.mask).sum().backward()
    optimizer.step()
    print(f"mask changed: {not torch.equal(model.mask, torch.ones(2))}")


def statistics_in_eval():
    norm = nn.BatchNorm1d(2).eval()
    norm(torch.full((4, 2), 5.0))
    print(f"running mean: {norm.running_mean.tolist()}")


def statistics_without_gradients():
    norm = nn.BatchNorm1d(2)
    with torch.no_grad():
        norm(torch.full((4, 2), 5.0))
    print(f"running mean: {norm.running_mean.tolist()}")


def buffers_gradient():
    model = nn.Linear(2, 2)
    model.register_buffer("scale", torch.ones(2))
    (model(torch.ones(2)) * model.scale).sum().backward()
    print(f"gradient: {model.scale.grad}")


def listed_parameters():
    model = nn.BatchNorm1d(2)
    print(f"parameters: {[name for name, _ in model.named_parameters()]}")


def dropout_in_eval():
    dropout = nn.Dropout(0.5).eval()
    print(f"output: {dropout(torch.ones(4)).tolist()}")


def last_token_changed():
    x = torch.ones(3, 1)
    hidden = torch.ones(3, 3, dtype=torch.bool).triu(1)
    changed = x.clone()
    changed[2] = 9
    outputs = []
    for tokens in (x, changed):
        scores = (tokens @ tokens.T).masked_fill(hidden, -torch.inf)
        outputs.append(torch.softmax(scores, dim=-1) @ tokens)
    rows = (outputs[0] != outputs[1]).any(dim=1)
    print(f"rows that changed: {(rows.nonzero().flatten() + 1).tolist()}")


def all_hidden():
    scores = torch.zeros(1, 3).masked_fill(torch.ones(1, 3, dtype=torch.bool), -torch.inf)
    print(f"weights: {torch.softmax(scores, dim=-1).tolist()[0]}")


def too_negative():
    scores = torch.zeros(2, dtype=torch.float16)
    scores.masked_fill(torch.tensor([False, True]), -1e9)
    print("it works: True")


def assigned_and_registered():
    model = nn.Linear(2, 2)
    model.mask = torch.ones(2)
    model.register_buffer("mask", torch.ones(2))
    print(f"keys: {list(model.state_dict())}")


def before_super():
    class Early(nn.Module):
        def __init__(self):
            self.register_buffer("mask", torch.ones(2))
            super().__init__()

    print(f"keys: {list(Early().state_dict())}")


def swapped_for_a_call():
    class Scaled(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("scale", torch.ones(1))

        def forward(self, x):
            return x * self.scale

    model = Scaled()
    twice = torch.func.functional_call(model, {"scale": torch.tensor([2.0])}, torch.ones(1))
    print(f"output: {twice.item()}, the buffer afterwards: {model.scale.item()}")


def changed(label):
    """A test: after `label: ` stands something else than what was there before."""
    return lambda seen: seen.value(label) not in ("", "[1.0, 1.0]", "[0.0, 0.0]", "False")


QUESTIONS = (
    RecapQuestion(
        "step-of-a-buffer", "The loss goes through a buffer. Does a step of SGD change it?",
        step_of_a_buffer,
        (
            Choice(CHANGES, "A step changes only what the optimizer was given.", changed("scale")),
            Choice(STAYS, "The optimizer was given `model.parameters()`, and a buffer is not "
                   "among them.", prints("scale", "[1.0, 1.0]")),
        ),
        training("what an optimizer changes"),
    ),
    RecapQuestion(
        "decay-without-a-gradient", "The mask is a parameter, and its gradient is 0. Does AdamW "
        "with weight decay change it?", decay_without_a_gradient,
        (
            Choice(CHANGES, "Weight decay pulls every parameter that has a gradient, even one of "
                   "0.", prints("mask changed", "True")),
            Choice(STAYS, "Weight decay asks whether there is a gradient. The gradient's size "
                   "does not count.",
                   prints("mask changed", "False")),
        ),
        training("weight decay on the mask", decay="true"),
    ),
    RecapQuestion(
        "decay-of-a-frozen-one", "The mask is a frozen parameter, and the optimizer has it. Does "
        "weight decay change it?", decay_of_a_frozen_one,
        (
            Choice(CHANGES, "Weight decay leaves parameters without a gradient alone.",
                   prints("mask changed", "True")),
            Choice(STAYS, "Its `.grad` is `None`, and an optimizer passes over such parameters.",
                   prints("mask changed", "False")),
        ),
        ledger("shrunk by weight decay", "frozen parameter"),
    ),
    RecapQuestion(
        "statistics-in-eval", "BatchNorm in `eval()` sees a batch of fives. Its running mean?",
        statistics_in_eval,
        (
            Choice(CHANGES, "In `eval()` the statistics are used, and not written.",
                   changed("running mean")),
            Choice(STAYS, "Only `train()` moves the statistics.",
                   prints("running mean", "[0.0, 0.0]")),
        ),
        training("BatchNorm's buffers", norm="true"),
    ),
    RecapQuestion(
        "statistics-without-gradients", "BatchNorm in `train()`, within `torch.no_grad()`, sees a "
        "batch of fives. Its running mean?", statistics_without_gradients,
        (
            Choice(CHANGES, "`forward` writes the statistics. No gradient takes part in that, so "
                   "`no_grad` does not stop it. `eval()` stops it.", changed("running mean")),
            Choice(STAYS, "`no_grad` is about gradients, and the statistics need none.",
                   prints("running mean", "[0.0, 0.0]")),
        ),
        failure("still in training mode", "still-in-training-mode"),
    ),
    RecapQuestion(
        "buffers-gradient", "The loss goes through a buffer. What is its `.grad` after "
        "`backward()`?", buffers_gradient,
        (
            Choice("a tensor", "A buffer asks for no gradient unless it is told to.",
                   lambda seen: "tensor" in seen.value("gradient")),
            Choice("`None`", "A tensor asks for no gradient unless it is told to, and "
                   "registering does not tell it.", prints("gradient", "None")),
            Choice("an error is raised", "The weights ask for gradients, so `backward()` works.",
                   raises("Error")),
        ),
        ledger("receives a gradient", "register_buffer"),
    ),
    RecapQuestion(
        "listed-parameters", "What does `named_parameters()` of a BatchNorm list?",
        listed_parameters,
        (
            Choice("weight and bias", "The running statistics and the counter are buffers.",
                   prints("parameters", "['weight', 'bias']")),
            Choice("running_mean and running_var too", "They are buffers, not parameters.",
                   lambda seen: "running_mean" in seen.value("parameters")),
            Choice("nothing: it has statistics only", "It has a weight and a bias by default.",
                   prints("parameters", "[]")),
        ),
        ledger("in parameters()", "register_buffer"),
    ),
    RecapQuestion(
        "dropout-in-eval", "Dropout with probability 0.5, in `eval()`, gets four ones.",
        dropout_in_eval,
        (
            Choice("about two become 0", "It would be so in `train()`.",
                   lambda seen: "0.0" in seen.value("output")),
            Choice("all become 0.5", "In `train()` the numbers that are kept are scaled up, so "
                   "`eval()` has nothing to scale.", prints("output", "[0.5, 0.5, 0.5, 0.5]")),
            Choice("all stay 1", "In `eval()` dropout hands its input on.",
                   prints("output", "[1.0, 1.0, 1.0, 1.0]")),
        ),
        lab("dropout", inputs="true", dropout="0.5"),
    ),
    RecapQuestion(
        "last-token-changed", "Causal attention over three tokens. The last token changes. Which "
        "rows of the output change?", last_token_changed,
        (
            Choice("all three", "The mask hides the last token from the first two.",
                   prints("rows that changed", "[1, 2, 3]")),
            Choice("the last one", "A row sees its own token and those before it.",
                   prints("rows that changed", "[3]")),
            Choice("the first two", "The mask hides the last token from them.",
                   prints("rows that changed", "[1, 2]")),
        ),
        lab("the causality probe", causality="true"),
    ),
    RecapQuestion(
        "all-hidden", "A mask hides every key of a query with -inf. What are the weights?",
        all_hidden,
        (
            Choice("all 0", "`softmax` makes weights that sum to 1. Zeros do not.",
                   prints("weights", "[0.0, 0.0, 0.0]")),
            Choice("one third each", "Three equal scores that are finite would give that.",
                   lambda seen: "0.33" in seen.value("weights")),
            Choice("all nan", "`softmax` divides each number by the sum of all. Here both are 0, "
                   "and 0 / 0 is `nan`. A mask has to leave at least one key in sight.",
                   prints("weights", "[nan, nan, nan]")),
        ),
        failure("a row of nan", "row-of-nan"),
    ),
    RecapQuestion(
        "too-negative", "Float16 scores are filled with -1e9 where the mask hides.", too_negative,
        (
            Choice("it works", "The largest float16 is 65,504, so -1e9 does not fit.", works),
            Choice("an error: overflow", "-1e9 is no float16. `-torch.inf` is, in every floating "
                   "dtype.", raises("overflow")),
        ),
        failure("too negative for half", "too-negative-for-half"),
    ),
    RecapQuestion(
        "assigned-and-registered", "`model.mask = …`, and then `register_buffer(\"mask\", …)`.",
        assigned_and_registered,
        (
            Choice("the mask is a buffer now", "The name is in use by the attribute.",
                   prints("keys", "['weight', 'bias', 'mask']")),
            Choice("an error: it exists already", "`register_buffer` refuses a name that an "
                   "attribute has. Register first, or `del` the attribute.",
                   raises("already exists")),
            Choice("nothing changes", "PyTorch does not pass over this without a word.",
                   prints("keys", "['weight', 'bias']")),
        ),
        failure("assigned, then registered", "assigned-then-registered"),
    ),
    RecapQuestion(
        "before-super", "`register_buffer` stands above `super().__init__()`.", before_super,
        (
            Choice("it works", "The lists of parameters and buffers do not exist yet.", works),
            Choice("an error is raised", "`super().__init__()` makes the list of buffers. Before "
                   "it runs, there is no place for one.", raises("AttributeError")),
            Choice("the buffer is forgotten", "The line raises, so the constructor does not get "
                   "any further.", prints("keys", "[]")),
        ),
        failure("registered before super().__init__()", "before-super-init"),
    ),
    RecapQuestion(
        "swapped-for-a-call", "`functional_call` puts 2 in the place of a buffer of 1. What is "
        "the output for 1, and the buffer afterwards?", swapped_for_a_call,
        (
            Choice("2, and the buffer is 1", "The buffer is swapped for one call, and put back.",
                   prints("output", "2.0, the buffer afterwards: 1.0")),
            Choice("2, and the buffer is 2", "The buffer is put back after the call.",
                   prints("output", "2.0, the buffer afterwards: 2.0")),
            Choice("1: buffers cannot be swapped", "`functional_call` swaps parameters and "
                   "buffers alike.",
                   prints("output", "1.0, the buffer afterwards: 1.0")),
        ),
        ledger("swapped by functional_call()", "register_buffer"),
    ),
)  # fmt: skip
