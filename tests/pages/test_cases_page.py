"""The page of failure cases, run by Streamlit's own test driver."""

import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from page_driver import open_page, text, unfold

from core.cases.case import Tag
from core.cases.catalogue import CASES, FIRST, search
from core.cases.observe import kept_outcome, observe_in_worker
from core.cases.program import program, shown
from core.cases.settings import FAILURES, LINES
from core.cases.spot_the_bug import DAMAGED, listing
from core.workers import pool as jobs
from pages.cases import one_case

QUESTION = "What goes wrong in real projects, and what repairs it?"
FAST = [slug for slug, case in CASES.items() if not case.slow]


def page(**parameters):
    return open_page("6_Failure_cases.py", **parameters)


def click(app, label):
    next(button for button in app.button if button.label == label).click().run()
    assert not app.exception


def links(app):
    return [link.proto.label for link in app.get("page_link")]


def cases_in(app):
    return [label for label in links(app) if label[0].isdigit()]


def captions(app):
    return "".join(caption.value for caption in app.caption)


def code(app):
    return [block.value for block in app.code]


def test_the_list_has_all_cases_and_a_search_leaves_those_that_fit():
    app = page()
    assert f"After any 3 of the {len(CASES)} cases" in text(app)
    assert len(cases_in(app)) == len(FIRST) + len(CASES) and len(FIRST) == 5
    app.text_input(key="find").set_value("darts#3052").run()
    assert cases_in(app) == ["9. A mask that is made on first use"]
    app.text_input(key="find").set_value("zzz").run()
    assert not cases_in(app) and "Take one away" in app.info[0].value


def test_a_link_brings_search_and_tags_back():
    app = page(find="torch", tags=[Tag.EXPORT, Tag.DISTRIBUTED])
    expected = search("torch", (Tag.EXPORT, Tag.DISTRIBUTED))
    assert len(cases_in(app)) == len(expected) > 2
    assert f"{len(expected)} of {len(CASES)} cases" in app.caption[0].value


def test_a_case_waits_for_a_guess_and_then_shows_both_outcomes():
    app = page(case="mask-left-behind")
    case = CASES["mask-left-behind"]
    assert code(app) == [shown(case.broken).strip()]
    app.radio(key="guess").set_value("it works").run()
    click(app, "Run it, and the fix")
    happened, guessed = app.warning[0].value.split("\n\n")
    assert happened.startswith("**What happened: a device error at the mask. The mask is a plain")
    assert guessed.startswith("**You said: it works.** It would work if `.to()` moved every")
    assert "expected self and mask to be on the same device" in code(app)[1]
    assert "line 11: scores.masked_fill_(" in code(app)[1] and "RuntimeError" not in code(app)[2]
    assert "**Why.** " in text(app) and "**The fix.** " in text(app)
    difference = "".join(element.proto.body for element in app.get("html"))
    assert "<del>-             self.mask = torch.triu" in difference
    assert "<ins>+             self.register_buffer(&quot;mask&quot;" in difference


def test_the_question_stands_before_the_code_and_without_one_the_outcomes_stand_beside_it():
    before, after = page(case="lazy-mask").columns[:2]
    assert [radio.key for radio in before.radio] == ["guess"] and not before.code
    assert len(after.code) == 1 and not after.radio
    left, right = page(case="lazy-mask", predict="false").columns[:2]
    assert [block.value for block in left.code] == [shown(CASES["lazy-mask"].broken).strip()]
    assert "to be on the same device" in right.code[0].value and len(right.code) == 2
    assert "**In short.**" in right.markdown[0].value


def test_a_right_guess_is_praised_and_its_link_shows_the_same():
    said = "a device error at the mask"
    app = page(case="mask-left-behind", guess=said,
               ran="mask-left-behind-" + said.replace(" ", "-"))  # fmt: skip
    assert "That is what happened.** The mask is a plain attribute" in app.success[0].value


@pytest.mark.parametrize("slug", FAST)
def test_every_case_runs_on_the_page_without_a_gate(slug):
    app = page(case=slug, predict="false")
    case, outcome = CASES[slug], kept_outcome(slug)
    assert app.header[0].value.endswith(f". {case.title}")
    for seen, block in ((outcome.broken, code(app)[1]), (outcome.fixed, code(app)[2])):
        for line in seen.lines:
            assert line in block
        assert not seen.failure or seen.failure.message.strip() in block
    assert "✓ *" + case.answer.text in text(app)
    for source in case.sources:
        assert source.partition("/")[2] in captions(app)
    similar = cases_in(app)
    assert [label.split(". ", 1)[1] for label in similar] == [CASES[s].title for s in case.similar]


def test_a_slow_case_is_run_by_a_worker():
    app = page(case="wrapped-by-compile", predict="false")
    deadline = time.monotonic() + 90
    while not (job := jobs.ask(observe_in_worker, "wrapped-by-compile")).over:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert job.state == "done"
    app.run()
    assert not app.exception and "_orig_mod.weight" in code(app)[1]


def test_a_slow_case_counts_once_a_worker_has_run_it(monkeypatch):
    here = []
    monkeypatch.setattr(one_case, "work", lambda *_, **__: here[0] if here else None)
    slug, done = "wrapped-by-compile", "answered on pages/6_Failure_cases.py"
    app = page(case=slug, guess=CASES[slug].answer.text)
    click(app, "Run it, and the fix")
    assert "ran" in app.query_params and not app.session_state[done]
    here.append(kept_outcome("row-of-nan"))
    app.run()
    assert app.session_state[done] == {("ran", slug)}


def test_both_sides_can_be_taken_home():
    app = page(case="row-of-nan", predict="false", home="true")
    case = CASES["row-of-nan"]
    assert program(case.broken).strip() in code(app)[3]
    assert program(case.fixed).strip() in code(app)[4]
    assert len(app.get("download_button")) == 4
    device = page(case="lazy-mask", predict="false", home="true")
    assert not any("def register()" in block for block in code(device)), "it is folded away"
    unfold(device, "lazy-mask", "lazy-mask-fixed")
    assert sum("def register()" in block for block in code(device)) == 2


def test_previous_and_next_follow_the_order():
    first, second, third, *_, last = CASES.values()
    shown_links = links(page(case=second.slug))
    assert (
        f"Previous case: {first.title}" in shown_links
        and f"Next case: {third.title}" in shown_links
    )
    assert not any(label.startswith("Previous case") for label in links(page(case=first.slug)))
    assert not any(label.startswith("Next case") for label in links(page(case=last.slug)))


def test_the_listing_is_repaired_line_by_line():
    app = page(view="spot the bug")
    assert code(app)[1] == DAMAGED and "SyntaxError: expected ':'" in code(app)[0]
    repairs = {39: "39c", 20: "20c", 16: "16b", 17: "17a", 22: "22c"}
    said = ["keystranspose", "no attribute 'transpose'", "'Linear' and 'Tensor'", "attn_weights",
            "-0.4519,  0.2216"]  # fmt: skip
    for (number, word), words in zip(repairs.items(), said, strict=True):
        line = next(line for line in LINES if line.startswith(f"{number}: "))
        app.selectbox(key="line").set_value(line).run()
        app.radio[-1].set_value(word).run()
        assert not app.exception and words in code(app)[0]
        assert ("still a plain attribute" in text(app)) == (word == "22c")
    assert "The listing is whole" in app.success[0].value
    assert "self.register_buffer" not in code(app)[1] and "self.mask = " in code(app)[1]
    assert "not counted for the lesson" in text(app) and "guess what it does" not in text(app)
    assert code(app)[1] == listing(tuple(repairs.values())).strip()
    click(app, "Start over")
    assert code(app)[1] == DAMAGED


def test_no_line_is_chosen_before_the_learner_chooses_one():
    app = page(view="spot the bug")
    assert app.selectbox(key="line").value is None and "Choose a line" in captions(app)
    assert [radio.key for radio in app.radio] == ["view"]  # and nothing to put in a line
    assert next(b for b in app.button if b.label == "Start over").disabled
    line = next(iter(LINES))
    app.selectbox(key="line").set_value(line).run()
    assert app.radio[-1].value == "as it stands"
    linked = page(view="spot the bug", line=line)
    assert linked.selectbox(key="line").value == line and not linked.warning


def test_a_link_shows_a_state_of_the_listing_and_a_wrong_choice_its_error():
    app = page(view="spot the bug", repairs=["39c", "20c", "16b", "17a", "22d"])
    assert "inf" in code(app)[0] and "stays in a program" in app.warning[0].value
    app = page(view="spot the bug", repairs=["39a"])
    assert "IndentationError" in code(app)[0]


def test_a_hostile_link_names_every_fault_and_runs_nothing_of_it():
    app = page(case="../x", tags="<b>", repairs=["16b", "import os"], line="1", view="z")
    for name in ("case", "tags", "repairs", "line", "view"):
        assert f"`{name}` is `" in app.warning[0].value
    app = page(view="spot the bug", repairs=["import os"])
    assert code(app)[1] == DAMAGED


def test_a_guess_of_another_case_is_none_at_this_one():
    app = page(case="row-of-nan", guess="it works")
    assert app.radio(key="guess").value is None and "`guess` is `it works`" in app.warning[0].value
    assert app.title[0].value == QUESTION


ANY = st.text(max_size=20) | st.sampled_from(
    ["true", "false", "spot the bug", "it works", "16b", "39c", *Tag, *FAST[:6], *LINES]
)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.dictionaries(
        st.sampled_from(sorted(FAILURES)) | st.text(min_size=1, max_size=8),
        ANY | st.lists(ANY, min_size=1, max_size=4),
        max_size=6,
    )
)
def test_any_link_at_all_opens_a_working_page(parameters):
    parameters = {k: v for k, v in parameters.items() if not k.lower().startswith("embed")}
    assert page(**parameters).title[0].value == QUESTION


def test_every_link_on_a_case_hands_on_how_the_page_is_shown():
    app = page(case="stale-alias", predict="false", present="true", lead="true", follow="false")
    found = {link.proto.label: link.proto.query_string for link in app.get("page_link")}
    assert len(found) >= 4 and any(label.startswith("Next case") for label in found)
    for label, query in found.items():
        assert {"present=true", "lead=true"} <= set(query.split("&")), label
