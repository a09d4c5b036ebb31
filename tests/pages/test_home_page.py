"""The home page, run by Streamlit's own test driver."""

from streamlit.testing.v1 import AppTest


def home(**parameters):
    app = AppTest.from_file("../../dashboard.py", default_timeout=30)
    for name, value in parameters.items():
        app.query_params[name] = value
    return app.run()


def words(app):
    return " ".join(element.value for element in app.markdown)


def test_home_asks_and_does_not_show_the_answer():
    app = home()
    assert not app.exception
    assert app.title[0].value == "What is a buffer?"
    assert len(app.get("vega_lite_chart")) == 2
    assert "a device error" not in words(app) and "A **buffer** is" not in words(app)
    app.radio(key="guess").set_value("both work").run()
    app.button[0].click().run()
    assert not app.exception
    assert "a device error" in words(app) and "it works" in words(app)
    assert "A **buffer** is" in words(app)
    assert "only the one with a buffer works" in app.warning[0].value


def test_taking_the_move_back_makes_both_work():
    app = home(moved="true")
    assert "a device error" in words(app)
    app.toggle(key="moved").set_value(False).run()
    assert not app.exception
    assert "a device error" not in words(app)


def test_a_link_from_before_that_says_unmoved_stays_so():
    app = home(moved="false")
    assert not app.radio and app.toggle(key="moved").value is False
    assert "a device error" not in words(app)


def test_progress_in_a_link_that_is_none_gets_a_message():
    app = home(done="<script>")
    assert not app.exception
    assert "`done` is `<script>`" in app.warning[0].value


def test_home_names_what_a_link_has_wrong():
    app = home(moved="perhaps", what="ever")
    assert not app.exception
    (warning,) = app.warning
    assert "`moved` is `perhaps`, but it must be `true` or `false`" in warning.value
    assert "`what` is not a setting" in warning.value
