// The navigation, a page's end, and the map of the course. What was answered stays in this browser.
const KEY = "buffer-lab-progress";
const MAX_CHARS = 10_000;
const CASE = /^[a-z0-9-]{1,60}$/;

function fits(id, known) {
  // Whether it is an answer: a question, and, where several cases count, the case
  if (typeof id !== "string") return false;
  const [question, ...about] = id.split(":");
  if (!Object.hasOwn(known, question)) return false;
  return !about.length || (known[question] > 1 && about.length === 1 && CASE.test(about[0]));
}
function read(text, known) {
  // {done, problem}: the answers of a text that are known; a text that is none of ours is refused
  if (!text) return { done: [], problem: "" };
  const problem = "what is no progress of this course was left out.";
  try {
    if (text.length > MAX_CHARS) return { done: [], problem };
    const value = JSON.parse(text);
    if (value?.version !== 1 || !Array.isArray(value.done)) return { done: [], problem };
    const done = added([], value.done.filter((id) => fits(id, known)), known);
    return { done, problem: value.done.every((id) => fits(id, known)) ? "" : problem };
  } catch {
    return { done: [], problem };
  }
}
function load(known) {
  try {
    const found = read(localStorage.getItem(KEY), known);
    return { ...found, problem: found.problem && `Of what this browser had kept, ${found.problem}` };
  } catch {
    return { done: [], problem: "This browser keeps nothing for this page. The course works all " +
      "the same; only the marks of what is done are missing." };
  }
}
function added(done, more, known) {
  // Both together; of a question no more cases than count
  const kept = [];
  for (const id of new Set([...done, ...more])) {
    const question = id.split(":")[0];
    if (kept.filter((one) => one.split(":")[0] === question).length < known[question]) kept.push(id);
  }
  return kept;
}
function save(done) {
  try { localStorage.setItem(KEY, JSON.stringify({ version: 1, done })); } catch { /* load says it */ }
  dispatchEvent(new Event(KEY));
}
function make(tag, attributes = {}, ...children) {
  const made = Object.assign(document.createElement(tag), attributes);
  made.append(...children);
  return made;
}
const STATES = { done: ["✓", "done"], begun: ["◐", "begun"], open: ["", "open"], tool: ["", ""] };
function stateOf(lesson, done) {
  if (!lesson.questions.length) return "tool";
  const { count, goal } = counted(lesson, done);
  return count === goal ? "done" : count ? "begun" : "open";
}
function left(lesson, done) {
  // Of a lesson that was begun, how far it is; empty of any other
  const { count, goal } = counted(lesson, done);
  return stateOf(lesson, done) === "begun" ? `${count} of ${goal} ${lesson.unit}` : "";
}
function counted(lesson, done) {
  const mine = done.filter((id) => lesson.questions.includes(id.split(":")[0]));
  return { count: mine.length, goal: lesson.questions.length * lesson.times };
}
function link(lesson, text, className = "") {
  const made = make("a", { href: lesson.href, className }, ...text);
  made.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button || !window.bufferLabGo) return;
    event.preventDefault();
    made.closest("details")?.removeAttribute("open");
    window.bufferLabGo(lesson.number);
  });
  return made;
}
const numbered = (lesson) => `${lesson.number ? `${lesson.number} ` : ""}${lesson.title}`;
function named(lesson, done, title = numbered(lesson)) {
  const state = stateOf(lesson, done);
  const [mark, word] = STATES[state];
  const parts = [title];
  if (mark && state !== "open") {
    parts.push(make("span", { className: "mark", ariaHidden: "true" }, ` ${mark}`));
    parts.push(make("span", { className: "read" }, `, ${word}`));
  }
  return parts;
}
function entry(lesson, here, done, title) {
  const made = link(lesson, named(lesson, done, title));
  const far = left(lesson, done);
  if (far) made.title = `${far} answered`;
  if (lesson.number === here) made.setAttribute("aria-current", "page");
  return made;
}

function navigation(place, data) {
  const { done } = load(data.known);
  const row = make("nav", { ariaLabel: "Pages" });
  const inline = make("div", { className: "inline" });
  for (const one of data.lessons) if (one.kind === "lesson" || one.number === data.here)
    inline.append(entry(one, data.here, done, one.title));  // the row leaves tools out: no numbers
  const here = data.lessons.find((one) => one.number === data.here);
  const all = make("div", { className: "all" });
  for (const one of data.lessons) all.append(entry(one, data.here, done));
  const menu = make("details", {}, make("summary", {}, "All pages"), all);
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
  menu.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !menu.contains(event.relatedTarget)) menu.open = false;
  });
  row.append(make("span", { className: "here" }, ...named(here, done)), inline, menu);
  const focused = place.querySelector("nav") && document.activeElement?.getAttribute("href");
  const open = place.querySelector("details")?.open;
  place.replaceChildren(row);
  if (open) menu.open = true;
  if (focused) row.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus();
}

const GATE = "[class*=st-key-prediction]";
let pressed, answered = { page: 0, count: 0 };  // the gate that was used last; what was answered
addEventListener("click", ({ target }) => { pressed = target.closest?.(GATE)?.className ?? pressed; });
function bring({ here, answered: { length: count } }) {
  // On a phone, what happened comes into sight once a question is answered: it begins below
  const isNew = answered.page === here.number && count > answered.count;
  answered = { page: here.number, count };
  if (!isNew || !pressed || !matchMedia("(max-width: 640px)").matches) return;
  requestAnimationFrame(() => {
    const gate = [...document.querySelectorAll(GATE)].find((one) => one.className === pressed);
    const follows = (one) => one.offsetHeight
      && gate?.compareDocumentPosition(one) & Node.DOCUMENT_POSITION_FOLLOWING;
    const said = [...document.querySelectorAll(".stMain [data-testid=stAlert]")].find(follows);
    if (!said) return;
    said.style.scrollMarginTop = "4rem";
    said.scrollIntoView({ block: "start" });
  });
}
function ways(place, data) {
  const foot = make("nav", { ariaLabel: "Before and after this page", className: "foot" });
  for (const [word, one] of [["Back", data.before], ["Next", data.after]]) {
    if (!one) continue;
    foot.append(link(one, [
      make("strong", {}, `${word}: ${numbered(one)}`),
      make("span", {}, `${one.question} About ${one.minutes} minutes.`),
    ], word.toLowerCase()));
  }
  const { done } = load(data.known);
  const now = added(done, data.answered.filter((id) => fits(id, data.known)), data.known);
  if (now.length > done.length) save(now);
  bring(data);
  const far = left(data.here, now);
  const said = make("p", { className: "said" }, `You have answered ${far} of this lesson.`);
  place.replaceChildren(...(far ? [said] : []), foot);
}

function ending({ end, lessons }) {
  // What a learner can do once all is done, and what to do next
  const ways = end.next.map(({ number, words }) =>
    make("li", {}, link(lessons.find((one) => one.number === number), [words])));
  return make("section", { className: "end" },
    make("h3", {}, end.title), make("ul", {}, ...end.can.map((what) => make("li", {}, what))),
    make("p", {}, "What to do next:"), make("ul", {}, ...ways));
}

const answers = (count) => `${count} answer${count === 1 ? "" : "s"}`;
function map(place, data, component) {
  const { done, problem } = load(data.known);
  const said = make("p", { className: "said", role: "status" }, problem);
  const list = make("ol");
  const lessons = data.lessons.filter((one) => one.kind === "lesson");
  const next = lessons.find((one) => stateOf(one, done) !== "done");
  const finished = lessons.filter((one) => stateOf(one, done) === "done").length;
  for (const one of data.lessons) {
    const state = stateOf(one, done);
    const { count, goal } = counted(one, done);
    const far = goal > 1 && state !== "done" ? `, ${count} of ${goal} ${one.unit}` : "";
    const words = one.kind === "tool" ? "a tool, for when you need it" : STATES[state][1] + far;
    list.append(make("li", { className: state },
      make("span", { className: "number", ariaHidden: "true" },
        state === "done" ? "✓" : String(one.number || "·")),
      make("div", {}, link(one, [numbered(one)]),
        make("span", {}, ` ${one.question}`),
        make("small", {}, `${one.minutes} minutes · ${words}`))));
  }
  // the map stands on the first lesson's page: that lesson is no link to go on with
  const ahead = next && (next.number ? ["Next: ", link(next, [numbered(next)])] :
    ["Begin with the question at the top of this page."]);
  const head = make("p", { className: "progress" },
    `${finished} of ${lessons.length} done. `, ...(ahead ?? ["You have done it all."]));
  const tools = make("div", { className: "tools" });
  const button = (text, act) => {
    const made = make("button", { type: "button" }, text);
    made.addEventListener("click", act);
    tools.append(made);
    return made;
  };
  const text = () => JSON.stringify({ version: 1, done });
  button("Copy my progress as a link", async () => {
    const address = new URL(location.pathname, location.origin);
    for (const id of done) address.searchParams.append("done", id);
    try { await navigator.clipboard.writeText(address); said.textContent = "Copied."; }
    catch { said.replaceChildren(make("a", { href: address }, "This link has your progress.")); }
  });
  button("Save my progress as a file", () => {
    const address = URL.createObjectURL(new Blob([text()], { type: "application/json" }));
    make("a", { href: address, download: "buffer-lab-progress.json" }).click();
    URL.revokeObjectURL(address);
  });
  const file = make("input", { type: "file", accept: ".json", ariaLabel: "Load my progress from a file" });
  file.addEventListener("change", async () => {
    const one = file.files[0];
    if (!one) return;
    const found = read(one.size > MAX_CHARS ? "x" : await one.text(), data.known);
    if (found.done.length) save(added(done, found.done, data.known));
    place.querySelector(".said").textContent = found.problem
      ? `Of this file, ${found.problem}` : `Loaded: ${answers(found.done.length)}.`;
  });
  tools.append(make("label", { className: "file" }, "Load my progress from a file", file));
  const ask = () => {
    reset.replaceWith(make("span", { className: "sure" }, "Forget all marks? ", yes, no));
    yes.focus();
  };
  const reset = button("Forget my progress", ask);
  const yes = make("button", { type: "button" }, "Yes, forget them");
  const no = make("button", { type: "button" }, "Keep them");
  const sure = () => place.querySelector(".sure");
  yes.addEventListener("click", () => { sure().remove(); save([]); });
  no.addEventListener("click", () => { sure().remove(); map(place, data, component); });
  const parts = [head, ...(next ? [] : [ending(data)]), list, tools, said];
  if (data.brought.length) {
    const take = make("button", { type: "button" }, "Add them to my progress");
    take.addEventListener("click", () => {
      save(added(done, data.brought, data.known));
      component.setTriggerValue("taken", true);
    });
    parts.unshift(make("p", { className: "brought" },
      `This link brings ${answers(data.brought.length)}. `, take));
  }
  const asked = sure();  // the map is drawn anew whenever the page runs, and the question stays
  place.replaceChildren(...parts);
  if (asked) ask();
}

let shown;  // the page that was here last
function begin(here) {
  // Another page begins at its top. Streamlit leaves it where the old page was scrolled to.
  if (shown !== undefined && shown !== here) document.querySelector(".stMain")?.scrollTo(0, 0);
  shown = here;
}

const PARTS = { navigation, ways, map };
export default function (component) {
  const { data, parentElement } = component;
  const place = parentElement.querySelector(".course-part");
  if (data.part === "navigation") {
    begin(data.here);
    window.bufferLabGo = (number) => component.setTriggerValue("go", number);
  }
  const draw = () => PARTS[data.part](place, data, component);
  draw();
  if (data.part === "ways") return () => {};
  addEventListener(KEY, draw);
  addEventListener("storage", draw);
  const outside = (event) => {
    const menu = place.querySelector("details[open]");
    if (menu && !event.composedPath().includes(menu)) menu.open = false;
  };
  addEventListener("pointerdown", outside);
  return () => {
    removeEventListener(KEY, draw);
    removeEventListener("storage", draw);
    removeEventListener("pointerdown", outside);
  };
}
