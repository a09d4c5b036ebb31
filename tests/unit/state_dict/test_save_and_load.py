"""Saving and loading: what is in which list, what survives, what breaks, and what cures it."""

from dataclasses import replace

import fresh_python
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from core.code.files import as_script
from core.settings.setting import SettingError
from core.state_dict.edit_mask import EDITS, UNSAVED, VARIANTS, save_edit_load
from core.state_dict.keys import HELD_AS, build, listings
from core.state_dict.load_failures import cures, run
from core.state_dict.loading import FIELDS, FIXES, PRESETS, LoadExperiment, LoadOutcome, fix_text
from core.state_dict.reasons import load_reason, survival_verdict
from core.state_dict.settings import STATE_DICT, SURVIVES, cells_of
from core.state_dict.take_home import edit_script, keys_script, load_script

LOADS, RAISES, WRONG = LoadOutcome
WEIGHTS = ["W_query.weight", "W_key.weight", "W_value.weight"]


# What the documentation of torch.nn.Module and torch.nn.Buffer says of each list.
LISTED = {
    "a plain attribute": ([], WEIGHTS),
    "a persistent buffer": (["mask"], ["mask", *WEIGHTS]),
    "a non-persistent buffer": (["mask"], WEIGHTS),
    "an nn.Buffer": (["mask"], ["mask", *WEIGHTS]),
}


@pytest.mark.parametrize("held", HELD_AS)
def test_each_way_of_holding_a_mask_is_listed_where_the_documentation_says(held):
    with torch.random.fork_rng(devices=[]):
        listed = listings(build(HELD_AS[held]))
    buffers, state = LISTED[held]
    assert listed == {
        "parameters()": WEIGHTS,
        "buffers()": buffers,
        "named_buffers()": buffers,
        "state_dict()": state,
    }


def survival(edit, cells=()):
    with torch.random.fork_rng(devices=[]):
        return [save_edit_load(variant, edit, cells) for variant in VARIANTS]


def test_twos_survive_in_the_buffer_only_and_change_no_output():
    without, with_buffer = survival("twos")
    assert (with_buffer.restored.max(), without.restored.max()) == (2.0, 1.0)  # as published
    assert with_buffer.survived and not without.survived
    assert not with_buffer.output_changed and with_buffer.leaks == ()


def test_a_zeroed_mask_ends_causality_without_an_error():
    without, with_buffer = survival("zeros")
    assert with_buffer.message == "<All keys matched successfully>"
    assert with_buffer.leaks == (1, 2, 3, 4, 5) and with_buffer.output_changed
    assert without.leaks == () and not without.output_changed


@settings(max_examples=40, deadline=None)
@given(st.sets(st.tuples(st.integers(1, 6), st.integers(1, 6)), min_size=1, max_size=12))
def test_painted_cells_leak_exactly_where_a_later_key_became_visible(cells):
    # A query whose every key is hidden gives nan: leave such masks out.
    mask = torch.triu(torch.ones(6, 6), diagonal=1)
    for query, key in cells:
        mask[query - 1, key - 1] = 1 - mask[query - 1, key - 1]
    if (mask.sum(dim=1) == 6).any():
        return
    with_buffer = survival("paint", tuple(sorted(cells)))[1]
    assert torch.equal(with_buffer.restored, mask)
    seeing = {query for query, key in cells if key > query}
    assert set(with_buffer.leaks) == seeing


@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize("guess", SURVIVES)
def test_every_guess_at_survival_gets_its_reason(edit, guess):
    without, with_buffer = survival(edit, ((1, 6),))
    answer = survival_verdict(guess, with_buffer, without)
    right, text = answer.right, answer.text
    assert right == (guess == "only with the buffer") and "overwrote" in text


@pytest.mark.parametrize("edit", ["twos", "zeros"])
def test_an_edit_survives_in_no_buffer_that_is_not_persistent(edit):
    with torch.random.fork_rng(devices=[]):
        without, unsaved = (save_edit_load(variant, edit) for variant in UNSAVED)
    assert not unsaved.survived and not without.survived and unsaved.leaks == ()
    assert unsaved.nbytes < survival(edit)[1].nbytes
    answer = survival_verdict("in neither", unsaved, without)
    assert answer.right and "by choice" in answer.text and "overwrote" not in answer.text
    outcomes = edit_script(edit, (), persistent=False).run()["outcomes"]
    assert torch.equal(outcomes[1].restored, unsaved.restored)


def test_cells_are_read_from_any_text_and_refused_by_name():
    assert cells_of("2-5 1-6  1-6") == ((1, 6), (2, 5))
    assert STATE_DICT["cells"].parse("1-6 2-5") == "1-6 2-5"
    for text in ("1-7", "0-1", "1,6", "x"):
        with pytest.raises(SettingError, match="`cells` is"):
            STATE_DICT["cells"].parse(text)


EXPECTED = {
    "Source's mask: plain attribute": (RAISES, 'Missing key(s) in state_dict: "mask"'),
    "Target's mask: plain attribute": (RAISES, 'Unexpected key(s) in state_dict: "mask"'),
    "Target's mask: persistent=False": (RAISES, 'Unexpected key(s) in state_dict: "mask"'),
    "Target: context length 4": (
        RAISES,
        "size mismatch for mask: copying a param with shape torch.Size([6, 6",
    ),
    "Context length 4, strict=False": (RAISES, "the shape in current model is torch.Size([4, 4])"),
    "Source in DataParallel": (RAISES, '"module.W_query.weight"'),
    "Source in torch.compile": (RAISES, '"_orig_mod.W_query.weight"'),
    "DataParallel, strict=False": (WRONG, "_IncompatibleKeys(missing_keys=['mask'"),
    "Source in float16, assign=True": (WRONG, "<All keys matched successfully>"),
    "Target on meta": (WRONG, "<All keys matched successfully>"),
    "Target on meta, persistent=False": (WRONG, "<All keys matched successfully>"),
    "Source on sim, assign=True": (WRONG, "<All keys matched successfully>"),
}


@pytest.mark.parametrize("name", PRESETS)
def test_every_failure_is_provoked_explained_and_cured(name):
    outcome, words = EXPECTED[name]
    loaded = run(PRESETS[name])
    assert loaded.outcome == outcome and words in loaded.message
    assert len(load_reason(loaded)) > 60
    assert bool(loaded.faults) == (outcome == WRONG)
    found = cures(loaded)
    assert found
    for fix in found:
        assert run(replace(PRESETS[name], fix=fix)).outcome == LOADS


@pytest.mark.parametrize("name", PRESETS)
def test_no_fix_is_offered_for_what_is_not_there(name):
    loading = PRESETS[name]
    for fix in cures(run(loading)):
        said = fix_text(replace(loading, fix=fix))
        if "out of the state" in said or "in the place of" in said:
            assert loading.source == "buffer"  # else the state has no mask
        if said.startswith("Make the target's mask a buffer with `persistent=False`"):
            assert loading.target == "buffer"
        if "prefix" in said:
            assert loading.wrapped != "nothing"
        if "assign=True" in said:
            assert not loading.assign


def test_a_strict_load_that_raises_has_copied_what_matched():
    for name in (
        "Source's mask: plain attribute",
        "Target's mask: plain attribute",
        "Target: context length 4",
    ):
        loaded = run(PRESETS[name])
        assert loaded.raised and list(loaded.copied_all_the_same) == WEIGHTS
    loaded = run(PRESETS["Source in DataParallel"])
    assert loaded.raised and loaded.copied_all_the_same == ()
    assert run(LoadExperiment()).copied_all_the_same == ()


HOLDS = {  # what the documentation says of keys, and arithmetic of the two equal masks
    "Source's mask: plain attribute": {
        "mask": "yes, but it was built so, not loaded",
        "W_key.weight": "yes, loaded",
    },
    "Target: context length 4": {"mask": "no", "W_key.weight": "yes, loaded"},
    "DataParallel, strict=False": {
        "mask": "yes, but it was built so, not loaded",
        "W_key.weight": "no",
    },
    "Target on meta": {"mask": "cannot be told: it has no values"},
}


@pytest.mark.parametrize("name", HOLDS)
def test_a_tensor_that_is_equal_was_not_loaded_for_that(name):
    holds = {change.name: change.holds for change in run(PRESETS[name]).changes}
    assert HOLDS[name].items() <= holds.items()
    plain = {c.name: c.holds for c in run(LoadExperiment(source="plain", strict=False)).changes}
    assert plain["mask"] == "yes, but it was built so, not loaded"
    rebuilt = {c.name: c.holds for c in run(LoadExperiment(source="plain", strict=False,
                                                           fix="rebuild")).changes}  # fmt: skip
    assert rebuilt["mask"] == "yes, but it was built so, not loaded"
    assigned = {c.name: c.holds for c in run(LoadExperiment(assign=True)).changes}
    assert set(assigned.values()) == {"yes, loaded"}


def test_loading_without_a_difference_loads():
    loaded = run(LoadExperiment())
    assert loaded.outcome == LOADS and all(change.loaded for change in loaded.changes)


def test_pytorchs_warning_about_meta_is_shown():
    assert any("no-op" in text for text in run(PRESETS["Target on meta"]).warnings)


def test_each_loading_into_meta_has_the_reason_of_its_own():
    copied, assigned = (run(PRESETS[name]) for name in (
        "Target on meta", "Target on meta, persistent=False"
    ))  # fmt: skip
    assert not any(change.loaded for change in copied.changes)
    assert "so nothing was loaded" in load_reason(copied) and "mask" not in load_reason(copied)
    assert [change.name for change in assigned.changes if change.loaded] == [
        "W_query.weight", "W_key.weight", "W_value.weight",
    ]  # fmt: skip
    assert load_reason(assigned).startswith("`assign=True` put the loaded tensors in place")


def test_a_mask_left_on_meta_is_found_although_all_keys_matched():
    loaded = run(PRESETS["Target on meta, persistent=False"])
    assert [fault for fault in loaded.faults if "`mask` is still on `meta`" in fault]


@settings(max_examples=80, deadline=None)
@given(
    st.builds(
        LoadExperiment,
        **{
            name: st.integers(setting.low, 8)
            if hasattr(setting, "low")
            else st.booleans()
            if isinstance(setting.default, bool)
            else st.sampled_from([o for o in setting.options if o != "torch.compile"])
            for name, setting in FIELDS.items()
        },
    )
)
def test_any_loading_ends_in_an_outcome_and_a_reason(loading):
    loaded = run(loading)
    assert loaded.outcome in LoadOutcome and load_reason(loaded)
    if loaded.outcome == LOADS:
        assert all(change.loaded is not False or change.name == "mask" for change in loaded.changes)
        assert all(change.after[0] != "meta" for change in loaded.changes)


@pytest.mark.parametrize("field", FIELDS)
def test_what_is_no_loading_is_refused(field):
    with pytest.raises(SettingError):
        LoadExperiment(**{field: "nonsense"})


@pytest.mark.parametrize(
    "name",
    [
        "Source's mask: plain attribute",
        "Source in DataParallel",
        "Target on meta",
        "Target: context length 4",
    ],
)
def test_the_exported_loading_ends_as_the_page_did(name, tmp_path):
    loaded = run(PRESETS[name])
    done = fresh_python.run(as_script(load_script(loaded.loading).parts()), tmp_path)
    if loaded.outcome == RAISES:
        assert done.returncode == 1 and done.stderr.strip().endswith(loaded.message.strip())
    else:
        assert (done.returncode, done.stdout) == (0, loaded.message + "\n")


@pytest.mark.parametrize("fix", [fix for fix in FIXES if fix != "none"])
def test_every_fix_runs_as_exported(fix, tmp_path):
    name = next(n for n in PRESETS if fix in cures(run(PRESETS[n])))
    loaded = run(replace(PRESETS[name], fix=fix))
    done = fresh_python.run(as_script(load_script(loaded.loading).parts()), tmp_path)
    assert (done.returncode, done.stdout) == (0, loaded.message + "\n"), done.stderr


def test_the_exported_edit_prints_what_survived(tmp_path):
    done = fresh_python.run(as_script(edit_script("zeros", ()).parts()), tmp_path)
    without, with_buffer = survival("zeros")
    expected = ""
    for variant, outcome in zip(VARIANTS, (without, with_buffer), strict=True):
        expected += f"{variant.__name__} {outcome.message}\n{outcome.restored}\n"
        expected += f"the edit survived: {outcome.survived}\n"
        expected += f"the output changed: {outcome.output_changed}\n"
        expected += f"tokens that see later ones: {outcome.leaks}\n"
    assert (done.stdout, done.stderr) == (expected, "")


def test_the_exported_listing_prints_the_lists(tmp_path):
    done = fresh_python.run(as_script(keys_script().parts()), tmp_path)
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert lines[0] == "a plain attribute" and lines[4] == f"    state_dict() {WEIGHTS}"
    assert lines[9] == f"    state_dict() {['mask', *WEIGHTS]}"


def test_the_first_three_situations_differ_in_one_thing_that_concerns_the_mask():
    plain = vars(LoadExperiment())
    for loading in [*PRESETS.values()][:3]:
        (changed,) = (name for name, value in vars(loading).items() if value != plain[name])
        assert changed in ("source", "target", "target_length")
