"""Every word of the glossary that a page uses is among its Words."""

import re

import pytest
from page_driver import open_page

from core.glossary.on_pages import words_on
from core.glossary.words import GLOSSARY
from core.lessons import LESSONS
from pages.components.frame import AFTER_THE_GUESS

AS_WRITTEN = {  # where a text names it in another way than by the word itself, with or without an s
    "persistent buffer": r"(?<!non-)(?<!not )persistent buffers?\b",
    "non-persistent buffer": r"non-persistent|persistent=False",
    "state_dict": r"state_dict",
    "`sim`": r"\bsim\b",
    "meta device": r"\bmeta\b",
    "`_apply`": r"\b_apply\b",
    "running statistics": r"running statistics|running_mean|running_var",
}


def pattern(word):
    return AS_WRITTEN.get(word, rf"\b{word}s?\b")


READ = {"title", "header", "markdown", "caption", "success", "info", "warning", "error"}


def texts(block):
    """What a visitor reads, in its order; of the Words themselves nothing."""
    for child in block.children.values():
        label = str(getattr(child.proto, "label", ""))
        if child.type == "popover" or label == "The words of this course":
            continue
        yield label
        if hasattr(child, "children"):
            yield from texts(child)
        elif child.type in READ:
            yield str(child.value)
        else:
            yield " ".join(map(str, getattr(child, "options", ())))


SECTIONS = {  # names in the link
    "pages/1_Attention_lab.py": ("pipeline", "tensors", "causality", "cost"),
    "pages/2_Moving_devices.py": ("crossings", "build"),
    "pages/3_State_dict.py": ("edit", "failures", "price", "inside"),
    "pages/4_What_is_state.py": ("all_rows",),
    "pages/5_Training.py": ("decay", "norm", "tensors", "settings"),
}


@pytest.mark.parametrize("predict", ["true", "false"])
@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.title)
def test_every_word_that_a_page_uses_is_explained_on_it(lesson, predict):
    opened = dict.fromkeys(SECTIONS.get(lesson.page, ()), "true")
    page = open_page(f"../{lesson.page}", predict=predict, **opened)
    said = "\n".join(texts(page.main)).replace("Buffer Lab", "")
    assert "Words on this page" not in said and lesson.question in said
    used = {word for word in GLOSSARY if re.search(pattern(word), said, re.IGNORECASE)}
    assert used <= set(words_on(lesson.page)), sorted(used - set(words_on(lesson.page)))


ANSWERS = "`.to()` moves it with the module", "The module does not list it, move it or save it."


def test_the_words_that_are_the_answer_wait_for_the_guess():
    page = open_page("../dashboard.py")
    said = "\n".join(element.value for element in page.markdown)
    assert "**buffer**: A tensor that belongs" in said and AFTER_THE_GUESS in said
    assert not any(answer in said for answer in ANSWERS)
    page.radio(key="guess").set_value("both work").run()
    page.button[0].click().run()
    words = [element.value for element in page.markdown if "**module**: " in element.value]
    assert len(words) == 2 and all(answer in one for one in words for answer in ANSWERS)
    assert AFTER_THE_GUESS not in words[0]


@pytest.mark.parametrize(
    ("name", "link"),
    [
        ("../dashboard.py", {"moved": "true"}),
        ("../dashboard.py", {"guess": "both work", "home_ran": "both-work"}),
        ("../pages/5_Training.py", {"predict": "false"}),
        ("../pages/7_Check_your_module.py", {}),
    ],
)
def test_where_no_guess_is_open_the_words_say_all(name, link):
    told = open_page(name, **link)
    assert AFTER_THE_GUESS not in "\n".join(element.value for element in told.markdown)
