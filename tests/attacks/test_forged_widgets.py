"""Messages about widgets that no browser of ours sends: the page says which value cannot be."""

import math

import pytest
from coroutines import run
from forged_widgets import VALUES, forged, widgets
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websocket_visitor import Shown, connect, elements, hash_of_page, rerun

from core.lessons import LESSONS

LAB = ("Attention_lab", "predict=true")  # its results are not drawn before a guess
TRAINING = ("Training", "predict=true")


async def open_and_send(address, page, query, states_of):
    """What the page says after each of the states that states_of makes of its widgets' ids."""
    async with connect(address) as socket:
        messages = await rerun(socket, query, page=page)
        page_hash = hash_of_page(messages)
        said, shown = [], Shown()
        shown.take(messages)
        for name, state in states_of(widgets(elements(messages))):
            shown.take(await rerun(socket, query, widgets=[state], page_hash=page_hash))
            said.append((name, shown.text()))
        return said


def heading(page):
    return next(one.question for one in LESSONS if one.page.endswith(f"_{page[0]}.py"))


@pytest.mark.parametrize(
    ("page", "label"),
    [
        (LAB, "Device"),
        (TRAINING, "Seed"),
        (TRAINING, "Optimizer"),
    ],
)
def test_no_state_breaks_a_page(attacked, page, label):
    said = run(open_and_send(attacked.address, *page, lambda found: forged(found[label])))
    assert len(said) == sum(map(len, VALUES.values()))
    for name, text in said:
        assert "**Buffer Lab**" in text and heading(page) in text, name
        assert "a fault, and it is ours" not in text and "Traceback" not in text, name


@pytest.mark.parametrize(
    ("label", "sent", "message"),
    [
        ("Seed", {"double_value": math.nan}, "`seed` is `nan`, but it must be a whole number"),
        ("Seed", {"double_value": math.inf}, "`seed` is `inf`, but it must be a whole number"),
        ("Seed", {"string_value": "many"}, "`seed` is `many`, but it must be a whole number"),
        ("Optimizer", {"json_value": "{"}, "`optimizer` is `{`, but it must be one of"),
    ],
)
def test_the_message_names_the_setting_the_value_and_the_limit(attacked, label, sent, message):
    def states(found):
        return [(label, WidgetState(id=found[label], **sent))]

    ((_, text),) = run(open_and_send(attacked.address, *TRAINING, states))
    assert message in text and "The default is used instead." in text


@pytest.mark.parametrize("sent", [{"int_value": 7}, {"double_value": 7.0}])
def test_what_a_browser_sends_of_a_number_is_taken(attacked, sent):
    def states(found):
        return [("Seed", WidgetState(id=found["Seed"], **sent))]

    ((_, text),) = run(open_and_send(attacked.address, *TRAINING, states))
    assert "The default is used instead." not in text
