"""The ledger against PyTorch's documentation: every cell, every snippet, every reason.

The expectations are written from the pages named beside them, below docs.pytorch.org/docs/stable
unless another site is named, and checked against the docstrings of PyTorch 2.13. Where no page
says it, PyTorch's source does: a path below torch/. If a new PyTorch changes a cell, the failing
test's name says which.
"""

import ast
import csv
import functools
import io
import json
import time

import fresh_python
import psutil
import pytest
from running_processes import runs

from core.code.files import as_script
from core.ledger import cells as registration
from core.ledger import slow_experiments as ledger_slow
from core.ledger.cells import Cell
from core.ledger.groups import FIRST, GROUPS, LABELS, grouped
from core.ledger.holders import HELD, WAYS
from core.ledger.program import cell_script
from core.ledger.reasons import REASONS
from core.ledger.rows import FAST, ROWS, SLOW
from core.ledger.settings import (
    ASKED,
    GUESS_NAMES,
    LEDGER,
    cell_verdict,
    chosen,
    counts,
    ledger_for,
    score,
)
from core.ledger.take_home import as_csv, as_markdown
from core.workers import pool as jobs

PARAMETERS = ("nn.Parameter", "frozen parameter")
BUFFERS = ("register_buffer", "nn.Buffer", "not persistent")
PLAIN = ("plain attribute", "list", "dict", "closure")
NONE = "None buffer"


def yes(*columns, none="not applicable", **others):
    """Expected: yes in these columns, no in the rest, and none where the buffer is None."""
    expected = {column: "yes" if column in columns else "no" for column in WAYS}
    return expected | {NONE: none} | {k.replace("_", " "): v for k, v in others.items()}


def whole_numbers():
    return yes() | {"nn.Parameter": "raises"}


ROLES = {
    **dict.fromkeys(PARAMETERS, "parameter"),
    **dict.fromkeys(BUFFERS, "buffer"),
    "not persistent": "unsaved buffer",
    **dict.fromkeys(PLAIN, "constant"),
    NONE: "not applicable",
}
EXPECTED = {  # row: (where it is documented, what it says there, the outcomes)
    "moved by .to(device)": (
        "generated/torch.nn.Module.html#torch.nn.Module.to",
        "Moves or casts the parameters and buffers. (register_buffer, there: operations on "
        "buffers, such as cuda, pass over one that is None.)",
        yes(*PARAMETERS, *BUFFERS),
    ),
    "cast by .half()": (
        "generated/torch.nn.Module.html#torch.nn.Module.half",
        "Casts all parameters and buffers that are floating point to half.",
        yes(*PARAMETERS, *BUFFERS),
    ),
    "cast by .to(float64)": (
        "generated/torch.nn.Module.html#torch.nn.Module.to",
        "A dtype casts only the parameters and buffers that are floating point or complex.",
        yes(*PARAMETERS, *BUFFERS),
    ),
    **dict.fromkeys(
        (".half() on int64", ".half() on bool"),
        (
            "generated/torch.nn.Module.html#torch.nn.Module.half, autograd.html and "
            "generated/torch.nn.parameter.Parameter.html",
            "half() casts what is floating point. Autograd supports floating point and complex "
            "tensors only, and a Parameter has requires_grad=True by default.",
            whole_numbers(),
        ),
    ),
    "in state_dict()": (
        "generated/torch.nn.Module.html#torch.nn.Module.state_dict and "
        "generated/torch.nn.parameter.Buffer.html",
        "Parameters and persistent buffers are included; those that are None are not. "
        "(Buffer: persistent by default.)",
        yes(*PARAMETERS, "register_buffer", "nn.Buffer", none="no"),
    ),
    "restored by load_state_dict()": (
        "generated/torch.nn.Module.html#torch.nn.Module.load_state_dict",
        "Copies parameters and buffers from a state_dict into the module. If strict, as by "
        "default, its keys must be exactly those of state_dict().",
        yes(*PARAMETERS, "register_buffer", "nn.Buffer"),
    ),
    "in parameters()": (
        "generated/torch.nn.parameter.Parameter.html",
        "Assigned as an attribute of a Module, it is added to the Module's parameters and appears "
        "in parameters(). Assigning a Tensor has no such effect.",
        yes(*PARAMETERS, none="no"),
    ),
    "in buffers()": (
        "generated/torch.nn.Module.html#torch.nn.Module.buffers, "
        "generated/torch.nn.parameter.Buffer.html, torch/nn/modules/module.py: _named_members",
        "An iterator over the module's buffers. A Buffer that is assigned as an attribute is one, "
        "a Tensor is not. (_named_members: None is left out.)",
        yes(*BUFFERS, none="no"),
    ),
    "in nested named_buffers()": (
        "generated/torch.nn.Module.html#torch.nn.Module.named_buffers, "
        "torch/nn/modules/module.py: _named_members",
        "Names and buffers; with recurse=True, those of the module and of all submodules. "
        "(_named_members: None is left out.)",
        yes(*BUFFERS, none="no"),
    ),
    "receives a gradient": (
        "notes/autograd.html#setting-requires-grad",
        "requires_grad is False by default, except in an nn.Parameter. Only leaf tensors that "
        "have it accumulate a gradient in .grad.",
        yes("nn.Parameter"),
    ),
    "cleared by zero_grad()": (
        "generated/torch.nn.Module.html#torch.nn.Module.zero_grad",
        "Resets the gradients of all parameters of the model; set_to_none sets them to None.",
        yes(*PARAMETERS),
    ),
    "changed by an optimizer step": (
        "optim.html#constructing-it and generated/torch.optim.Optimizer.zero_grad.html",
        "An optimizer is given the parameters to optimize. With a gradient of 0 it does the step, "
        "with None it skips it.",
        yes("nn.Parameter"),
    ),
    "shrunk by weight decay": (
        "generated/torch.optim.AdamW.html and generated/torch.optim.Optimizer.zero_grad.html",
        "Each step first takes lr · weight_decay · θ off θ, apart from the gradient. With a "
        "gradient of None the step is skipped.",
        yes("nn.Parameter"),
    ),
    "survives deepcopy": (
        "docs.python.org/3/library/copy.html",
        'A deep copy holds copies of what it finds in the original. Functions are "copied" by '
        "returning the original.",
        yes(*PARAMETERS, *BUFFERS, "plain attribute", "list", "dict", closure="shared"),
    ),
    "survives pickling": (
        "docs.python.org/3/library/pickle.html#what-can-be-pickled-and-unpickled",
        "Functions can be pickled if the top level of a module gives access to them, and if "
        "they were made with def, not lambda.",
        yes(*PARAMETERS, *BUFFERS, "plain attribute", "list", "dict", closure="raises"),
    ),
    "taken off meta by to_empty()": (
        "generated/torch.nn.Module.html#torch.nn.Module.to_empty",
        "Moves the parameters and buffers to a device without copying their storage.",
        yes(*PARAMETERS, *BUFFERS),
    ),
    "swapped by functional_call()": (
        "generated/torch.func.functional_call.html, torch/nn/utils/_named_member_accessor.py",
        "Calls the module with the given tensors in place of its parameters and buffers; unless "
        "strict, unexpected names are no error. (swap_tensor: any attribute that is a tensor or "
        "None is replaced; a name that is not there is set, and deleted afterwards.)",
        yes(*PARAMETERS, *BUFFERS, "plain attribute", none="yes"),
    ),
    "role in torch.export": (
        "user_guide/torch_compiler/export/api_reference.html"
        "#torch.export.graph_signature.ExportGraphSignature, torch/export/exported_program.py",
        "Parameters, buffers and constant tensors are lifted out of the graph as inputs; of a "
        "buffer it notes whether it is persistent. (named_buffers: one that is not is read from "
        "constants, not from state_dict.)",
        ROLES,
    ),
    "under torch.compile": (
        "user_guide/torch_compiler/compile/programming_model.dynamo_core_concepts.html"
        "#dynamo-tracing, torch/_dynamo/variables/builder.py: wrap_tensor",
        "The graph takes the original input and the additional inputs that the function needs. "
        "(wrap_tensor: by default, every tensor that it reaches, a module's parameters and "
        "buffers included.)",
        {**dict.fromkeys(WAYS, "input"), NONE: "not applicable"},
    ),
    "sent by DDP at the start": (
        "generated/torch.nn.parallel.DistributedDataParallel.html, notes/ddp.html#internal-design, "
        "torch/distributed/utils.py: _sync_module_states",
        "init_sync, on by default, broadcasts parameters and buffers. (The note, as of version "
        "1.4, says rank 0's state_dict(). _sync_module_states takes named_buffers(), and so those "
        "that are not persistent too.)",
        yes(*PARAMETERS, *BUFFERS),
    ),
    "sent by DDP before a forward": (
        "generated/torch.nn.parallel.DistributedDataParallel.html",
        "Parameters are not broadcast; their gradients are reduced. Buffers are broadcast from "
        "rank 0 in every iteration: forward_sync_buffers, on by default.",
        yes(*BUFFERS),
    ),
    "same object after .to()": (
        "torch/nn/modules/module.py: _apply, and __future__: overwrite_module_params_on_conversion",
        "By default a parameter's data are set in place; a buffer's register gets what fn returns.",
        yes(*PARAMETERS, *PLAIN),
    ),
    "isinstance nn.Buffer after .to()": (
        "torch/nn/parameter.py: _BufferMeta, torch/nn/modules/module.py: _apply",
        "An instance is a tensor with the mark _is_buffer, which Buffer() sets. What fn returns in "
        "_apply has none.",
        yes(),
    ),
    "tied, and still one after .to()": (
        "torch/nn/modules/module.py: _apply",
        "As above: one parameter is changed in place twice, one buffer is replaced in each module.",
        yes(*PARAMETERS, *PLAIN),
    ),
    "keeps 257 under bfloat16": (
        "tensor_attributes.html#torch-dtype and generated/torch.nn.Module.html#torch.nn.Module.to",
        "bfloat16: 1 sign, 8 exponent and 7 significand bits; 257 takes 9. Parameters and buffers "
        "are cast.",
        yes(*PLAIN),
    ),
    "aliased by state_dict()": (
        "generated/torch.nn.Module.html#torch.nn.Module.state_dict",
        "The returned object is a shallow copy: it holds references to parameters and buffers.",
        yes(*PARAMETERS, "register_buffer", "nn.Buffer"),
    ),
    "asked for gradients by requires_grad_()": (
        "generated/torch.nn.Module.html#torch.nn.Module.requires_grad_",
        "Sets the parameters' requires_grad in place.",
        yes(*PARAMETERS),
    ),
    "followed by AveragedModel": (
        "generated/torch.optim.swa_utils.AveragedModel.html and docs.python.org: copy",
        "Averages of the parameters; with use_buffers, by default off, of buffers too. (update_"
        "parameters: otherwise they are copied. The model is a deep copy.)",
        {
            **dict.fromkeys(PARAMETERS, "averaged"),
            **dict.fromkeys(BUFFERS, "copied"),
            **dict.fromkeys(PLAIN, "left behind"),
            "closure": "shared",
            NONE: "not applicable",
        },
    ),
    "stepped by an optimizer made before .to()": (
        "optim.html#constructing-it, torch/nn/modules/module.py: _apply",
        "Parameters after a move are to be the optimizer's: they are, where they change in place.",
        yes("nn.Parameter"),
    ),
    "cast by torch.autocast": (
        "amp.html#autocasting",
        "Ops run in a dtype that autocast chooses, matmul in a lower one. Do not call half() or "
        "bfloat16() on the model: (its tensors stay.)",
        yes(),
    ),
    "followed by AveragedModel(use_buffers=True)": (
        "generated/torch.optim.swa_utils.AveragedModel.html and docs.python.org: copy",
        "use_buffers: running averages of parameters and buffers. (The model is a deep copy.)",
        {
            **dict.fromkeys((*PARAMETERS, *BUFFERS), "averaged"),
            **dict.fromkeys(PLAIN, "left behind"),
            "closure": "shared",
            "None buffer": "not applicable",
        },
    ),
}
DETAILS = {  # what was seen, where the outcome alone does not tell
    (".half() on bool", "register_buffer"): "the weight is torch.float16, the mask torch.bool",
    (".half() on int64", "nn.Buffer"): "the weight is torch.float16, the mask torch.int64",
    ("cast by .half()", "nn.Buffer"): "the mask is torch.float16",
    ("cast by .half()", "list"): "the mask is torch.float32",
    ("cast by .to(float64)", "not persistent"): "the mask is torch.float64",
    ("moved by .to(device)", "nn.Parameter"): "the mask is on sim:0",
    ("changed by an optimizer step", "nn.Parameter"): "it was 1.0, now 0.90",  # 1 - 0.1 · 1
    ("shrunk by weight decay", "nn.Parameter"): "it was 1.0, now 0.95",  # 1 - 0.1 · 0.5 · 1
    ("in nested named_buffers()", "nn.Buffer"): "the names are ['0.0.mask']",
    ("in state_dict()", "not persistent"): "the keys are ['weight']",
    ("taken off meta by to_empty()", "plain attribute"): "the mask is on meta",
    ("under torch.compile", "closure"): "mask set to 5.0: output 5.0, 1 graph",
    ("role in torch.export", "plain attribute"): "CONSTANT_TENSOR, named mask",
    ("sent by DDP before a forward", "nn.Buffer"): "rank 1 has 1.0",
    ("sent by DDP before a forward", "nn.Parameter"): "rank 1 has 2.0",
    ("isinstance nn.Buffer after .to()", "nn.Buffer"): "True before the move, False after it",
    ("isinstance nn.Buffer after .to()", "register_buffer"): "False before the move, False after "
    "it",
    ("tied, and still one after .to()", "nn.Parameter"): "1 in memory",
    ("tied, and still one after .to()", "nn.Buffer"): "2 in memory",
    ("keeps 257 under bfloat16", "nn.Buffer"): "it was 257.0, now 256.0",
    ("followed by AveragedModel", "nn.Parameter"): "it was 3.0, then 5.0; the average has 4.0",
    (
        "cast by torch.autocast",
        "not persistent",
    ): "the mask is torch.float32, the product torch.bfloat16",
}
FRESH = """
import contextlib, io, json, sys, types
device = types.ModuleType("device")
sys.modules["device"] = device
texts, device_source = json.load(sys.stdin)
exec(device_source, vars(device))
printed = []
for text in texts:
    main = sys.modules["__main__"] = types.ModuleType("__main__")
    if "register()" in text:
        main.register = device.register
    out = io.StringIO()
    try:
        with contextlib.redirect_stdout(out):
            exec(text, vars(main))
    except Exception as error:
        out.write(repr(("raises", f"{type(error).__name__}: {error}")))
    printed.append(out.getvalue())
print(json.dumps(printed))
"""


@functools.cache
def observed(row):
    """The Cells of a row, by column."""
    if row in SLOW:
        cells = registration.slow_cells(lambda *_: None, row)
    else:
        cells = [registration.run(row, column) for column in WAYS]
    return {cell.column: cell for cell in cells}


def everything():
    return [cell for row in ROWS for cell in observed(row).values()]


@pytest.mark.parametrize("column", WAYS)
@pytest.mark.parametrize("row", ROWS)
def test_a_cell_is_what_the_documentation_says(row, column):
    where, says, outcomes = EXPECTED[row]
    assert observed(row)[column].outcome == outcomes[column], f"{row} | {column}: {where}: {says}"


@pytest.mark.parametrize(("row", "column"), DETAILS)
def test_the_detail_is_what_was_seen(row, column):
    assert observed(row)[column].detail == DETAILS[row, column]


def test_what_raises_says_so_in_pytorchs_and_pythons_own_words():
    assert observed(".half() on bool")["nn.Parameter"].detail == (
        "RuntimeError: Only Tensors of floating point and complex dtype can require gradients"
    )
    assert "pickle" in observed("survives pickling")["closure"].detail


def test_the_expectations_and_the_reasons_cover_the_ledger():
    assert list(EXPECTED) == list(ROWS) == list(REASONS) and len(WAYS) == 10
    assert set(FAST) | set(SLOW) == set(ROWS) and len(SLOW) == 4
    for row in ROWS.values():
        assert {cell.outcome for cell in observed(row.name).values()} <= set(row.answers)


@pytest.mark.parametrize("row", ROWS)
def test_every_outcome_has_a_reason_of_its_own(row):
    reasons = {}
    for cell in observed(row).values():
        assert "differs from what was seen" not in cell.reason, cell
        reasons.setdefault(cell.reason, set()).add(cell.outcome)
    assert all(len(outcomes) == 1 for outcomes in reasons.values()), reasons


def test_no_reason_is_left_over():
    used = {(cell.row, cell.reason) for cell in everything()}
    wanted = {(row, text) for row, texts in REASONS.items() for text in texts.values()}
    left = {text for _, text in wanted - used} - {text for _, text in used}
    # no cell shows it today: torch.compile makes every tensor an input
    assert left == {REASONS["under torch.compile"]["constant"]}


def test_an_outcome_that_nobody_foresaw_is_shown_all_the_same():
    assert "The outcome counts" in Cell("in buffers()", "list", "maybe", "").reason


def test_every_snippet_runs_as_pasted_and_prints_its_cell(tmp_path):
    keys = [(row, column) for row in ROWS for column in WAYS if not ROWS[row].distributed]
    texts = [cell_script(*key).parts()[-1].text for key in keys]
    device = cell_script("moved by .to(device)", "list").parts()[0]
    assert device.title == "The simulated device"
    done = fresh_python.run(FRESH, tmp_path, json.dumps([texts, device.text]))
    assert done.returncode == 0, done.stderr[-2000:]
    for (row, column), text in zip(keys, json.loads(done.stdout), strict=True):
        assert registration.cell(row, column, ast.literal_eval(text)) == observed(row)[column]


@pytest.mark.parametrize(
    ("row", "column", "ends"),
    [
        ("moved by .to(device)", "plain attribute", "(False, 'the mask is on cpu')"),
        ("survives pickling", "closure", "InClosure.hold.<locals>.<lambda>'"),
        ("sent by DDP before a forward", "nn.Buffer", "(True, 'rank 1 has 1.0')"),
    ],
)
def test_a_snippet_alone_in_a_fresh_python(row, column, ends, tmp_path):
    text = as_script(cell_script(row, column).parts())
    assert "from core" not in text
    done = fresh_python.run(text, tmp_path)
    assert (done.stdout + done.stderr).strip().endswith(ends)


def test_progress_is_reported_cell_by_cell(monkeypatch):
    monkeypatch.setattr(registration, "run", lambda row, way: Cell(row, way, "buffer", ""))
    notes = []
    registration.slow_cells(lambda *note: notes.append(note), "role in torch.export")
    assert [round(fraction, 1) for fraction, _ in notes] == [n / 10 for n in range(1, 11)]
    assert [len(cells) for _, cells in notes] == list(range(1, 11))


def test_the_two_processes_end_with_whoever_reads_them():
    program = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
    lines = ledger_slow.in_two_processes(program)
    pid = next(lines).strip()
    assert runs(pid)
    lines.close()
    assert not runs(pid)


def test_a_cancelled_job_leaves_neither_of_its_two_processes():
    pool = jobs.Pool(workers=1, seconds=60, idle=0.1)
    job = pool.ask(registration.slow_cells, "sent by DDP at the start")

    deadline = time.monotonic() + 60
    while not pool.processes:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    worker = psutil.Process(pool.processes[job].pid)
    family = []
    while len(family) < 3:  # the worker and its two
        assert time.monotonic() < deadline and not job.over
        time.sleep(0.02)
        family = [one.pid for one in (worker, *worker.children(recursive=True)) if runs(one.pid)]
    job.cancel()
    while any(map(runs, family)) or pool.threads:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_rank_that_fails_says_why():
    with pytest.raises(RuntimeError, match="no loopback here"):
        list(ledger_slow.in_two_processes("import sys; sys.exit('no loopback here')"))


def test_downloads_hold_the_cells():
    cells = [cell for row in FAST for cell in observed(row).values()]
    rows = list(csv.DictReader(io.StringIO(as_csv(cells))))
    assert [Cell(r["row"], r["column"], r["outcome"], r["detail"]) for r in rows] == cells
    assert [r["reason"] for r in rows] == [cell.reason for cell in cells]
    lines = as_markdown(cells).strip().split("\n")
    assert len(lines) == 2 + len(FAST) and {line.count("|") for line in lines} == {12}
    assert lines[2].startswith("| moved by .to(device) | yes | yes |")


def test_a_table_of_some_cells_has_only_those():
    some = [observed(row)[column] for row, column in (ASKED, ("in buffers()", "list"))]
    assert as_markdown(some).split("\n")[2:4] == [
        "| .half() on bool | no | not run |",
        "| in buffers() | not run | no |",
    ]


def test_filters_and_scores():
    assert chosen((), WAYS) == tuple(WAYS)
    assert chosen(("list", "nn.Buffer"), WAYS) == ("nn.Buffer", "list")
    cell = observed("in buffers()")["list"]
    assert cell_verdict("no", cell).right and not cell_verdict("yes", cell).right
    assert cell_verdict("yes", cell).text.startswith("**What happened: no. Only what")
    assert score({"a": {"x": True, "y": False}, "b": {"x": True}}) == "2 of 3 right, in 2 rows"
    assert score({"a": {"x": True}, "b": {}}) == "1 of 1 right, in 1 row"
    assert counts("no", "no", cell) is None
    assert counts("yes", "no", cell) == "Your first answer counts: no, right."
    assert counts("no", "yes", cell) == "Your first answer counts: yes, not so."
    assert counts("no", None, cell) == "A link revealed this, so it is not counted."
    assert set(GUESS_NAMES.values()) < set(LEDGER)
    narrow = ledger_for("under torch.compile")
    assert narrow["says_InList"].options == ROWS["under torch.compile"].answers
    assert list(narrow) == list(LEDGER)


def test_groups_hold_every_row_once_and_one_without_a_group_comes_last():
    assert sorted(row for group in GROUPS.values() for row in group) == sorted(ROWS)
    assert set(FIRST) < set(FAST) and set(HELD) == set(WAYS) and set(LABELS) < set(ROWS)
    assert grouped(("a new row", "in buffers()")) == {
        "Which list has it": ("in buffers()",),
        "More": ("a new row",),
    }
