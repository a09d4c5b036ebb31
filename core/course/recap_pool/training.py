"""Questions on what training changes, and what it leaves alone."""

import torch
from torch import nn

from core.cases.case import Choice, prints, raises
from core.course.place import failure
from core.course.recap_pool.places import lab, ledger, training
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
            Choice(CHANGES, "AdamW applies weight decay to every parameter that has a gradient, "
                   "even one of 0.", prints("mask changed", "True")),
            Choice(STAYS, "AdamW skips a parameter only if it has no gradient at all. Here the "
                   "gradient exists, and it is 0.",
                   prints("mask changed", "False")),
        ),
        training("weight decay on the mask", decay="true"),
    ),
    RecapQuestion(
        "decay-of-a-frozen-one", "The mask is a frozen parameter, and the optimizer has it. Does "
        "weight decay change it?", decay_of_a_frozen_one,
        (
            Choice(CHANGES, "The optimizer skips a parameter without a gradient, and so does "
                   "the weight decay.",
                   prints("mask changed", "True")),
            Choice(STAYS, "The mask's `.grad` is `None`, and an optimizer skips such a "
                   "parameter.",
                   prints("mask changed", "False")),
        ),
        ledger("shrunk by weight decay", "frozen parameter"),
    ),
    RecapQuestion(
        "statistics-in-eval", "BatchNorm in `eval()` sees a batch of fives. What does its "
                              "running mean do?",
        statistics_in_eval,
        (
            Choice(CHANGES, "In `eval()` the statistics are used, but not changed.",
                   changed("running mean")),
            Choice(STAYS, "Only in `train()` does BatchNorm change its statistics.",
                   prints("running mean", "[0.0, 0.0]")),
        ),
        training("BatchNorm's buffers", norm="true"),
    ),
    RecapQuestion(
        "statistics-without-gradients", "BatchNorm in `train()`, under `torch.no_grad()`, sees "
                                        "a batch of fives. What does its running mean do?",
                                        statistics_without_gradients,
        (
            Choice(CHANGES, "`forward` writes the statistics, and it needs no gradient for "
                   "that. `no_grad` does not stop this. In `eval()` the statistics stay.",
                   changed("running mean")),
            Choice(STAYS, "`no_grad` switches gradients off, and the statistics need none.",
                   prints("running mean", "[0.0, 0.0]")),
        ),
        failure("still-in-training-mode"),
    ),
    RecapQuestion(
        "buffers-gradient", "The loss goes through a buffer. What is its `.grad` after "
        "`backward()`?", buffers_gradient,
        (
            Choice("a tensor", "A buffer has `requires_grad=False`, so it gets no gradient.",
                   lambda seen: "tensor" in seen.value("gradient")),
            Choice("`None`", "A tensor gets a gradient only with `requires_grad=True`. "
                   "Registering a buffer does not set that.", prints("gradient", "None")),
            Choice("an error is raised", "The weights have `requires_grad=True`, so "
                   "`backward()` works.",
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
        "dropout-in-eval", "Dropout with probability 0.5, in `eval()`, gets four ones. What "
                           "comes out?",
        dropout_in_eval,
        (
            Choice("about two become 0", "That happens in `train()`.",
                   lambda seen: "0.0" in seen.value("output")),
            Choice("all become 0.5", "In `train()` the numbers that are kept are scaled up, so "
                   "`eval()` has nothing to scale.", prints("output", "[0.5, 0.5, 0.5, 0.5]")),
            Choice("all stay 1", "In `eval()` dropout returns its input.",
                   prints("output", "[1.0, 1.0, 1.0, 1.0]")),
        ),
        lab("dropout", inputs="true", dropout="0.5"),
    ),
)  # fmt: skip
