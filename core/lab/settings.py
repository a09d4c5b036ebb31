"""The attention lab's settings: every control of the page, by the name that it has in the URL."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from core.inputs.embeddings import SIX_TOKENS, embed, numbers_to_text, text_to_numbers, tokenize
from core.inputs.sonnets import TOKENS, first_tokens
from core.lab.experiment import (
    MAX_NUMBER,
    MAX_TOKENS,
    Experiment,
    Rows,
    check_rows,
)
from core.settings.declared import catalogue, settings_of
from core.settings.outcome_question import outcome_prediction
from core.settings.prediction import PREDICT, Prediction, prediction
from core.settings.setting import Choice, Switch, Text, Whole

MAX_TYPED_TOKENS = 64  # tokens that a visitor types, so that the link can carry them


@dataclass(frozen=True)
class Sentence(Text):
    """A sentence of 1 to MAX_TYPED_TOKENS tokens."""

    @property
    def limit(self) -> str:
        return (
            f"1 to {MAX_TYPED_TOKENS} words or punctuation marks, "
            f"{self.max_chars} characters at most"
        )

    def accepts(self, value: Any) -> bool:
        return super().accepts(value) and 1 <= len(tokenize(value)) <= MAX_TYPED_TOKENS


@dataclass(frozen=True)
class Numbers(Text):
    """Embeddings as text: the numbers of a token separated by spaces, tokens by semicolons."""

    @property
    def limit(self) -> str:
        return (
            f"1 to {MAX_TYPED_TOKENS} rows of 3 numbers from {-MAX_NUMBER:g} to {MAX_NUMBER:g}, "
            f"such as `0.43 0.15 0.89; 0.55 0.87 0.66`, in {self.max_chars:,} characters at most"
        )

    def accepts(self, value: Any) -> bool:
        try:
            rows = text_to_numbers(value) if super().accepts(value) else ()
            return len(rows) <= MAX_TYPED_TOKENS and bool(check_rows(self.name, rows))
        except ValueError:
            return False


OUTCOME = outcome_prediction("Run the forward pass")
SAVED_ANSWERS = (
    "it is saved",
    "it is not saved, and forward works",
    "it is not saved, and forward raises",
)
SAVED = prediction(
    "saved_guess", "What about the mask?", SAVED_ANSWERS, "saved_ran", "Run the forward pass"
)
PARTS = settings_of(Experiment)  # the controls that decide what runs
LAB = catalogue(
    Switch(
        "buffer",
        "Register the mask as a buffer",
        False,
        'On: `self.register_buffer("mask", …)`. Off: `self.mask = …`, a plain attribute.',
    ),
    PARTS.values(),
    Choice(
        "input",
        "Input",
        "example",
        "Where the input embeddings come from.",
        options=("example", "sentence", "numbers", "text"),
    ),
    Whole(
        "tokens",
        "Tokens",
        64,
        f"So many words and punctuation marks of Shakespeare's sonnets 18, 116 and 73, which "
        f"begin again after {len(TOKENS)}.",
        1,
        MAX_TOKENS,
    ),
    Sentence("sentence", "Your sentence", "A buffer moves with its module.", max_chars=500),
    Numbers(
        "x",
        "The same numbers as text",
        numbers_to_text(row for _, row in SIX_TOKENS),
        "Three numbers a token, tokens separated by semicolons. The link carries this text.",
        max_chars=1900,
    ),
    Switch("compare", "Compare", True, "Show the other variant beside the chosen one."),
    PREDICT,
    OUTCOME,
    SAVED,
    Whole("query", "Query to work through", 2, "", 1, MAX_TOKENS),
    Whole("changed", "Token to change", MAX_TOKENS, "", 1, MAX_TOKENS),
    Whole("zoom_query", "First query of the window", 1, "", 1, MAX_TOKENS),
    Whole("zoom_key", "First key of the window", 1, "", 1, MAX_TOKENS),
    Switch("inputs", "Change the settings", False),
    Switch("zoom", "Zoom into a window", False),
    Switch("pipeline", "The whole pipeline", False),
    Switch("tensors", "The tensor table", False),
    Switch("causality", "The causality probe", False),
    Switch("code", "The code", False),
)

HOME = {  # the home page's one control
    "moved": Switch(
        "moved",
        'Both modules were moved by `model.to("sim")`',
        True,
        "Switch it off to see both on the CPU again, where they were built.",
    )
}


@dataclass(frozen=True)
class LabSettings:
    """The lab's screen, as a value: what to run and what to show of it."""

    experiment: Experiment
    buffer: bool
    compare: bool
    predict: bool

    @property
    def asks(self) -> str:
        """The question to the learner, in words."""
        name = "CausalAttentionWithBuffer" if self.buffer else "CausalAttentionWithoutBuffers"
        if self.asks_of_saving:
            return (
                "The buffer has `persistent=False`. Will `mask` be saved, which means: be in the "
                "`state_dict`? If it is not, will `forward` still work on "
                f"`{self.experiment.device}`?"
            )
        return f"What will `{name}` do on `{self.experiment.device}`?"

    @property
    def asks_of_saving(self) -> bool:
        """Whether the question is about the state_dict: the mask is a non-persistent buffer."""
        return self.buffer and not self.experiment.persistent

    @property
    def prediction(self) -> Prediction:
        """The choices of the question."""
        return SAVED if self.asks_of_saving else OUTCOME

    @property
    def question(self) -> str:
        """A short name for what the learner is asked.

        It has only what decides the outcome, so changing a seed asks nothing anew.
        """
        e = self.experiment
        parts = ["buffer" if self.buffer else "plain", e.device]
        parts += ["moved"] * e.move_model + ["byhand"] * e.move_mask
        parts += ["toolong"] * (len(e.tokens) > e.context_length)
        return "-".join(parts)


def asked_about(settings: LabSettings, link: Mapping[str, str]) -> LabSettings:
    """The LabSettings whose question is asked, given the parameters of the link.

    With both variants on the screen, one answer has shown both. So where the link says that the
    other variant's question was answered, that question stays. The question whether a mask is
    saved is another, and is asked all the same.
    """
    other = replace(settings, buffer=not settings.buffer)
    asked = other.prediction
    answers = (asked.answer(other.question, (choice,)) for choice in asked.guess.options)
    shown = settings.compare and not settings.asks_of_saving
    return other if shown and link.get(asked.answered.name) in answers else settings


def lab_settings(values: Mapping[str, Any]) -> LabSettings:
    """The LabSettings that a mapping of control names to values describes; else SettingError."""
    for name in ("buffer", "compare", "predict", "input"):
        LAB[name].check(values[name])
    tokens, rows = input_embeddings(values)
    parts = {name: values[name] for name in PARTS}
    return LabSettings(
        Experiment(tokens, rows, **parts),
        *(values[name] for name in ("buffer", "compare", "predict")),
    )


def input_embeddings(values: Mapping[str, Any]) -> tuple[tuple[str, ...], Rows]:
    """(tokens, rows) of the chosen input; SettingError where its text does not fit."""
    if values["input"] == "example":
        return tuple(token for token, _ in SIX_TOKENS), tuple(row for _, row in SIX_TOKENS)
    if values["input"] == "sentence":
        tokens = tokenize(LAB["sentence"].check(values["sentence"]))
        return tokens, tuple(embed(token, values["seed"]) for token in tokens)
    if values["input"] == "text":
        tokens = first_tokens(LAB["tokens"].check(values["tokens"]))
        return tokens, tuple(embed(token, values["seed"]) for token in tokens)
    rows = text_to_numbers(LAB["x"].check(values["x"]))
    return tuple(f"token {i}" for i in range(1, len(rows) + 1)), rows
