// Goes to the start of a question when another one is shown. Kept here, since Streamlit may draw
// the element anew: what was shown last, and on which page.
let last = { page: "", what: "" };

export default function ({ data, parentElement }) {
  const page = location.pathname;
  const isNew = last.page === page && last.what !== data;
  last = { page, what: data };
  if (!isNew) return;
  const start = parentElement.querySelector(".start-of");
  requestAnimationFrame(() => {
    start.closest(".stMain").scrollTo(0, 0);
    if (start.getBoundingClientRect().top > innerHeight / 2) start.scrollIntoView({ block: "start" });
    start.focus({ preventScroll: true });
  });
}
