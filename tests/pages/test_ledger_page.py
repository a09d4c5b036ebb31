"""The lesson on state, run by Streamlit's own test driver."""

import json
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from page_driver import open_page, text

from core.ledger import cells as registration
from core.ledger.decisive import DECISIVE
from core.ledger.groups import FIRST, GROUPS, label_of
from core.ledger.holders import WAYS
from core.ledger.program import cell_script
from core.ledger.rows import FAST, ROWS, SLOW
from core.ledger.scored import SCORED
from core.ledger.settings import ALL, GUESS_NAMES, LEDGER
from core.workers import pool as jobs
from pages.ledger.table import fast_cells

QUESTION = "What does PyTorch do with a tensor, by how you hold it?"


def page(**parameters):
    return open_page("4_What_is_state.py", **parameters)


def quiz(**parameters):
    return page(view="the quiz", **({"cells": ALL} | parameters))


def click(app, label):
    next(button for button in app.button if button.label == label).click().run()
    assert not app.exception


def captions(app):
    return [caption.value for caption in app.caption]


def words(app):
    """{row: {column: outcome}} of the table."""
    names = {label_of(row): row for row in ROWS}
    return {
        names[row]: {c: cell.partition(" ")[2] or "not applicable" for c, cell in cells.items()}
        for frame in app.dataframe
        for row, cells in frame.value.to_dict("index").items()
    }


def test_the_table_waits_for_a_guess():
    app = page()
    assert not app.dataframe and not app.code
    app.radio(key="guess").set_value("yes").run()
    click(app, "Run the experiments")
    assert "What happened: no. `.half()` casts floating-point tensors" in app.warning[0].value
    assert len(app.dataframe) == 1
    app.selectbox(key="row").set_value("in buffers()").run()
    assert len(app.dataframe) == 1
    assert "That is what happened" in page(guess="no", ran="half-bool-no").success[0].value


def test_the_table_holds_what_was_observed_and_the_slow_rows_wait():
    app = page(predict="false", all_rows="true")
    shown = words(app)
    assert sorted(shown) == sorted(ROWS) and len(app.dataframe) == len(GROUPS)
    for frame in app.dataframe:  # fits a window of 1280 pixels, whose borders take two of 1120
        columns = json.loads(frame.proto.columns)
        assert set(columns) == {"_index", *WAYS}
        assert sum(column["width"] for column in columns.values()) <= 1118
    assert list(shown["in buffers()"]) == list(WAYS)
    for cell in registration.fast_cells():
        assert shown[cell.row][cell.column] == cell.outcome
    assert {outcome for row in SLOW for outcome in shown[row].values()} == {"not run"}


def test_filters_are_in_the_link_and_keep_the_ledgers_order():
    app = page(predict="false", rows=["in buffers()", "in state_dict()"], columns="list")
    assert words(app) == {"in state_dict()": {"list": "no"}, "in buffers()": {"list": "no"}}
    app.multiselect(key="rows").set_value([]).run()
    app.multiselect(key="columns").set_value(["closure", "nn.Buffer"]).run()
    assert tuple(words(app)) == FIRST and list(words(app)["in state_dict()"]) == [
        "nn.Buffer",
        "closure",
    ]


def test_a_cell_from_near_shows_outcome_detail_reason_and_the_code_that_ran():
    app = page(predict="false", row="survives pickling", column="closure")
    assert ":red-badge[! raises]" in text(app) and "cannot be pickled" in text(app)
    blocks = [block.value for block in app.code]
    assert blocks[0].startswith("AttributeError: Can't pickle local object")
    assert blocks[1] == cell_script("survives pickling", "closure").parts()[-1].text.strip()
    app.selectbox(key="column").set_value("nn.Buffer").run()
    assert ":blue-badge[✓ yes]" in text(app)
    assert len(app.get("download_button")) == 4


def test_a_slow_cell_shows_its_code_before_it_has_run():
    app = page(predict="false", row="role in torch.export", column="list")
    assert "This row is a slow one" in app.info[0].value
    assert any("torch.export.export" in block.value for block in app.code)


def test_a_slow_cell_says_when_the_filter_leaves_its_row_out():
    app = page(predict="false", row="role in torch.export", rows="in buffers()", slow="true")
    assert "The table leaves it out" in app.info[0].value


def test_a_slow_row_is_run_by_a_worker_on_request():
    row = "role in torch.export"
    app = page(predict="false", rows=row, row=row, column="list")
    assert set(words(app)[row].values()) == {"not run"}
    app.toggle(key="slow").set_value(True).run()
    deadline = time.monotonic() + 60
    while not jobs.ask(registration.slow_cells, row).over:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    app.run()
    assert not app.exception
    assert words(app)[row]["not persistent"] == "unsaved buffer"
    assert ":orange-badge[◆ constant]" in text(app)


def test_the_slow_rows_are_not_started_where_none_is_shown():
    app = page(predict="false", rows="in buffers()", slow="true")
    assert app.toggle(key="slow").disabled and not app.get("progress")
    why = "The table has no slow row now"
    assert sum(said.startswith(why) for said in captions(app)) == 1
    assert not any(
        said.startswith(why) for said in captions(page(predict="false", rows=[*SLOW][:1]))
    )


def test_a_row_is_predicted_revealed_and_scored():
    app = quiz(quiz_row="in state_dict()")
    assert not app.dataframe
    reveal = next(b for b in app.button if b.label == "Reveal what you answered")
    assert reveal.disabled
    for column, name in GUESS_NAMES.items():
        app.radio(key=name).set_value("yes" if column != "list" else "no").run()
    click(app, "Reveal what you answered")
    shown = text(app)
    # Saved are both parameters and two of the buffers; "no" was right for the list.
    assert shown.count("✓ right") == 5 and shown.count("✗ not so") == 5
    assert "With `persistent=False` a buffer moves with the module" in shown
    assert "Score: 5 of 10 right, in 1 row" in shown
    app.radio(key="says_InList").set_value("raises").run()
    assert "What happened: no" in text(app)
    assert "Score: 5 of 10 right, in 1 row" in text(app)
    assert captions(app).count("Your first answer counts: no, right.") == 1
    click(app, "Next row")
    assert app.selectbox(key="quiz_row").value == "restored by load_state_dict()"
    assert "revealed" not in app.query_params
    assert all(app.radio(key=name).value is None for name in GUESS_NAMES.values())
    assert "Score: 5 of 10 right, in 1 row" in text(app)


def test_one_way_at_a_time_and_the_first_answer_counts():
    app = quiz(quiz_row="in buffers()")
    app.radio(key="says_InList").set_value("yes").run()
    click(app, "Reveal what you answered")
    assert "Score: 0 of 1 right" in text(app) and "What happened: no" in text(app)
    app.radio(key="says_NnBuffer").set_value("yes").run()
    assert "Score: 0 of 1 right" in text(app)
    click(app, "Reveal what you answered")
    assert "Score: 1 of 2 right" in text(app)
    click(app, "Clear this row")
    app.radio(key="says_InList").set_value("no").run()
    click(app, "Reveal what you answered")
    assert "Score: 1 of 2 right" in text(app) and "✓ right" in text(app)
    assert "Your first answer counts: yes, not so." in captions(app)
    click(app, "Start the score anew")
    assert "Score" not in text(app) and app.radio(key="says_InList").value is None


def test_a_link_brings_guesses_and_what_was_revealed_back():
    app = quiz(says_InDict="raises", says_NnBuffer="no", revealed=["dict"])
    assert app.radio(key="says_InDict").value == "raises"
    assert "**You said: raises.**" in text(app)
    assert text(app).count("✓ right") + text(app).count("✗ not so") == 1


def test_what_a_link_revealed_is_not_counted():
    app = quiz(says_InDict="no", says_NnBuffer="yes", revealed=["dict"])
    said = "A link revealed this, so it is not counted."
    assert said in captions(app) and "Score" not in text(app)
    click(app, "Reveal what you answered")  # the other one
    assert "Score: 1 of 1 right" in text(app) and captions(app).count(said) == 1
    app.radio(key="says_InDict").set_value("raises").run()
    click(app, "Clear this row")
    app.radio(key="says_InDict").set_value("no").run()
    click(app, "Reveal what you answered")
    assert "Score: 1 of 1 right" in text(app) and captions(app).count(said) == 1


def test_a_way_without_a_guess_is_not_revealed():
    app = quiz(says_NnBuffer="yes", revealed=["dict", "nn.Buffer"])
    assert app.query_params["revealed"] in ("nn.Buffer", ["nn.Buffer"])
    app.radio(key="says_InDict").set_value("yes").run()
    assert text(app).count("✓ right") + text(app).count("✗ not so") == 1


def test_a_word_of_another_row_is_no_guess_at_this_one():
    app = quiz(quiz_row="in buffers()", says_InDict="constant", revealed=["dict"])
    assert app.radio(key="says_InDict").value is None and "revealed" not in app.query_params
    complaint = "`says_InDict` is `constant`, but it must be one of `yes`, `no`, `raises`"
    assert complaint in app.warning[0].value
    app.radio(key="says_InDict").set_value("yes").run()
    assert "You said" not in text(app)
    fit = quiz(quiz_row="under torch.compile", says_InDict="constant")
    assert fit.radio(key="says_InDict").value == "constant" and not fit.warning
    options = quiz(quiz_row="under torch.compile").radio(key="says_InDict").options
    assert options == ["input", "constant", "raises", "not applicable"]


def test_choices_of_table_and_quiz_outlive_each_other():
    app = quiz(says_InDict="no")
    click(app, "Reveal what you answered")
    app.radio(key="view").set_value("the table").run()
    assert app.toggle(key="predict").value is True
    app.radio(key="view").set_value("the quiz").run()
    assert "Score: 1 of 1 right" in text(app)


def test_a_hostile_link_names_every_fault():
    app = page(rows=["in buffers()", "<b>"], columns="x", row="y", view="z", says_InList="w")
    for name in ("rows", "columns", "row", "view", "says_InList"):
        assert f"`{name}` is `" in app.warning[0].value


ANY = st.text(max_size=30) | st.sampled_from(
    ["true", "false", "the quiz", "yes", "half-bool-yes", *FAST[:4], *WAYS]
)


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.dictionaries(
        st.sampled_from(sorted(LEDGER)) | st.text(min_size=1, max_size=8),
        ANY | st.lists(ANY, min_size=1, max_size=4),
        max_size=6,
    )
)
def test_any_link_at_all_opens_a_working_page(parameters):
    parameters = {k: v for k, v in parameters.items() if not k.lower().startswith("embed")}
    parameters.pop("slow", None)  # it would start work in the other tests' worker
    assert page(**parameters).title[0].value == QUESTION


@pytest.mark.parametrize("slow", ["maybe", "True", ""])
def test_a_slow_switch_that_is_none_is_refused(slow):
    assert "`slow` is `" in page(slow=slow).warning[0].value


# ------------------------------------------------- the twelve cells that decide


def twelve(**parameters):
    return page(view="the quiz", **parameters)


def answer(app, said):
    app.radio(key="says").set_value(said).run()
    click(app, "Answer, and run it")


def test_twelve_cells_are_asked_one_by_one_and_summed_up():
    app = twelve()
    for number, asked in enumerate(DECISIVE.values(), start=1):
        assert f"**Question {number} of 12**" in text(app) and asked.question in text(app)
        answer(app, "yes")  # right for five
        outcome = fast_cells()[asked.row, asked.column].outcome
        assert bool(app.success) == (outcome == "yes")
        if number < len(DECISIVE):
            click(app, "Next")
            assert app.radio(key="says").value is None
    assert "**Score: 5 of 12.** All are answered." in text(app)
    assert sum("→ the cell from near" in button.label for button in app.button) == 7
    again = twelve(**{k: v for k, v in app.query_params.items() if k != "view"}, says="yes")
    assert "**Score: 5 of 12.**" in text(again)
    click(again, "Previous")
    assert "**Score: 5 of 12.**" in text(again) and again.radio(key="says").value == "yes"
    click(again, "Start over")
    assert "0 answered" in text(again) and "Question 1 of" in text(again)


def test_the_first_answer_to_one_of_the_twelve_counts():
    app = twelve()
    answer(app, "yes")
    answer(app, "no")
    assert app.success and "**Score: 0 of 12.**" in text(app)
    assert "Your first answer counts: yes." in captions(app)


def test_a_link_from_before_the_twelve_opens_the_row_that_it_names():
    app = twelve(quiz_row="in buffers()")
    assert app.radio(key="cells").value == ALL
    assert app.selectbox(key="quiz_row").value == "in buffers()"
    assert twelve(says_InDict="no").radio(key="cells").value == ALL
    assert twelve().radio(key="cells").value != ALL


def test_a_reload_keeps_the_score_of_all_cells():
    app = quiz(quiz_row="in buffers()")
    app.radio(key="says_InList").set_value("yes").run()
    app.radio(key="says_NnBuffer").set_value("yes").run()
    click(app, "Reveal what you answered")
    assert "Score: 1 of 2 right, in 1 row" in text(app)
    assert f"{len(ROWS) * len(WAYS) - 2} of {len(ROWS) * len(WAYS)} cells" in captions(app)[-1]
    kept = app.query_params["scored"]
    again = quiz(scored=kept, quiz_row="in state_dict()")
    assert "Score: 1 of 2 right, in 1 row" in text(again)
    click(again, "in buffers(): list")
    assert list(words(again)) == ["in buffers()"]
    assert again.selectbox(key="column").value == "list"
    again.radio(key="view").set_value("the quiz").run()
    assert "Score: 1 of 2 right, in 1 row" in text(again)
    click(again, "Start the score anew")
    assert "Score" not in text(again) and "scored" not in again.query_params


def test_a_mark_that_the_experiment_contradicts_is_not_taken_from_a_link():
    forged = SCORED.write({"in buffers()": {"list": ("yes", True)}})
    assert "Score: 0 of 1 right" in text(quiz(scored=forged))
