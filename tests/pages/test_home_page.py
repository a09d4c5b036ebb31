"""The home page, run by Streamlit's own test driver."""

from streamlit.testing.v1 import AppTest


def home(**parameters):
    app = AppTest.from_file("../../dashboard.py", default_timeout=30)
    for name, value in parameters.items():
        app.query_params[name] = value
    return app.run()


def test_home_says_what_a_buffer_is_and_shows_it():
    app = home()
    assert not app.exception
    assert app.title[0].value == "What is a buffer?"
    assert len(app.get("vega_lite_chart")) == 2
    text = " ".join(element.value for element in app.markdown)
    assert "a device error" in text and "it works" in text


def test_taking_the_move_back_makes_both_work():
    app = home()
    app.toggle(key="moved").set_value(False).run()
    assert not app.exception
    assert "a device error" not in " ".join(element.value for element in app.markdown)


def test_home_names_what_a_link_has_wrong():
    app = home(moved="perhaps", what="ever")
    assert not app.exception
    (warning,) = app.warning
    assert "`moved` is `perhaps`, but it must be `true` or `false`" in warning.value
    assert "`what` is not a setting" in warning.value
