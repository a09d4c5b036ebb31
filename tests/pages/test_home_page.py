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
    assert "each token, such as a word of a sentence, attends to itself" in words(app)
    assert len(app.get("vega_lite_chart")) == 2
    assert "a device error" not in words(app) and "A **buffer** is" not in words(app)
    app.radio(key="guess").set_value("both work").run()
    app.button[0].click().run()
    assert not app.exception
    assert "a device error" in words(app) and "it works" in words(app)
    assert "A **buffer** is" in words(app)
    assert "only the one with a buffer works" in app.warning[0].value


def test_the_two_lines_that_differ_and_pytorchs_error_are_shown():
    app = home(guess="both work", home_ran="both-work")
    lines = [element.proto.body for element in app.get("html") if "<pre" in element.proto.body]
    assert [line.split(">")[1].split("<")[0] for line in lines] == [
        "self.mask = causal_mask(context_length)",
        "self.register_buffer(&quot;mask&quot;, causal_mask(context_length))",
    ]
    (error,) = app.code
    assert "expected self and mask to be on the same device" in error.value
    assert words(app).count("is a plain attribute, so it stayed") == 0  # the verdict says it once
    assert "▲ plain attribute, ■ buffer, ● parameter" in app.caption[0].value


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
