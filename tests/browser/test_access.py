"""axe-core finds nothing of ours on any page, in either theme."""

import pytest
from axe import axe_finds_nothing, violations
from browser_visitor import at_rest
from playwright.sync_api import expect

from core.lessons import LESSONS

pytestmark = pytest.mark.browser
PAGES = {
    "home": ("/", 2),
    "lab, gate closed": ("/Attention_lab", 0),
    "lab, compared": ("/Attention_lab?predict=false", 3),
    "lab, all open": (
        "/Attention_lab?buffer=true&guess=it+works&ran=buffer-sim-moved-it-works&inputs=true&pipeline=true"
        "&tensors=true&causality=true&code=true&input=numbers",
        3,
    ),
    "moving, gate closed": ("/Moving_devices?crossings=true", 0),
    "moving, all open": (
        "/Moving_devices?predict=false&crossings=true&crossings_code=true&code=true&counted=256",
        1,
    ),
    "state_dict, gates closed": (
        "/State_dict?edit=true&failures=true&price=true&inside=true&change=paint",
        0,
    ),
    "state_dict, keys, edit, failures": (
        "/State_dict?predict=false&edit=true&failures=true&target_length=4&fix=add-mask"
        "&keys_code=true&load_code=true",
        4,
    ),
    "training, gate closed": ("/Training", 0),
    "training, all open": (
        "/Training?predict=false&steps=20&at=3&decay=true&norm=true&tensors=true",
        13,
    ),
    "lab, mask cost": ("/Attention_lab?cost=true", 0),
    "lab, many tokens": (
        "/Attention_lab?predict=false&device=cpu&input=text&tokens=300&context_length=300"
        "&zoom=true&pipeline=true&causality=true",
        4,
    ),
    "state, gate closed": ("/What_is_state", 0),
    "state, the table": ("/What_is_state?predict=false&rows=in+buffers%28%29&column=list", 0),
    "state, the quiz": ("/What_is_state?view=the+quiz&says_InList=yes&revealed=list", 0),
    "cases, the list": ("/Failure_cases", 0),
    "cases, run": ("/Failure_cases?case=row-of-nan&guess=nan&ran=row-of-nan-nan&home=true", 0),
    "cases, spot the bug": ("/Failure_cases?view=spot+the+bug&repairs=39c", 0),
    "the decision card": ("/Decision_card", 0),
    "the case machine": (
        "/Decision_card?view=the+case+machine&case=rotary&choice=plain+attribute"
        "&ran=rotary-plain-attribute&decided=rotary.3",
        0,
    ),
    "recap, answered": (
        "/Recap?at=9&guess=yes&ran=optimizer-made-before-yes"
        "&answers=saved-slice.0_optimizer-made-before.0",
        0,
    ),
    "own error, an example": ("/Your_own_error?example=masked_fill&predict=false&home=true", 0),
    "lab, complaints": ("/Attention_lab?seed=x&predict=false&device=cpu", 4),
}


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_of_ours_in_either_theme(visit, name):
    link, charts = PAGES[name]
    visitor = visit()
    page = visitor.open(link)
    visitor.settled(charts)
    axe_finds_nothing(page, "light", "dark")


def test_every_page_is_clean_on_a_phone_in_both_themes(visit):
    visitor = visit(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = visitor.open("/")
    for lesson in LESSONS:
        if lesson.number:
            page.evaluate("number => bufferLabGo(number)", lesson.number)
        expect(page.get_by_role("heading", level=1)).to_have_text(lesson.question)
        at_rest(page)
        background = "getComputedStyle(document.querySelector('.stApp')).backgroundColor"
        for theme, colour in (("light", "rgb(255, 255, 255)"), ("dark", "rgb(17, 22, 29)")):
            page.emulate_media(color_scheme=theme)
            page.wait_for_function(f"{background} === '{colour}'")
            axe_finds_nothing(page, theme)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, lesson.title


def test_axe_sees_a_pale_word_wherever_it_stands_in_a_listing(visit):
    page = visit().page
    word, pale = "<span>xx</span> ", '<span style="color: #ccc">yy</span>'
    letter = pale.replace("yy", "y")  # of single letters it says nothing
    page.set_content(f"<pre><code>{word * 500}{letter}{pale}<b>{word * 2}</b>{word}</code></pre>")
    before = page.content()
    found = violations(page, {"runOnly": ["color-contrast"]})
    assert [node["html"] for one in found for node in one["nodes"]] == [pale]
    page.locator("script").evaluate("e => e.remove()")
    assert page.content() == before  # all words are back
