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
# In a listing, every word is an element of its own: of those with the same tag and attributes, in
# elements with the same, one stays while axe looks. A page with 30,000 of them takes it 16 seconds.
RUN = """async options => {
    const away = [];
    for (const listing of document.querySelectorAll("pre code")) {
        const seen = new Set();
        for (const word of [...listing.querySelectorAll(":not(:has(*))")]) {
            let kind = word.textContent.trim().length > 1;  // axe leaves single letters out
            for (let e = word; e !== listing; e = e.parentElement) kind += e.cloneNode().outerHTML;
            if (seen.has(kind)) {
                const place = document.createComment("");
                word.replaceWith(place);
                away.push([place, word]);
            }
            seen.add(kind);
        }
    }
    const found = await axe.run(document, options);
    for (const [place, word] of away) place.replaceWith(word);
    return found.violations;
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
        options = {"resultTypes": ["violations"]} | (
            {"runOnly": ["color-contrast"]} if number else {}
        )
        assert [
            (theme, one["id"], node["target"], node["failureSummary"], node["html"][:200])
            for one in violations(page, options)
            for node in one["nodes"]
            if not any(part in node["html"] for part in OF_STREAMLIT.get(one["id"], ()))
        ] == []


def violations(page, options):
    """What axe finds on a page as it stands, with its options."""
    if not page.evaluate("'axe' in window"):
        page.add_script_tag(path=AXE)
    return page.evaluate(RUN, options)
