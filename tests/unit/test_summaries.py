"""What stands on top of long results: built from the result, and true of it."""

import pytest
import torch

from core.cases.case import Failure, Seen
from core.cases.catalogue import CASES
from core.cases.observe import observe
from core.cases.reasons import in_short
from core.ledger import cells, summary
from core.training.experiment import Training
from core.training.run import train
from core.training.summary import summary as of_training


def rows_of(table):
    """The cells of a Markdown table, without its head."""
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.split("\n")[2:]]


def test_the_ledger_in_short_is_what_pytorch_documents():
    found = {(cell.row, cell.column): cell for cell in cells.fast_cells()}
    assert rows_of(summary.summary(found)) == [
        ["a parameter", "yes", "yes", "yes", "yes"],
        ["a frozen parameter", "yes", "yes", "yes", "no"],
        ["a persistent buffer", "yes", "yes", "yes", "no"],
        ["a buffer that is not persistent", "yes", "yes", "no", "no"],
        ["not registered", "no", "no", "no", "no"],
    ]


def test_ways_that_part_are_both_named():
    found = {("moved by .to(device)", way): cells.Cell("", way, outcome, "") for way, outcome in
             (("register_buffer", "yes"), ("nn.Buffer", "no"))}  # fmt: skip
    ways = ("register_buffer", "nn.Buffer")
    assert summary.outcomes(found, "moved by .to(device)", ways) == "yes or no"


def test_training_in_short_says_what_the_run_has():
    run = train(lambda *_: None, Training(steps=20))
    rows = rows_of(of_training(run))
    assert [row[0] for row in rows] == [
        "plain attribute", "buffer", "parameter", "parameter, no decay", "none: BatchNorm",
    ]  # fmt: skip
    for row, module in zip(rows, run.modules.values(), strict=True):
        assert float(row[1]) == pytest.approx(module.losses[-1], rel=0.01)
    assert rows[0][2:] == rows[1][2:] == ["0.0%", "0, bit for bit"]
    masks = run.modules["parameter"].masks
    drift = torch.linalg.vector_norm(masks[-1] - masks[0]).item()
    assert float(rows[2][3]) == pytest.approx(drift, rel=0.01)
    assert rows[4][2] == "–" and rows[4][3].startswith("`running_mean`: ")


def test_training_in_short_says_nan():
    rows = rows_of(
        of_training(train(lambda *_: None, Training(steps=3, mask_start="-inf", optimizer="SGD")))
    )
    assert rows[2][1:] == ["nan", "`nan`", "nan"]


def test_a_case_in_short_names_the_line_that_raises_or_where_both_part():
    raised = Seen(failure=Failure("KeyError", "'mask'", 4, "code"))
    assert in_short(raised, Seen()) == (
        "As it was written, line 4 raises KeyError. With the fix, it runs without an error."
    )
    said = in_short(Seen(("a: 1", "b: 2")), Seen(("a: 1", "b: 3")))
    assert said == "As it was written, it says `b: 2`. With the fix: `b: 3`."
    warned = in_short(Seen(("a: 1",), warnings=("!",)), Seen(("a: 1",)))
    assert warned.startswith("As it was written, it runs, with a warning.")


@pytest.mark.parametrize("slug", ["mask-left-behind", "cast-or-autocast", "stale-alias"])
def test_a_case_in_short_is_seen_in_its_outcome(slug):
    outcome = observe(CASES[slug])
    said = in_short(outcome.broken, outcome.fixed)
    for seen in (outcome.broken, outcome.fixed):
        assert any(f"`{line}`" in said for line in seen.lines) or "raises" in said
