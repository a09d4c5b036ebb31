"""Opens a page in Streamlit's own test driver, as a link with parameters would."""

from pathlib import Path

from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).parents[2]


def open_page(page, /, **parameters):
    """The AppTest of a file below pages/ after its first run, which must raise nothing."""
    app = AppTest.from_file(ROOT / "dashboard.py", default_timeout=60)
    app.switch_page(str(ROOT / "pages" / page))
    for name, value in parameters.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception, app.exception[0].value
    return app


def unfold(app, *names):
    """Open the folds with all of a script, by what their files are called."""
    for name in names:
        app.session_state[f"all of {name}"] = True
    app.run()
    assert not app.exception, app.exception[0].value
    return app


def text(app):
    """All Markdown of a page, as it was written."""
    return "\n".join(element.value for element in app.markdown)
