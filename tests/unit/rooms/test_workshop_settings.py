"""The plan in the link of /Workshop: what is kept, and what is said about the rest."""

from core.rooms.settings import MOST_SCREENS, PLAN, WORKSHOP
from core.settings.setting import read_url


def test_screens_that_fit_are_kept_in_their_order():
    links = ["State_dict?edit=true", "Attention_lab", "State_dict?edit=true#again"]
    assert read_url({"plan": links}, WORKSHOP) == ({"plan": links}, [])


def test_what_is_no_screen_is_named_and_left_out():
    kept, wrong = read_url({"plan": ["State_dict", "javascript:x"]}, WORKSHOP)
    assert kept == {"plan": ["State_dict"]}
    assert "`javascript:x`" in wrong[0] and "a page of this lab" in wrong[0]


def test_a_plan_has_a_bound():
    many = [f"State_dict?at={number}" for number in range(MOST_SCREENS + 5)]
    kept, wrong = read_url({"plan": many}, WORKSHOP)
    assert kept["plan"] == many[:MOST_SCREENS]
    assert "`45 screens`" in wrong[0] and "at most 40" in wrong[0]
    assert not PLAN.accepts(tuple(many)) and not PLAN.accepts("State_dict")
