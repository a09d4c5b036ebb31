"""Every question of the recap: its code runs, and the answer written down here is right."""

import functools
import json

import fresh_python
import pytest
from catalogues import CATALOGUES

from core.cases.program import program
from core.code.building_blocks import DEVICE
from core.code.script import Script
from core.course import recap
from core.course.recap import ASKED, MAIN, POOL, drawn, pages
from core.course.recap_question import recap_verdict
from core.course.recap_settings import ANSWERS, prediction_of
from core.lessons import LESSONS
from core.settings.setting import read_url

observe = functools.cache(recap.observe)  # no question has settings
RIGHT = {  # by hand, from PyTorch's documentation
    "plain-mask": "a device error",
    "integers-in-half": "int64",
    "alias-in-a-list": "no, the one from before",
    "moved-to-meta": "no, though the mask stayed on the CPU",
    "assigned-anew": "a buffer still",
    "copied-deeply": "ones",
    "optimizer-made-before": "yes",
    "zeros-in-forward": "a device error",
    "number-on-the-cpu": "it works, and the scale is on the CPU",
    "tied-buffers": "the weight only",
    "complex-to-real": "the imaginary part is gone",
    "three-ways-to-hold": "`saved` only",
    "loaded-into-a-buffer": "a missing key",
    "not-persistent-any-more": "an unexpected key",
    "raised-and-yet": "yes, what matched was copied",
    "another-size": "a size mismatch is raised",
    "kept-while-training": "the changed ones",
    "saved-slice": "about 4 MB",
    "prefix-without-strict": "no, and nothing is raised",
    "assigned-halves": "float16",
    "copied-halves": "float32",
    "none-buffer": "no",
    "loaded-onto-meta": "on `meta`, with a warning",
    "step-of-a-buffer": "it stays",
    "decay-without-a-gradient": "it changes",
    "decay-of-a-frozen-one": "it stays",
    "statistics-in-eval": "it stays",
    "statistics-without-gradients": "it changes",
    "buffers-gradient": "`None`",
    "listed-parameters": "weight and bias",
    "dropout-in-eval": "all stay 1",
    "last-token-changed": "the last one",
    "all-hidden": "all nan",
    "too-negative": "an error: overflow",
    "assigned-and-registered": "an error: it exists already",
    "before-super": "an error is raised",
    "input-left-behind": "both devices, and the argument `mat1`",
    "optimizer-loads-its-own-state": "it works, momentum included",
    "mended-by-another-number": "with -1e9 only",
    "swapped-for-a-call": "2, and the buffer is 1",
}


def test_the_pool_is_large_and_its_answers_are_written_down():
    assert len(POOL) >= 30 and set(RIGHT) == set(POOL)


@pytest.mark.parametrize("slug", POOL)
def test_one_answer_holds_and_it_is_the_one_written_down(slug):
    question = POOL[slug]
    seen = observe(question)
    assert [choice.text for choice in question.choices if choice.holds(seen)] == [RIGHT[slug]]


@pytest.mark.parametrize("slug", POOL)
def test_every_answer_has_a_reason_and_its_verdict(slug):
    question, seen = POOL[slug], observe(POOL[slug])
    reasons = [choice.reason for choice in question.choices]
    assert len(set(reasons)) == len(reasons) and all(len(reason) > 15 for reason in reasons)
    assert len(set(question.options)) == len(question.options) >= 2
    for choice in question.choices:
        verdict = recap_verdict(question, choice.text, seen)
        assert verdict.happened == RIGHT[slug]
        assert verdict.right is (choice.text == RIGHT[slug])
        assert choice.reason in f"{verdict.said} {verdict.reason} {verdict.own}"
    (only,) = prediction_of(question).guesses
    assert only.options == question.options


@pytest.mark.parametrize("slug", POOL)
def test_it_says_where_to_go_back_to_with_fit_settings(slug):
    back = POOL[slug].back
    assert back.page in {lesson.page for lesson in LESSONS} and ": " in back.words.replace(
        "? ", ": "
    )
    catalogue = CATALOGUES[back.page.removeprefix("pages/").removesuffix(".py")]
    texts = {k: [v] if isinstance(v, str) else list(v) for k, v in back.settings}
    kept, complaints = read_url(texts, catalogue)
    assert not complaints and kept == back.link


def test_right_answers_are_not_always_at_one_place():
    places = [POOL[slug].options.index(right) for slug, right in RIGHT.items()]
    assert all(places.count(place) > 5 for place in (0, 1, 2))
    assert max(map(places.count, places)) < 0.6 * len(places)


@pytest.mark.parametrize("seed", range(1, 41))
def test_a_draw_has_twelve_different_questions_of_all_lessons(seed):
    questions = drawn(seed)
    assert len({question.slug for question in questions}) == ASKED == 12
    assert {question.back.page for question in questions} == set(pages())
    assert questions == drawn(seed)


def test_most_of_a_draw_is_what_the_course_is_about():
    assert set(POOL) > MAIN and len(MAIN) > ASKED
    assert {POOL[slug].back.page for slug in MAIN} == set(pages())
    numbers = [sum(question.slug in MAIN for question in drawn(seed)) for seed in range(1, 201)]
    assert min(numbers) >= 7 and sum(numbers) / len(numbers) > 10
    # without a preference it would be about half, as in the pool
    assert 0.45 < len(MAIN) / len(POOL) < 0.6


def test_draws_differ_and_reach_the_whole_pool():
    draws = [drawn(seed) for seed in range(1, 60)]
    assert len(set(draws)) == len(draws)
    assert {question.slug for questions in draws for question in questions} == set(POOL)
    assert len(pages()) == 8


def test_a_draw_leaves_others_random_numbers_alone():
    import random

    random.seed(3)
    expected = random.random()
    random.seed(3)
    drawn(9)
    assert random.random() == expected


def test_answers_come_back_from_their_text():
    said = {slug: RIGHT[slug] for slug in list(RIGHT)[:ASKED]}
    text = ANSWERS.write(said)
    assert ANSWERS.read(text) == said and len(text) < 400
    assert ANSWERS.read("") == {}


PASTED = """
import contextlib, io, json, sys, warnings
warnings.simplefilter("ignore")
texts, device = json.load(sys.stdin)
found, base = {}, {}
exec(device, base)
base["torch"].set_num_threads(1)  # several wait for each other on a busy machine
for name, text in texts.items():
    out, error = io.StringIO(), ""
    with contextlib.redirect_stdout(out):
        try:
            exec(compile(text, "pasted", "exec"), dict(base) if "register()" in text else {})
        except Exception as e:
            error = type(e).__name__
    found[name] = [out.getvalue().splitlines(), error]
assert not any(name.split(".")[0] == "core" for name in sys.modules)
print(json.dumps(found))
"""


def test_pasted_into_a_fresh_python_all_show_the_same(tmp_path):
    device, _ = Script("register()\n", (DEVICE,)).parts()
    texts = {slug: program(question.run) for slug, question in POOL.items()}
    done = fresh_python.run(PASTED, tmp_path, json.dumps([texts, device.text]))
    assert done.returncode == 0, done.stderr
    for slug, (lines, error) in json.loads(done.stdout).items():
        seen = observe(POOL[slug])
        assert error == (seen.failure.type if seen.failure else ""), slug
        # a file's size depends on the name of the archive in it, by some bytes
        assert slug == "saved-slice" or tuple(lines) == seen.lines, slug
