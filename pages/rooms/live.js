const listeners = new WeakMap();

export default function (component) {
  const { parentElement, data } = component;
  const root = parentElement.querySelector(".room");
  let held = listeners.get(root);
  if (!held || held.code !== data.code) {
    held?.source.close();
    held = { code: data.code, source: new EventSource(`/r/${data.code}/events?as=instructor`) };
    listeners.set(root, held);
  }
  held.shown = { ...data };
  held.lost = false;
  bring(root, data);
  const draw = () => render(root, held);
  held.source.onopen = () => { held.lost = false; draw(); };
  held.source.onerror = () => { held.lost = true; draw(); };
  held.source.onmessage = (event) => {
    held.lost = false;
    const news = JSON.parse(event.data);
    if (news.asking !== held.shown.number || !news.counts) return draw();
    if (news.version < held.shown.version || news.seq < held.shown.seq) return draw();
    held.shown.counts = news.counts;
    held.shown.seq = news.seq;
    draw();
  };
  draw();
  return () => { held.source.close(); listeners.delete(root); };
}

// What was seen of a room last, and on which page: Streamlit may draw the element anew.
let brought = {};
function bring(root, { code, gate, number, phase, present }) {
  if (!gate) return;
  const before = brought, page = location.pathname;
  brought = { page, code, number, phase };
  const known = before.page === page && before.code === code;
  if (known && before.number === number && before.phase === phase) return;
  if (phase === "revealed" && before.phase !== "revealed" && (known || present)) {
    hold(() => verdict(gate, root.getRootNode().host ?? root));
  } else if (present) hold(() => root.getRootNode().host?.closest("[class*=st-key-prediction]"));
}

// The verdict where it begins above the question; the question where answers and verdict fit below
// it; of a question that fills the screen, the room's answers with the verdict close below, the
// verdict, or what follows.
function verdict(gate, room) {
  const question = document.querySelector(`.st-key-${gate.replace(/[^a-zA-Z0-9_-]/g, "-")}`);
  if (!question) return question;
  const follows = (one) => question.compareDocumentPosition(one) & Node.DOCUMENT_POSITION_FOLLOWING;
  const said = [...document.querySelectorAll(".stMain [data-testid=stAlert]")]
    .find((one) => one.offsetHeight && follows(one));
  const top = (one) => one.getBoundingClientRect().top;
  const end = Math.max(...[room, said].map((one) => one?.getBoundingClientRect().bottom ?? 0));
  const first = said && top(said) < top(question) ? said : question;
  if (first === said || end - top(first) < 0.88 * innerHeight) return first;
  if (said && question.offsetHeight > 0.45 * innerHeight) {
    const near = said.getBoundingClientRect().bottom - top(room) < 0.85 * innerHeight;
    return near && question.contains(room) ? room : said;
  }
  if (question.offsetHeight < 0.45 * innerHeight) return question;
  for (let node = question; node && node !== document.body; node = node.parentElement) {
    let after = node.nextElementSibling;
    while (after && !after.offsetHeight) after = after.nextElementSibling;
    if (after) return after;
  }
  return question;
}

// Keep what find gives at the top while the page is being drawn, unless somebody scrolls.
let stopHolding = () => {};
function hold(find) {
  stopHolding();
  const last = performance.now() + 20000;
  const events = ["wheel", "touchmove", "keydown", "pointerdown"];
  let stopped = false, end = 0;
  const stop = stopHolding = () => {
    stopped = true;
    events.forEach((name) => removeEventListener(name, stop));
  };
  events.forEach((name) => addEventListener(name, stop, { passive: true }));
  const step = (now) => {
    const app = document.querySelector("[data-testid=stApp]");
    if (!end || app?.dataset.testScriptState === "running") end = now + 1500;
    if (stopped || now > Math.min(end, last)) return stop();
    const found = find();
    const bar = document.querySelector(".st-key-room-bar")?.parentElement;
    const stays = bar && getComputedStyle(bar).position === "sticky";
    const head = stays ? bar : document.querySelector("[data-testid=stHeader]");
    const place = (head?.offsetHeight ?? 0) + 12;
    if (found && Math.abs(found.getBoundingClientRect().top - place) > 1) {
      found.style.scrollMarginTop = `${place}px`;
      found.scrollIntoView({ block: "start" });
    }
    requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
}

function element(tag, name, text) {
  const made = document.createElement(tag);
  made.className = name;
  if (text !== undefined) made.textContent = text;
  return made;
}

function render(root, held) {
  const { options, counts, chart, phase, happened } = held.shown;
  const total = counts.reduce((sum, count) => sum + count, 0);
  const count = element("p", "count", `${total} ${total === 1 ? "answer" : "answers"}`);
  count.setAttribute("role", "status");
  const words = { open: "open", closed: "closed", revealed: "revealed" }[phase] ?? phase;
  count.append(element("span", "state", ` · ${words}${held.lost ? " · not connected, counts may be old" : ""}`));
  root.replaceChildren(count);
  const list = element("ul", chart ? "bars" : "options");
  root.append(list);
  if (!chart) return list.append(...options.map((option) => element("li", "", option)));
  options.forEach((option, index) => {
    const row = element("li", index === happened ? "happened" : "");
    const share = total ? Math.round((100 * counts[index]) / total) : 0;
    const track = element("span", "track");
    track.setAttribute("aria-hidden", "true");
    const bar = element("span", "bar");
    bar.style.display = "block";
    bar.style.width = `${share}%`;
    track.append(bar);
    const mark = index === happened ? "✓ " : "";
    row.append(element("span", "option", mark + option), track,
      element("span", "number", `${counts[index]} (${share} %)`));
    list.append(row);
  });
}
