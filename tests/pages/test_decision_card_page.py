"""The decision card and the case machine, in Streamlit's test driver."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from page_driver import open_page, text

from core.course.case import CHOICES
from core.course.case_machine import CASES
from core.course.decision_card import BRANCHES
from core.course.decision_settings import DECISIONS, MACHINE

QUESTION = "How do I hold this tensor?"
FIRST, SECOND, *_ = CASES


def page(**parameters):
    return open_page("9_Decision_card.py", **parameters)


def machine(**parameters):
    return page(view=MACHINE, **parameters)


def click(app, label):
    next(button for button in app.button if button.label == label).click().run()
    assert not app.exception


def links(app):
    return [link.proto.label for link in app.get("page_link")]


def decide(app, choice):
    app.radio(key="choice").set_value(choice).run()
    click(app, "Run it")


def test_the_card_has_every_branch_with_its_proofs():
    app = page()
    for branch in BRANCHES:
        assert branch.question in text(app) and f"`{branch.code}`" in text(app)
        ways = links(app) + [button.label for button in app.button]
        assert all(place.words in ways for place in branch.proofs)


def test_the_card_leads_on_to_the_cases():
    app = page()
    click(app, f"Now decide {len(CASES)} cases")
    assert CASES[FIRST].title in text(app) and app.query_params["view"] == MACHINE


def test_a_choice_runs_and_stands_beside_the_recommended_one():
    app = machine()
    assert f"1 of {len(CASES)}" in text(app) and "| moves with" not in text(app)
    decide(app, "plain attribute")
    assert "You said: plain attribute." in app.warning[0].value
    assert "| Held as | plain attribute | non-persistent buffer, recommended |" in text(app)
    assert "| moves with `.to(device)` | no, stays on `cpu` | yes |" in text(app)
    assert f"**Score: 0 of {len(CASES)}.** 1 answered" in text(app)


def test_the_first_choice_counts_and_another_may_be_tried():
    app = machine()
    decide(app, "nn.Parameter")
    assert "The code does not run" in app.warning[0].value
    decide(app, "non-persistent buffer")
    assert "That is the recommended way" in app.success[0].value
    assert "Your first choice counts: nn.Parameter, wrong." in [c.value for c in app.caption]
    assert f"**Score: 0 of {len(CASES)}.**" in text(app)


def test_a_link_brings_score_and_choices_back():
    app = machine()
    decide(app, "persistent buffer")
    assert "That works too" in app.success[0].value
    click(app, "Next")
    assert app.radio(key="choice").value is None and CASES[SECOND].title in text(app)
    decide(app, "plain attribute")
    # the browser writes what a widget has into the link, this driver does not
    again = page(**app.query_params, choice="plain attribute")
    assert f"**Score: 1 of {len(CASES)}.** 2 answered" in text(again)
    assert again.radio(key="choice").value == "plain attribute" and again.warning
    click(again, "Previous")
    assert again.radio(key="choice").value == "persistent buffer" and again.success
    assert f"**Score: 1 of {len(CASES)}.** 2 answered" in text(again)


def test_the_summary_leads_back_from_every_miss_and_a_new_start_forgets():
    decided = "_".join(f"{slug}.{CHOICES.index('plain attribute')}" for slug in CASES)
    app = machine(decided=decided)
    assert f"**Score: 1 of {len(CASES)}.** All are answered." in text(app)
    back = [label for label in links(app) if "→" in label]
    assert len(back) == len(CASES) - 1 and CASES[FIRST].back.words in back[0]
    click(app, "Start over")
    assert f"**Score: 0 of {len(CASES)}.** 0 answered" in text(app)
    assert "decided" not in app.query_params


def test_without_predicting_the_recommended_way_is_shown():
    app = machine(predict="false", case="running-mean")
    assert "**persistent buffer.** That is the recommended way." in text(app)
    app.radio(key="choice").set_value("non-persistent buffer").run()
    assert "no, its output differs" in text(app) and "decided" not in app.query_params


@pytest.mark.parametrize("decided", ["x", "rotary", "rotary.9", "rotary.0_rotary.1", "rotary.0_"])
def test_answers_that_are_none_are_refused_with_the_limit(decided):
    app = machine(decided=decided)
    assert "`decided` is `" in app.warning[0].value and "causal-mask.0" in app.warning[0].value


ANY = st.text(max_size=30) | st.sampled_from(["true", MACHINE, *CHOICES, *CASES, "rotary.1"])


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.dictionaries(st.sampled_from(sorted(DECISIONS)), ANY, max_size=6))
def test_any_link_at_all_opens_a_working_page(parameters):
    assert page(**parameters).title[0].value == QUESTION
