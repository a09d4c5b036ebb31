"""axe-core on a page as it stands."""

from pathlib import Path

AXE = Path(__file__).parents[1] / "browser" / "node_modules" / "axe-core" / "axe.min.js"
# Rules that Streamlit's own widgets break, with the reason. Nothing of ours may break them.
OF_STREAMLIT = {
    # The drop zone of st.file_uploader has role=presentation and an aria-label at once.
    "presentation-role-conflict": ('data-testid="stFileUploaderDropzone"',),
    # st.code with a height scrolls in a <pre> without tabindex. Chromium and Firefox let the
    # keyboard reach such a scroller by themselves, which the rule does not know.
    "scrollable-region-focusable": ('<pre class="st-emotion-cache',),
}
IS_DARK = """dark => {
    const of = document.querySelector('.stApp, body > .room');
    const [r, g, b] = getComputedStyle(of).backgroundColor.match(/\\d+/g);
    return (r < 128) === dark;
}"""
STILL = "document.getAnimations().every(a => a.playState != 'running')"


def axe_finds_nothing(page, *themes):
    """All rules in the first of the themes, or in that of the page without any. In the others,
    of which the last one stays, the rule of contrasts: nothing else changes with a theme."""
    for number, theme in enumerate(themes or (None,)):
        if theme:
            page.emulate_media(color_scheme=theme)
            page.wait_for_function(IS_DARK, arg=theme == "dark")
        page.wait_for_function(STILL)  # what is still fading in has less contrast
        page.add_script_tag(path=AXE)
        options = {"resultTypes": ["violations"]} | (
            {"runOnly": ["color-contrast"]} if number else {}
        )
        found = page.evaluate("options => axe.run(document, options)", options)["violations"]
        assert [
            (theme, one["id"], node["target"], node["failureSummary"], node["html"][:200])
            for one in found
            for node in one["nodes"]
            if not any(part in node["html"] for part in OF_STREAMLIT.get(one["id"], ()))
        ] == []
