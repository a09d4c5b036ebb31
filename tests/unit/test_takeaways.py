"""A take-away fits the run that it stands under: each sentence is held against what happened."""

import io
import itertools
import re

import pytest
import torch
from torch import nn

from core.attention.mask_variants import BoolBuffer
from core.cases import takeaway as of_cases
from core.cases.catalogue import CASES
from core.cases.observe import Outcome, kept_outcome
from core.check import takeaway as of_checks
from core.check.report import KINDS as FOUND
from core.check.shipped import check_shipped
from core.checkpoint import takeaway as of_files
from core.checkpoint.report import compare_packed, look
from core.course import takeaway as of_course
from core.course.case import CHOICES
from core.course.case_machine import CASES as DECISIONS
from core.course.case_program import run as decide
from core.lab.experiment import Experiment
from core.lab.run import run as run_lab
from core.lab.takeaway import takeaway as of_lab
from core.ledger import takeaway as of_ledger
from core.ledger.cells import Cell, fast_cells
from core.ledger.holders import WAYS
from core.mask_cost.results import Cost, Report, TimingSummary
from core.mask_cost.settings import NAMES
from core.mask_cost.takeaway import takeaway as of_cost
from core.moving.copies import crossings
from core.moving.steps import PRESETS, STARTS, STEPS, Timeline
from core.moving.takeaway import copies_takeaway
from core.moving.takeaway import takeaway as of_timeline
from core.moving.timeline import run_timeline
from core.own_error import takeaway as of_errors
from core.own_error.catalogue import KINDS
from core.state_dict import takeaway as of_state
from core.state_dict.edit_mask import EDITS, UNSAVED, VARIANTS, save_edit_load
from core.state_dict.keys import HELD_AS, build, listings
from core.state_dict.load_failures import run as load
from core.state_dict.loading import PRESETS as LOADS
from core.state_dict.size import prices
from core.training.experiment import Training
from core.training.run import train
from core.training.takeaway import takeaway as of_training


def one_sentence(text):
    """Whether a text is one sentence of a length that can be kept."""
    assert text[-1] == "." and 15 < len(text) < 130, text
    assert not re.search(r"[.!?] [A-Z]", re.sub(r"`[^`]*`", "", text)), text
    return True


LAB = {  # what a sentence says: whether it is so, of (held as a buffer, experiment, raised, keys)
    "A mask serves at most": lambda b, e, raised, keys: len(e.rows) > e.context_length and raised,
    "To move one tensor by hand": lambda b, e, raised, keys: (
        raised and e.move_mask and not e.move_model
    ),
    "To register a buffer moves nothing": lambda b, e, raised, keys: (
        raised and not e.move_model and not e.move_mask
    ),
    "`model.to(device)` moves parameters": lambda b, e, raised, keys: (
        raised and e.move_model and not b
    ),
    "On one device": lambda b, e, raised, keys: (
        not raised and e.device == "cpu"
    ),
    "A plain attribute that was moved by hand": lambda b, e, raised, keys: (
        not raised and not b and e.move_mask and "mask" not in keys
    ),
    "`persistent=False` keeps": lambda b, e, raised, keys: (
        not raised and b and e.move_model and "mask" not in keys
    ),
    "A registered buffer moves": lambda b, e, raised, keys: (
        not raised and b and e.move_model and "mask" in keys
    ),
}  # fmt: skip


def test_the_lab_s_sentence_is_so_in_every_setting():
    said = set()
    switches = itertools.product((True, False), repeat=3)
    for (persistent, model, mask), device, length in itertools.product(
        switches, ("cpu", "sim"), (0, 3)
    ):
        experiment = Experiment(
            persistent=persistent, move_model=model, move_mask=mask, device=device,
            context_length=length,
        )  # fmt: skip
        seen = run_lab(experiment)
        for buffer in (True, False):
            run = seen.variant(buffer)
            sentence = of_lab(run, experiment)
            (begin,) = (begin for begin in LAB if sentence.startswith(begin))
            raised = run.trace.error is not None
            assert LAB[begin](buffer, experiment, raised, run.state_dict), (experiment, sentence)
            assert ("or saved" in sentence) <= persistent and one_sentence(sentence)
            said.add(begin)
    assert said == set(LAB)


def places(story, name):
    return [c.ledger[name].device for c in story.columns if name in c.ledger]


def dtypes(story, name):
    return [c.ledger[name].dtype for c in story.columns if name in c.ledger]


def registered(story):
    return "buffer" in story.columns[-1].ledger["mask"].kind


def apart(story):
    return places(story, "mask")[-1] != places(story, "W_query.weight")[-1]


TIMELINES = {  # what a sentence says: whether it is so of a TimelineResult
    "A list that holds a buffer": lambda s: (
        registered(s) and s.columns[-1].ledger["mask"] != s.columns[-1].ledger["masks[0]"]
    ),
    "No error does not mean": lambda s: not s.error and apart(s) and "forward" in s.timeline.steps,
    "A tensor that stayed behind": lambda s: (
        not s.error and apart(s) and s.columns[-1].label != "forward"
    ),
    "A cast reaches": lambda s: dtypes(s, "mask")[-1] != dtypes(s, "W_query.weight")[-1],
    "A plain attribute that was moved": lambda s: (
        "by-hand" in s.timeline.steps and not registered(s) and not apart(s)
    ),
    "A plain attribute never moves": lambda s: (
        len(set(places(s, "mask"))) == 1 and len(set(places(s, "W_query.weight"))) > 1
        and not apart(s) and not registered(s)
    ),
    "A plain attribute is as good": lambda s: (
        not registered(s) and {*places(s, "mask"), *places(s, "W_query.weight")} == {"cpu"}
        and {*dtypes(s, "W_query.weight")} == {"float32"}
    ),
    "A registered buffer of floating point": lambda s: (
        registered(s) and dtypes(s, "mask")[0] != dtypes(s, "mask")[-1]
    ),
    "A registered buffer moves": lambda s: (
        registered(s) and not apart(s) and len(set(places(s, "mask"))) > 1
    ),
    "To register a buffer moves": lambda s: (
        registered(s) and (apart(s) if s.error else len(set(places(s, "mask"))) == 1)
    ),
    "A move takes parameters": lambda s: s.error and apart(s) and not registered(s),
    "Tensors on `meta`": lambda s: "meta tensor" in s.error.message,
    "A mask that `forward` builds": lambda s: (
        "mask" not in s.columns[0].ledger and not registered(s) and not apart(s)
        and places(s, "mask")[-1] != "cpu"
    ),
    "What `forward` builds": lambda s: "mask" not in s.columns[-1].ledger,
}  # fmt: skip


def stories():
    """Every story to start from, every step alone, and pairs of those that decide."""
    yield from ((preset.start, preset.steps) for preset in PRESETS.values())
    yield "plain", ("to-sim", "register", "forward")
    yield "buffer", ("to-meta", "cpu")
    yield "lazy", ("to-sim", "forward")
    for start in STARTS:
        yield from ((start, (step,)) for step in STEPS)
    few = ("to-sim", "cpu", "half", "list", "register", "by-hand", "forward")
    for start in ("plain", "buffer"):
        yield from ((start, pair) for pair in itertools.product(few, repeat=2))


def test_a_timeline_s_sentence_is_so_of_every_story():
    said = set()
    for start, steps in stories():
        story = run_timeline(Timeline(start, steps))
        sentence = of_timeline(story)
        (begin,) = (begin for begin in TIMELINES if sentence.startswith(begin))
        assert TIMELINES[begin](story), (start, steps, sentence)
        assert one_sentence(sentence)
        said.add(begin)
    assert said == set(TIMELINES)


def test_a_buffer_was_counted_to_cross_once():
    table = crossings(64)
    of_buffer = [row for row in table if row.way == "a registered buffer" and row.counted]
    assert all(not row.each and any("mask" in name for name, _ in row.once) for row in of_buffer)
    assert "crosses once" in copies_takeaway(table) and one_sentence(copies_takeaway(table))
    without = [row for row in table if row.way == "a registered buffer" or not row.each]
    assert copies_takeaway(without) == ""


def test_the_mask_s_cost_is_told_of_what_crossed_or_was_held():
    time = TimingSummary(1.0, 1.0, 1.0, 8)

    def report(crossed, held, *lengths):
        rows = tuple(
            Cost(way, length, time, None, held * length if way == NAMES[0] else 0, 1, "bmm", 1,
                 crossed if way == NAMES[2] else 0, (), 0.0)
            for length in lengths or (4,)
            for way in NAMES
        )  # fmt: skip
        return Report("sim", lengths or (4,), rows, (), True, 1, 1.0, "processor time", "here")

    assert "crosses to the device" in of_cost(report(64, 64))
    assert "takes memory all the time, here 256 bytes at 4 tokens;" in of_cost(report(0, 64))
    assert "here 100 bytes at 4 tokens, 200 bytes at 8 tokens;" in of_cost(report(0, 25, 2, 4, 8))
    assert of_cost(report(0, 0)) == ""


def test_twice_the_context_length_is_four_times_the_mask():
    small, large = (BoolBuffer(3, 2, length, 0.0).mask.nbytes for length in (8, 16))
    assert large == 4 * small


def test_the_state_dict_has_parameters_and_persistent_buffers():
    seen = {held: listings(build(variant)) for held, variant in HELD_AS.items()}
    told = of_state.keys_takeaway(seen)
    assert one_sentence(told) and told.startswith("By default")  # extra state may be a tensor too
    seen["a plain attribute"] = seen["a persistent buffer"]
    assert of_state.keys_takeaway(seen) == ""


@pytest.mark.parametrize("edit", EDITS)
def test_what_is_said_of_an_edit_is_what_became_of_it(edit):
    for variants, begin in ((VARIANTS, "A change by hand survives"), (UNSAVED, "What is not sav")):
        plain, buffer = (save_edit_load(variant, edit, ((1, 6),)) for variant in variants)
        assert torch.equal(buffer.edited, buffer.restored) == (variants is VARIANTS)
        assert of_state.edit_takeaway(buffer, plain).startswith(begin)
    same = [save_edit_load(variant, "paint", ()) for variant in VARIANTS]
    assert of_state.edit_takeaway(same[1], same[0]).startswith("An edit that leaves")


SAID_OF_LOADS = {  # what is said of the stories of the load-failure lab
    "Source's mask: plain attribute": "A file keeps the keys that it was saved with",
    "Target's mask: plain attribute": "A file keeps the keys that it was saved with",
    "Target's mask: persistent=False": "A file keeps the keys that it was saved with",
    "Target: context length 4": "`strict=False` forgives",
    "Context length 4, strict=False": "`strict=False` forgives",
    "Source in DataParallel": "Save the `state_dict`",
    "Source in torch.compile": "Save the `state_dict`",
    "DataParallel, strict=False": "`strict=False` can load nothing",
    "Source in float16, assign=True": "`assign=True` takes",
    "Target on meta": "A tensor on `meta`",
    "Target on meta, persistent=False": "After building on `meta`",
    "Source on sim, assign=True": "`assign=True` takes",
}


@pytest.mark.parametrize("title", LOADS)
def test_what_is_said_of_a_loading_fits_it(title):
    loaded = load(LOADS[title])
    sentence = of_state.load_takeaway(loaded)
    assert sentence.startswith(SAID_OF_LOADS[title]) and one_sentence(sentence)
    for fix in ("drop-mask", "strip-prefix", "register-anew", "assign", "to-target"):
        mended = load(type(loaded.loading)(**{**vars(loaded.loading), "fix": fix}))
        sentence = of_state.load_takeaway(mended)
        if sentence.startswith("A checkpoint fits"):
            assert mended.message == "<All keys matched successfully>" and not mended.faults
        if sentence.startswith("A tensor on `meta`"):
            assert not mended.loading.assign
        assert one_sentence(sentence)


def test_a_mask_that_is_not_persistent_costs_the_file_nothing():
    table = prices(1)
    assert one_sentence(of_state.size_takeaway(table))
    saved = [row for row in table if row.way != "non-persistent buffer"]
    wrong = [type(row)("non-persistent buffer", *list(vars(row).values())[1:])
             for row in table if row.way == "float32 buffer"]  # fmt: skip
    assert of_state.size_takeaway([*saved, *wrong]) == ""


WEIGHT = {"weight": torch.ones(2)}
LOADED = {  # what is said where WEIGHT is expected and this is loaded
    "The same keys and": WEIGHT,
    "A training checkpoint holds": {"model": WEIGHT, "epoch": 3},
    "A wrapper puts its name": {"module.weight": torch.ones(2)},
    "The same key is not enough": {"weight": torch.ones(3)},
    "A file fits a module only": {"weight": torch.ones(2), "mask": torch.ones(2)},
    "`load_state_dict` casts": {"weight": torch.full((2,), 0.1, dtype=torch.float64)},
}


def inside(state):
    file = io.BytesIO()
    torch.save(state, file)
    return look(None, file.getvalue(), "file.pt")


@pytest.mark.parametrize("begin", LOADED)
def test_what_is_said_of_a_file_is_what_a_module_does_with_it(begin):
    loaded = LOADED[begin]
    seen = compare_packed(None, inside(WEIGHT).packed, inside(loaded).packed, False)
    sentence = of_files.comparison_takeaway(seen)
    assert sentence.startswith(begin.replace("The same keys and", "Two files")), sentence
    assert one_sentence(sentence)
    module = nn.Module()
    module.weight = nn.Parameter(torch.zeros(2))
    fits = begin in ("The same keys and", "`load_state_dict` casts")
    if fits:
        module.load_state_dict(loaded)
        assert (module.weight.dtype == loaded["weight"].dtype) == (begin == "The same keys and")
    else:
        with pytest.raises(RuntimeError):
            module.load_state_dict(loaded)


def test_one_file_says_nothing_of_buffers_and_may_hold_more_than_it_names():
    whole = of_files.file_takeaway(inside(WEIGHT))
    part = of_files.file_takeaway(inside({"weight": torch.ones(200)[:2]}))
    assert "does not say which tensors are buffers" in whole and one_sentence(whole)
    assert "bytes that no name in it reads" in part and one_sentence(part)
    assert of_files.file_takeaway(inside({})) == ""


def test_a_row_s_sentence_has_every_way_once_with_its_outcome():
    cells = fast_cells()
    assert one_sentence(of_ledger.cast_takeaway({(c.row, c.column): c for c in cells}))
    for row in {cell.row for cell in cells}:
        mine = [cell for cell in cells if cell.row == row and cell.outcome != "not applicable"]
        sentence = of_ledger.row_takeaway(mine)
        if sentence.startswith("However"):
            assert {f"**{cell.outcome}**" for cell in mine} == {sentence.split(": ")[1][:-1]}
            continue
        told = {}
        for part in sentence[:-1].split("; "):
            outcome, _, ways = part.replace("*", "").partition(" for ")
            for way in re.split(", | and ", ways):
                for one in of_ledger.FAMILIES.get(way, (way,)):
                    assert one not in told
                    told[one] = outcome[0].lower() + outcome[1:]
        assert told == {cell.column: cell.outcome for cell in mine}


def test_families_of_ways_are_what_their_names_say():
    for family, ways in of_ledger.FAMILIES.items():
        for way in ways:
            module = WAYS[way](torch.ones(3))
            assert (family == "parameters") == (len(list(module.parameters())) == 2)
            assert ("buffers" in family) == (len(list(module.buffers())) == 1)
            assert ("mask" in module.state_dict()) or family != "persistent buffers"
    odd = [Cell("a row", way, "yes" if way == "dict" else "no", "") for way in WAYS]
    assert "**yes** for *dict*." in of_ledger.row_takeaway(odd)


@pytest.mark.parametrize("start", ["-4", "-inf"])
def test_what_training_taught_is_what_was_trained(start):
    run = train(lambda *_: None, Training(steps=60, mask_start=start))
    sentence = of_training(run)
    leaks = run.modules["parameter"].leaks
    assert one_sentence(sentence)
    assert ("this mask learned" in sentence) == (leaks[-1] > leaks[0] + 0.01)
    assert not run.modules["buffer"].changed["mask"]
    if start == "-inf":  # of this run; by hand a buffer can be changed anywhere
        assert run.modules["BatchNorm"].changed["norm.running_mean"]
        assert "changed because `forward` wrote it" in sentence


def test_every_case_and_every_kind_has_its_sentence():
    assert set(of_cases.TAKEAWAYS) == set(CASES)
    assert set(of_errors.TAKEAWAYS) == set(KINDS)
    assert set(of_checks.TAKEAWAYS) == set(FOUND)
    assert set(of_course.HELD) == set(CHOICES)
    for table in (of_cases, of_errors, of_checks):
        assert all(map(one_sentence, table.TAKEAWAYS.values()))


def test_a_case_that_went_otherwise_teaches_nothing():
    case = CASES["mask-left-behind"]
    outcome = kept_outcome(case.slug)
    assert of_cases.takeaway(case, outcome) == of_cases.TAKEAWAYS[case.slug]
    assert of_cases.takeaway(case, Outcome(outcome.fixed, outcome.fixed)) == ""
    assert of_cases.takeaway(case, Outcome(outcome.broken, outcome.broken)) == ""


@pytest.mark.parametrize("slug", DECISIONS)
def test_a_decision_s_sentence_is_so_of_its_module(slug):
    case = DECISIONS[slug]
    sentence = of_course.case_takeaway(case)
    seen = decide(case, case.best)
    assert one_sentence(sentence) and seen.device_error is None
    assert ("optimizer trains" in sentence) == seen.handed == seen.changed
    assert ("persistent buffer" in sentence) <= seen.moved
    assert ("training changes" in sentence) == (not seen.handed and seen.nbytes > 0)
    if "training changes" in sentence:  # a file without it brings another module back
        assert decide(case, "non-persistent buffer").alike is False


def test_the_first_question_teaches_what_was_seen():
    moved = of_course.start_takeaway(run_lab(Experiment(device="sim")))
    assert one_sentence(moved) and not of_course.start_takeaway(run_lab(Experiment(device="cpu")))


def test_a_quiet_report_says_so_and_a_loud_one_names_its_worst():
    quiet = check_shipped(lambda *_: None, "nn.Linear")
    assert not quiet.findings and of_checks.takeaway(quiet).startswith("Moved, cast")
    loud = check_shipped(lambda *_: None, "FiveTensors")
    assert of_checks.takeaway(loud) == of_checks.TAKEAWAYS["left_behind"]
    moved = nn.Module()
    moved.table = torch.ones(2)
    assert moved.to("meta").table.device.type == "cpu"
