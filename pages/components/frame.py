"""Frames a page: its turn, its title, the navigation, and the link, which may need mending."""

import contextlib
from collections.abc import Generator, Mapping
from typing import Any

import numpy as np
import streamlit as st
from PIL import Image
from streamlit import config
from streamlit.delta_generator import DeltaGenerator

from core.attention.causal_attention import causal_mask
from core.glossary.on_pages import words_on
from core.lessons import lesson
from core.rooms.settings import ON_EVERY_PAGE
from core.settings.prediction import PREDICT
from core.settings.setting import Setting, read_url
from pages.components import course, progress, room_hook, state
from pages.components.links import shown_so
from pages.server.internals import forgive_forged_values, keep_links_whole, rerun_after_reconnect
from pages.server.run_lock import turn

# The page's icon is the causal mask itself: 6 by 6, enlarged, masked cells blue.
_COLOURS = np.array([[214, 226, 240], [11, 92, 173]], dtype=np.uint8)
AFTER_THE_GUESS = "After your guess, there is more here."
ICON = Image.fromarray(_COLOURS[causal_mask(6).int().numpy()]).resize(
    (48, 48), Image.Resampling.NEAREST
)


def of_both_themes(colour: str) -> str:
    """A colour of .streamlit/config.toml for CSS: light or dark, as the page is."""
    both = [str(config.get_option(f"theme.{name}.{colour}")) for name in ("light", "dark")]
    return f"light-dark({', '.join(both)})"


COLOURS = {
    "--page": of_both_themes("backgroundColor"),
    "--link": of_both_themes("linkColor"),
    "--code": f"color-mix(in srgb, var(--page), {of_both_themes('secondaryBackgroundColor')})",
}
STYLE = f"<style>.stApp {{ {''.join(f'{name}: {c}; ' for name, c in COLOURS.items())}}}</style>"
STYLE += """<style>
.stApp { --edge: light-dark(rgb(26 35 48 / 32%), rgb(232 237 243 / 26%)); }
.stMainBlockContainer { padding-top: 3.5rem; padding-bottom: 3rem; }
.stMainBlockContainer h1 { font-size: 2rem; padding: 0.25rem 0 0.5rem; }
.stMainBlockContainer h2 { font-size: 1.25rem; padding: 0.25rem 0 0.75rem; }
[data-testid="stCaptionContainer"], [data-testid="stCaptionContainer"] * {
  color: inherit; opacity: 1; }
.stVegaLiteChart :is(.role-axis, .role-legend) text { fill: currentcolor; }
[data-testid="stMarkdownContainer"]:has(> table) { overflow-x: auto; }
/* A table that goes on to the right has a shadow at its edge. Where it ends, a strip of the page's
   colour, which moves with the table, covers the shadow. */
@media (max-width: 1000px) {
  [data-testid="stMarkdownContainer"]:has(> table), [data-testid="stTable"] > div {
    background:
      linear-gradient(to left, var(--page) 1.5rem, transparent) right / 2.5rem 100% no-repeat local,
      linear-gradient(to left, var(--edge), transparent) right / 1.5rem 100% no-repeat scroll; } }
.dvn-scroller { container-type: scroll-state; }
.dvn-scroll-inner { width: max-content; }
@container scroll-state(scrollable: right) {
  .dvn-scroll-inner::after { content: ""; visibility: visible; position: sticky; right: 0;
    flex: none; width: 1.5rem; margin-left: -1.5rem;
    background: linear-gradient(to left, var(--edge), transparent); } }
/* The buttons of a table that is edited stand above it; the control above them stays free. */
[class*="st-key-controls"] .stElementContainer:has(.stDataFrame) { margin-top: 1.5rem; }
@media (max-width: 640px) {  /* a wide table scrolls, and its first column stays */
  [data-testid="stMarkdownContainer"] table :is(td, th) {
    padding: 0.35rem 0.2rem; font-size: 0.875rem; }
  [data-testid="stMarkdownContainer"] table code { padding-inline: 0.1rem; }
  [data-testid="stMarkdownContainer"] table .stMarkdownBadge { white-space: normal; }
  [data-testid="stMarkdownContainer"] table :is(td, th):first-child,
  [data-testid="stTable"] table :is(td, th):first-child {
    position: sticky; left: -1px; background: var(--page); z-index: 1; max-width: 45vw;
    box-shadow: inset -1px 0 color-mix(in srgb, currentcolor 15%, transparent); } }
/* Of several guesses the button stays in sight, on a bar at the bottom of the screen. */
[class*="st-key-prediction"] > .stElementContainer:has(.stButton) {
  position: sticky; bottom: 0; z-index: 5; width: 100% !important; padding-block: 0.5rem;
  background: var(--page);
  border-top: 1px solid color-mix(in srgb, currentcolor 15%, transparent); }
@media (min-width: 641px) {
  /* Code is below the question on a phone only. */
  [data-testid="stLayoutWrapper"]:has(> .st-key-code-is-below) { display: none; }
  /* Where a line of code goes on, no statement of Python begins. */
  .stCode code[style*="pre-wrap"]:not(.language-plaintext) > span:not(:has(> .linenumber)),
  .stCode code[style*="pre-wrap"]:not(.language-plaintext) > span > .linenumber + span {
    display: block; padding-left: 18ch; text-indent: -18ch; } }
@media (max-width: 640px) {  /* code keeps its lines, and scrolls; what was printed wraps */
  .stCode :is(pre, code) { font-size: 0.75rem; }
  .stApp .stCode code:not(.language-plaintext) { white-space: pre !important; }
  pre.marked:not(.short) { --code: var(--page); white-space: pre; }
  :is(.stApp .stCode pre:not(:has(.language-plaintext)), pre.marked:not(.short)) {
    overflow-x: auto; background:
    linear-gradient(to left, var(--code) 1.5rem, transparent) right / 2.5rem 100% no-repeat local,
    linear-gradient(to left, var(--edge), transparent) right / 1.5rem 100% no-repeat scroll,
    var(--code); }
  .stCode .language-plaintext > span { display: block; padding-left: 2ch; text-indent: -2ch; } }
[class*="st-key-lines"] .stRadio { display: flex; flex-flow: row wrap; align-items: center;
  column-gap: 1rem; }
[class*="st-key-lines"] .stRadio > label { flex: 0 0 6.5rem; margin: 0; }
.read-out { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.stElementContainer:has(> .stHtml > .read-out) { position: absolute; width: 1px !important;
  overflow: hidden; }
.st-key-title { gap: 0 0.75rem; margin-bottom: -0.5rem; }
/* Of words that go on below, a shadow at the lower edge says so. */
[data-testid="stPopoverBody"] { container-type: scroll-state; }
@container scroll-state(scrollable: bottom) {
  [data-testid="stPopoverBody"] > div::after { content: ""; position: sticky; bottom: -1.5rem;
    flex: none; display: block; height: 1.5rem; margin: -1.5rem -1.5rem 0; pointer-events: none;
    background: linear-gradient(to top, color-mix(in srgb, currentcolor 35%, transparent),
      transparent); } }
.st-key-title [data-testid="stPopover"] button { padding: 0.25rem 0; min-height: 0; }
.st-key-title [data-testid="stPopover"] button:is(:hover, :focus, :active, [aria-expanded="true"]) {
  color: inherit; text-decoration: underline; }
[data-testid="stMarkdownContainer"] blockquote { color: inherit; opacity: 1; margin-left: 0;
  border-left: 4px solid #d99a00; padding: 0.35rem 0 0.35rem 0.9rem; }
[data-testid="stMarkdownContainer"] blockquote p { margin: 0; }
.stButtonGroup [role=radiogroup] { gap: 0.5rem; }
.stApp .stButtonGroup [aria-checked=true] :is(*, p) { color: var(--link); font-weight: 600; }
.st-key-navigation { flex-wrap: nowrap; align-items: center; }
/* Page links below a page's text wrap on a phone. */
.stPageLink a { align-items: flex-start; padding-block: 0.3rem; }
.stPageLink a * { white-space: normal; line-height: 1.35; }
/* A link in the text looks like one, and so does a button that leads to a place on this page. */
.stPageLink:not(.st-key-navigation *) a { background: none; }
.stPageLink:not(.st-key-navigation *) a * { font-weight: 400; }
:is(.stPageLink:not(.st-key-navigation *) a, [class*="st-key-missed"] button,
  .st-key-decision_card .stButton button) p { text-decoration: underline; color: var(--link); }
/* Streamlit's colours of code, with the text's mixed in: alone they have too little contrast. */
.stCode pre .token:is(.keyword, .function, .class-name) {
  color: color-mix(in srgb, currentcolor 30%, #1c83e1); }
.stCode pre .token:is(.string, .boolean, .number) {
  color: color-mix(in srgb, currentcolor 50%, #09ab3b); }
.stCode pre .token:is(.comment, .conversion-option) {
  color: color-mix(in srgb, currentcolor 50%, #808495); }
.stCode pre .token.decorator { color: color-mix(in srgb, currentcolor 50%, #ed6f13); }
.stCode pre .token .token.token.token { color: inherit; }
/* A toggle's knob does not slide: the browser would draw all that comes after it meanwhile. */
.stCheckbox label > span + div > div { transition: none; }
/* The name of a choice that waits can be read. */
.stSelectbox > label { color: inherit; }
pre.marked { font-size: 0.8rem; white-space: pre-wrap; overflow-wrap: anywhere;
  padding: 0.75rem; margin: 0; border: 1px solid rgba(128, 128, 128, 0.35); border-radius: 0.5rem; }
pre.marked mark { background: #ffd54a; color: #1a2330; }
</style>"""

keep_links_whole()
forgive_forged_values()


@contextlib.contextmanager
def page(name: str, catalogue: Mapping[str, Setting] | None = None) -> Generator[None]:
    """Run a page of the catalogue of lessons when it is its turn; its contents go within.

    catalogue maps the page's names in the URL to Settings. A link with anything unfit in it is
    cleaned and opened again; what was wrong is then said.
    """
    with turn():
        rerun_after_reconnect()
        known = {**ON_EVERY_PAGE, **(catalogue or {})}
        words = open_page(name, known)
        told = answers_are_told(name)
        with st.container():  # what follows the page's contents keeps its place
            yield
        if words and answers_are_told(name) != told:
            explain_words(words, name)
        course.ways_on(lesson(name), link_back)
        remember_link(name)
        room_hook.host().page_done(name, known)


def open_page(page: str, catalogue: Mapping[str, Setting]) -> DeltaGenerator | None:
    """Draw what stands above a page's contents; the place of its words, if it has any."""
    here = lesson(page)
    st.set_page_config(f"{here.title} · Buffer Lab", ICON, "wide")
    come_back(page, catalogue)
    mend_link(page, catalogue)
    remember_link(page)  # whoever leaves while this run goes on never comes to its end
    st.html(STYLE)
    with st.container(horizontal=True, key="navigation"):
        st.markdown("**Buffer Lab**", width="content")
        course.navigation(here, link_back)
    room_hook.host().at_page(page, catalogue)
    with st.container(horizontal=True, vertical_alignment="center", key="title"):
        st.title(here.question, anchor=False, width="content")
        words = words_of_page(page)
    show_complaints(page)
    return words


def words_of_page(page: str) -> DeltaGenerator | None:
    """What the words of this page mean, for whoever asks: by mouse, by touch or by keyboard."""
    if not words_on(page):
        return None
    with st.popover("Words", type="tertiary", icon=":material/menu_book:"):
        st.markdown("**Words on this page**")
        place = st.empty()
    explain_words(place, page)
    return place


def explain_words(place: DeltaGenerator, page: str) -> None:
    """Write what the words mean; as long as a guess is open, without what the questions ask."""
    told = answers_are_told(page)
    lines = [f"- **{word}**: {text}" for word, text in words_on(page, told).items()]
    place.markdown("\n".join(lines if told else [*lines, "", AFTER_THE_GUESS]))


def answers_are_told(page: str) -> bool:
    """Whether a page shows results: a question of it was answered, or it asks none."""
    here = lesson(page)
    asks = here.questions and st.query_params.get(PREDICT.name) != "false"
    names = {*here.questions, *here.alternatives}
    # A link to the start may say that the modules were moved: then it asks nothing.
    shown = any(st.query_params.get(name) for name in names) or state.is_drawn("moved")
    return not asks or shown


def link_back(page: str) -> dict[str, Any]:
    """The parameters of another page's last link, shown as this page is.

    Where the visitor has not been there: those with which the course begins that lesson.
    """
    link = state.link_to(page)
    last = link.get() if link.known else lesson(page).begins
    return {name: last[name] for name in last if name not in ON_EVERY_PAGE} | shown_so()


def come_back(page: str, catalogue: Mapping[str, Setting]) -> None:
    """Arriving from another page: nothing of that page is taken for this one's.

    Streamlit keeps the value of a bound widget when the next page has one of the same name. With
    the browser's Back button, a page returns without its link, or with what the page before had
    written into its own: give it the last one.
    """
    came_from = state.PAGE.get()
    state.PAGE.set(page)
    if came_from in (None, page):
        return
    progress.forget()
    state.leave_behind(set(catalogue) - {PREDICT.name})
    link = state.link_to(page).get()
    before = state.link_to(came_from).get()
    brought = {
        n for n in st.query_params if n == PREDICT.name or before.get(n) != st.query_params[n]
    }
    if link and not brought:
        st.switch_page(page, query_params=link)


def mend_link(page: str, catalogue: Mapping[str, Setting]) -> None:
    # A widget that is there already has taken its parameter over, and says itself what is wrong.
    parameters = {
        name: st.query_params.get_all(name)
        for name in st.query_params
        if not (name in catalogue and state.is_drawn(name))
    }
    kept, wrong = read_url(parameters, catalogue)
    if wrong:
        state.complaints_of(page).set(wrong)
        # All at once, in one message to the browser; a name without values leaves the link.
        st.query_params.update({name: kept.get(name, []) for name in parameters})
        st.rerun()


def show_complaints(page: str) -> None:
    wrong = state.complaints_of(page)
    if wrong.get():
        with st.container(key="complaints"):
            st.warning("The link had something that this page cannot use.\n\n" +
                       "\n".join(f"- {sentence}" for sentence in wrong.get()))  # fmt: skip
            st.button("Dismiss", on_click=lambda: wrong.set([]))


def remember_link(page: str) -> None:
    """Keep this page's link, so that its entry in the navigation leads back to the same screen."""
    state.link_to(page).set(
        {
            name: values if len(values := st.query_params.get_all(name)) > 1 else values[0]
            for name in st.query_params
        }
    )
