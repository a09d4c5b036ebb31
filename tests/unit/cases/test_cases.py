"""Every failure case: it fails as written down by hand, its fix works, and one answer is right."""

import copy
import functools
import json
import re

import fresh_python
import pytest
import torch
from expected import EXPECTED
from torch import nn

from core.cases import stories
from core.cases.case import Seen, Tag
from core.cases.catalogue import CASES, for_message, neighbours, search
from core.cases.observe import Outcome, observe, observe_in_worker
from core.cases.program import difference, program, script, shown
from core.cases.sources import address, words
from core.cases.takeaway import TAKEAWAYS
from core.device.simulated_device import register
from core.lab.settings import LAB
from core.ledger.settings import LEDGER
from core.lessons import LESSONS
from core.moving.settings import MOVING
from core.own_error.takeaway import TAKEAWAYS as ERRORS
from core.settings.setting import read_url
from core.state_dict.settings import STATE_DICT
from core.training.settings import TRAINING

DEVICE = "cuda:0" if torch.cuda.is_available() else "sim:0"
PAGES = {
    "pages/1_Attention_lab.py": LAB,
    "pages/2_Moving_devices.py": MOVING,
    "pages/3_State_dict.py": STATE_DICT,
    "pages/4_What_is_state.py": LEDGER,
    "pages/5_Training.py": TRAINING,
}


@functools.cache
def outcome(slug: str) -> Outcome:
    return observe(CASES[slug])


def check(seen: Seen, expected: tuple[str, ...]) -> None:
    """Whether what was seen has the lines that are expected, in their order, and the error."""
    expected = tuple(re.sub(r"\bdevice$|\bdevice(?= and)", DEVICE, line) for line in expected)
    lines = iter(seen.lines)
    for line in expected:
        if line[0] == "!":
            assert seen.failure and line[1:] in f"{seen.failure.type}: {seen.failure.message}"
        elif line[0] == "?":
            assert any(line[1:] in warning for warning in seen.warnings)
        else:
            assert line in lines, f"{line!r} is not in {seen}"
    assert bool(seen.failure) == any(line[0] == "!" for line in expected), seen


def test_all_rows_of_the_table_are_cases():
    assert set(EXPECTED) == set(CASES) and len(CASES) >= 38
    written = [case.slug for name in stories.__all__ for case in getattr(stories, name).CASES]
    assert sorted(written) == sorted(CASES), "each case has one place in the order"
    assert {row for row, _, _ in EXPECTED.values() if row} == set(range(1, 31))


@pytest.mark.parametrize("slug", EXPECTED)
def test_it_fails_as_written_down_and_the_fix_works(slug):
    _, broken, fixed = EXPECTED[slug]
    check(outcome(slug).broken, broken)
    check(outcome(slug).fixed, fixed)


@pytest.mark.parametrize("slug", EXPECTED)
def test_the_marked_answer_is_what_happens_and_no_other_is(slug):
    case = CASES[slug]
    happens = [choice.holds(outcome(slug).broken) for choice in case.choices]
    assert happens == [choice is case.answer for choice in case.choices]
    assert not case.answer.holds(outcome(slug).fixed), "the fix would get the same answer"


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_the_lesson_text_is_whole(case):
    assert 3 <= len(case.choices) <= 4
    texts = [choice.text for choice in case.choices]
    assert len(set(texts)) == len(texts) and all(0 < len(text) <= 60 for text in texts)
    reasons = [choice.reason for choice in case.choices]
    assert len(set(reasons)) == len(reasons) and all(len(reason) > 15 for reason in reasons)
    assert case.tags and case.sources and case.question[-1] in "?…"
    assert 60 < len(case.story) < 400 and case.why.endswith(".") and case.fix.endswith(".")
    assert re.fullmatch(r"[a-z]+(-[a-z0-9]+)*", case.slug)
    for other in case.similar:
        assert other in CASES and other != case.slug


def test_right_answers_are_not_always_at_one_place():
    places = [case.right for case in CASES.values()]
    assert all(places.count(place) >= 1 for place in (0, 1, 2, 3))
    assert max(places.count(place) for place in places) < 0.6 * len(places)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_sources_become_links_and_can_be_read_without_them(case):
    for reference in case.sources:
        link = address(reference)
        assert re.fullmatch(r"https://(github\.com|(discuss|docs)\.pytorch\.org)/[\w./-]+", link)
        assert "://" not in words(reference) and words(reference)


def test_links_are_those_of_issues_files_threads_and_documentation():
    assert address("pytorch/pytorch#5") == "https://github.com/pytorch/pytorch/issues/5"
    assert address("a/b:c/d").endswith("/a/b/tree/HEAD/c/d")
    assert address("forum/6795") == "https://discuss.pytorch.org/t/6795"
    assert address("docs/checkpoint").endswith("/checkpoint.html")
    for wrong in ("", "a/b", "javascript:x", "a/b#c", "forum/x", "a/b#1 "):
        with pytest.raises(ValueError, match="is no reference"):
            address(wrong)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_the_experiment_has_a_page_and_fit_settings(case):
    settings = dict(case.experiment.settings)
    kept, complaints = read_url({k: [v] for k, v in settings.items()}, PAGES[case.experiment.page])
    assert not complaints
    assert {k: v if isinstance(v, str) else v[0] for k, v in kept.items()} == settings
    assert any(lesson.page == case.experiment.page for lesson in LESSONS)


@pytest.mark.parametrize("slug", EXPECTED)
def test_its_message_is_that_of_its_error(slug):
    case, failure = CASES[slug], outcome(slug).broken.failure
    assert bool(case.message) == bool(failure)
    if failure:
        assert case in for_message(f"{failure.type}: {failure.message}")
        assert (
            failure.line is None
            or failure.code in shown(case.broken).splitlines()[failure.line - 1].strip()
        )


def test_a_pasted_message_finds_its_cases():
    found = [c.slug for c in for_message("KeyError: \"attribute 'bias_mask' already exists\"")]
    assert found == ["assigned-then-registered"]
    assert for_message("division by zero") == ()


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_the_difference_leads_from_one_code_to_the_other(case):
    lines = difference(case)
    before, after = (shown(f).splitlines()[1:] for f in (case.broken, case.fixed))
    assert [line.text for line in lines if line.sign != "+"] == before
    assert [line.text for line in lines if line.sign != "-"] == after
    changed = [line for line in lines if line.sign != " "]
    assert 1 <= len(changed) <= 14
    assert len(shown(case.broken).splitlines()) <= 26
    assert max(map(len, shown(case.broken).splitlines())) <= 96


PASTED = """
import contextlib, io, json, sys, warnings
warnings.simplefilter("ignore")
programs, device = json.load(sys.stdin)
found, base = {}, {}
for name, text in programs.items():
    if "register()" in text and not base:
        exec(device, base)
    out, error = io.StringIO(), ""
    with contextlib.redirect_stdout(out):
        try:
            exec(compile(text, "pasted", "exec"), dict(base) if "register()" in text else {})
        except Exception as e:
            error = type(e).__name__
    found[name] = [out.getvalue(), error]
assert not any(name.split(".")[0] == "core" for name in sys.modules)
print(json.dumps(found))
"""


def test_pasted_into_a_fresh_python_all_print_the_same(tmp_path):
    alone = {slug: case for slug, case in CASES.items() if case.ranks == 1}
    programs = {
        f"{slug} {side}": program(getattr(case, side))
        for slug, case in alone.items()
        for side in ("broken", "fixed")
    }
    device, _ = script(CASES["mask-left-behind"], fixed=False).parts()
    sent = json.dumps([programs, device.text])
    answer = fresh_python.run(PASTED, tmp_path, sent, seconds=300)
    assert answer.returncode == 0, answer.stderr
    for name, (printed, error) in json.loads(answer.stdout).items():
        slug, side = name.split()
        seen = getattr(outcome(slug), side)
        assert printed.splitlines() == list(seen.lines), name
        assert error == (seen.failure.type if seen.failure else ""), name


def test_a_worker_reports_and_returns_the_same():
    reports = []
    result = observe_in_worker(lambda *report: reports.append(report), "wrapped-by-compile")
    assert result == outcome("wrapped-by-compile")
    assert [fraction for fraction, _ in reports] == [0.05, 0.5]


def test_random_numbers_of_others_are_left_alone():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    observe(CASES["weights-averaged-without-buffers"])
    assert torch.equal(torch.rand(3), expected)


def test_search_finds_by_words_tags_sources_and_code():
    assert search() == tuple(CASES.values())
    assert CASES["lazy-mask"] in search("darts#3052")
    assert CASES["complex-table"] in search("POLAR imaginary")
    assert search("no such thing at all") == ()
    assert {case.slug for case in search(tags=(Tag.EXPORT,))} == {
        "wrapped-by-compile", "lifted-constant",
    }  # fmt: skip
    both = search("mask", (Tag.DISTRIBUTED, Tag.EXPORT))
    assert both and all({Tag.DISTRIBUTED, Tag.EXPORT} & set(case.tags) for case in both)


def test_every_tag_has_a_case():
    assert {tag for case in CASES.values() for tag in case.tags} == set(Tag)


def test_neighbours_follow_the_order_and_a_search():
    first, *_, last = CASES.values()
    everything = search()
    assert neighbours(first, everything)[0] is None and neighbours(last, everything)[1] is None
    among = search(tags=(Tag.EXPORT,))
    assert neighbours(among[0], among) == (None, among[1])
    assert neighbours(first, among) == (None, everything[1]), "not found: the whole order counts"


# ------------------------------------------------- what the texts say beside the experiments


@pytest.mark.parametrize("optimizer", [torch.optim.Adam, torch.optim.AdamW])
def test_other_optimizers_are_left_behind_too(optimizer):
    model = nn.Linear(2, 1)
    steps = optimizer(model.parameters())
    model(torch.ones(1, 2)).sum().backward()
    steps.step()
    device = model.to(register()).weight.device
    model(torch.ones(1, 2, device=device)).sum().backward()
    with pytest.raises(RuntimeError, match="device"):
        steps.step()


def test_tied_parameters_stay_tied():
    layers = nn.ModuleList([nn.Linear(2, 2), nn.Linear(2, 2)])
    layers[1].weight = layers[0].weight
    layers.to(torch.float64).to(torch.float32)
    assert layers[1].weight is layers[0].weight


def test_averaged_model_copies_buffers():
    model = nn.BatchNorm1d(1)
    average = torch.optim.swa_utils.AveragedModel(model, use_buffers=False)
    model(torch.randn(64, 1) - 10)
    average.update_parameters(model)
    assert torch.equal(average.module.running_mean, model.running_mean)


def test_a_buffer_that_is_not_persistent_is_exported_as_buffer_and_constant():
    class Scores(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("mask", torch.ones(2), persistent=False)

        def forward(self, x):
            return x * self.mask

    exported = torch.export.export(Scores(), (torch.ones(2),))
    kinds = {spec.target: spec.kind.name for spec in exported.graph_signature.input_specs}
    assert kinds["mask"] == "BUFFER" and "mask" in exported.constants
    assert "mask" not in exported.state_dict


def test_minus_infinity_can_be_written_in_every_floating_dtype():
    for dtype in (torch.float16, torch.bfloat16, torch.float32, torch.float64):
        row = torch.zeros(2, dtype=dtype).masked_fill(torch.tensor([False, True]), -torch.inf)
        assert torch.softmax(row, dim=0).tolist() == [1, 0]


def test_the_fix_that_is_told_about_validation_is_the_one_that_runs():
    case = CASES["still-in-training-mode"]
    before, during, after = shown(case.fixed).partition("    with torch.no_grad()")
    assert "`model.eval()`" in case.fix and before.rstrip().endswith("model.eval()")
    assert during and "`model.train()`" in case.fix and "model.train()" in after


def module_with_a_mask():
    module = nn.Module()
    module.register_buffer("mask", torch.ones(2))
    return module


def lists(module):
    return [[name for name, _ in pairs] for pairs in (
        module.named_buffers(), module.named_parameters(), module.named_children()
    )]  # fmt: skip


def test_what_a_buffer_s_name_takes_and_refuses():
    for value in ([0.0], 1.0):
        with pytest.raises(TypeError, match="as buffer 'mask'"):
            module_with_a_mask().mask = value
    for value in (None, nn.Linear(1, 1), nn.Parameter(torch.ones(1))):
        module_with_a_mask().mask = value
    for table in (TAKEAWAYS, ERRORS):
        told = table.get("list-over-buffer") or table["over-buffer"]
        assert "a list or a number" in told and "nothing else" not in told


def test_after_del_a_plain_tensor_is_an_attribute_and_the_others_are_registered():
    for value, expected in (
        (torch.ones(2), [[], [], []]),
        (nn.Buffer(torch.ones(2)), [["mask"], [], []]),
        (nn.Parameter(torch.ones(2)), [[], ["mask"], []]),
        (nn.Identity(), [[], [], ["mask"]]),
    ):
        module = module_with_a_mask()
        del module.mask
        module.mask = value
        assert lists(module) == expected
    assert "plain tensor" in CASES["deleted-and-assigned"].why
    assert "`nn.Buffer`" in CASES["tensors-in-a-list"].why


def test_a_state_dict_s_tensors_are_new_and_share_the_model_s_memory():
    model = nn.BatchNorm1d(2)
    state = model.state_dict()
    for name, tensor in [*model.named_parameters(), *model.named_buffers()]:
        assert state[name] is not tensor and state[name].data_ptr() == tensor.data_ptr()
    case = CASES["best-weights-keep-changing"]
    told = " ".join((case.why, TAKEAWAYS[case.slug], *(choice.reason for choice in case.choices)))
    assert "memory" in told and not re.search("own tensors|same tensors", told)


def test_two_dtypes_add_and_do_not_multiply_as_matrices():
    half, full = torch.ones(2, 2, dtype=torch.bfloat16), torch.ones(2, 2)
    assert (half + full).dtype is torch.float32
    with pytest.raises(RuntimeError, match="same dtype"):
        half @ full
    case = CASES["missed-the-cast"]
    assert "An addition would do that" in case.choices[0].reason
    assert "a matrix product refuses two dtypes" in case.why


def test_what_is_computed_without_a_graph_can_be_copied():
    assert copy.deepcopy(torch.ones(2) + 1).tolist() == [2, 2]
    assert "a tensor with a graph" in CASES["result-kept"].why


def test_a_complex_buffer_loses_its_imaginary_part_in_to_and_not_in_half():
    module = nn.Module()
    module.register_buffer("table", torch.ones(2, dtype=torch.complex64))
    assert module.half().table.is_complex()
    with pytest.warns(UserWarning, match="imaginary part"):
        assert not module.to(torch.float16).table.is_complex()
    told = TAKEAWAYS["complex-table"]
    assert "`.to()` with a real dtype drops" in told and "`.half()` leaves it" in told


def test_loading_expects_extra_state_too():
    class Version(nn.Module):
        def get_extra_state(self):
            return 2

        def set_extra_state(self, state):
            pass

    with pytest.raises(RuntimeError, match=r"Missing key.*_extra_state"):
        Version().load_state_dict({})
    assert "only parameters and buffers" not in CASES["hook-adds-a-key"].why


def test_a_parameter_that_asks_for_no_gradient_is_not_trained():
    weight, fixed = (nn.Parameter(torch.ones(2), requires_grad=on) for on in (True, False))
    steps = torch.optim.SGD([weight, fixed], lr=0.1)
    (weight * fixed).sum().backward()
    steps.step()
    assert fixed.tolist() == [1, 1] != weight.tolist()
    assert TAKEAWAYS["mask-as-parameter"].startswith("By default")
