// A room on a page: what is asked, the reader's answer, the result. Also used within lesson pages.
// options.code: as it is shown. On a lesson's page also: known, what the page's last run said, with
// follow (whether this page goes where the instructor goes) and went (the screen that it went to
// last); ask(what, value), which makes the page run to go to a screen, follow or leave.
// Returns news(), to be called when known has changed, and end(), which takes it off the page.
function mountRoom(root, base, options = {}) {
  const make = (name, className, parent, text = "") => {
    const node = document.createElement(name);
    if (className) node.className = className;
    node.textContent = text;
    parent?.append(node);
    return node;
  };
  // Markdown's code and bold; everything else stays as it was written.
  const write = (node, text) => {
    node.textContent = "";
    for (const piece of text.split(/(`[^`]+`|\*\*[^*]+\*\*)/)) {
      if (/^`.+`$/s.test(piece)) make("code", "", node, piece.slice(1, -1));
      else if (/^\*\*.+\*\*$/s.test(piece)) make("strong", "", node, piece.slice(2, -2));
      else node.append(piece);
    }
  };
  // Code: a line that is too long goes on below, further to the right than it began.
  const writeCode = (node, text) => {
    node.textContent = "";
    for (const line of text ? text.split("\n") : []) {
      const made = make("span", "", node, line || " ");  // an empty one would not be copied
      made.style.setProperty("--indent", `${line.search(/\S|$/)}ch`);
    }
  };
  const top = make("div", "top", root);
  const name = make("span", "", top);
  if (options.code) { name.append("Room "); make("strong", "", name, options.code); }
  const link = make("span", "", top, "Connecting …");
  link.setAttribute("role", "status");
  const inLesson = Boolean(options.ask);
  const title = make(inLesson ? "p" : "h1", "", root, "Waiting for the first question");
  const place = inLesson ? make("details", "question", root) : root;
  if (inLesson) { make("summary", "", place, "The room's question"); place.open = true; }
  const beside = ["lesson", "context", "code", "words"].map(
    (part) => [part, make(part === "code" ? "pre" : "p", part, place)]);
  for (const [part, node] of beside) {
    node.hidden = true;
    if (part === "code") node.tabIndex = 0;  // long code scrolls, by keys too
  }
  const form = make("fieldset", "", place);
  const state = make("p", "state", place);
  state.setAttribute("role", "status");
  const reason = make("p", "reason", place);
  reason.setAttribute("aria-live", "polite");
  const lab = make("p", "", place);
  const instructor = make("p", "", root);
  instructor.setAttribute("role", "status");
  const toQuestion = make("a", "", lab), toInstructor = make("a", "", instructor);
  const note = make("span", "", instructor);
  const phone = matchMedia("(max-width: 640px)");  // where following is a link
  let following = Boolean(options.known?.follow), told = following, wanted = null;
  const turn = make("input", "");
  if (inLesson) {
    const label = make("label", "turn", top);
    Object.assign(turn, {type: "checkbox", checked: following});
    turn.setAttribute("role", "switch");
    label.append(turn, "Follow the instructor");
    turn.addEventListener("change", () => { follow(turn.checked); options.ask("follow", turn.checked); });
    make("button", "", top, "Leave the room").onclick = () => options.ask("leave", true);
    for (const [link, what] of [[toQuestion, "open"], [toInstructor, "go"]]) {
      link.addEventListener("click", (event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        options.ask(what, what === "go" ? room.screen : room.link);
      });
    }
  }
  const follow = (yes) => {
    following = turn.checked = yes;
    wanted = null;
    if (room) draw();
    open();
  };
  // The page runs to go there; until it has, it is asked again now and then.
  const go = () => {
    if (!wanted || !following || phone.matches || !options.known.follow) return;
    if (wanted === options.known.went) wanted = null; else options.ask("go", wanted);
  };
  const news = () => {
    const says = options.known.follow;
    if (says !== told && says !== following) follow(says);
    told = says;  // a run that began before the switch was turned says what was told before
    go();
  };
  const tab = Math.random().toString(36).slice(2);  // what this page does it need not be told
  const group = `choice-${tab}`;
  let room = null, drawn = 0, rows = [], legend, source = null, heard = Date.now(), over = false;
  let mine = null;  // {asking, choice, attempt, sent}
  const earlier = {};  // asking: own answer; the room may come back to it
  let sending = false, wait = 0;

  const say = (text) => { if (state.textContent !== text) state.textContent = text; };
  const connected = (yes) => {
    const text = over ? "" : yes ? "Connected" : "No connection. Trying again …";
    if (link.textContent !== text) link.textContent = text;
    link.className = yes ? "" : "off";
  };

  const build = () => {
    form.textContent = "";
    rows = [];
    for (const [part, node] of beside) {
      if (part === "code") writeCode(node, room.code); else write(node, room[part] || "");
    }
    if (!room.asking) return;
    legend = make("legend", "", form);
    write(make(inLesson ? "span" : "h1", "", legend), room.prompt);
    room.options.forEach((text, index) => {
      const label = make("label", "option", form);
      const input = make("input", "", label);
      Object.assign(input, {type: "radio", name: group, value: index});
      input.addEventListener("change", () => choose(index));
      const words = make("span", "", label);
      write(words, text);
      rows.push({label, input, words, text, number: make("span", "number", label), bar: null});
    });
  };

  const draw = () => {
    const phase = room.phase, asked = Boolean(room.asking);
    if ((room.asking || 0) !== drawn) { drawn = room.asking || 0; build(); }
    title.hidden = (asked || inLesson) && phase !== "ended";
    title.textContent = phase === "ended" ? "This room has ended" : "Waiting for a question";
    if (place !== root) place.hidden = !asked || phase === "ended";
    const own = mine && mine.asking === room.asking ? mine : earlier[room.asking];
    const total = (room.counts || []).reduce((sum, count) => sum + count, 0);
    form.disabled = phase !== "open";
    form.hidden = phase === "ended";
    // within a lesson, what was asked makes way for the screen once the answer is there
    const past = form.hidden || (inLesson && phase === "revealed");
    for (const [, node] of beside) node.hidden = past || !node.textContent;
    rows.forEach((row, index) => {
      row.input.checked = own?.choice === index;
      row.label.classList.toggle("happened", room.happened === index);
      const count = room.counts?.[index];
      const share = total ? Math.round(100 * count / total) : 0;
      const parts = [];
      if (room.happened === index) parts.push("✓ happened");
      if (count !== undefined) parts.push(`${count} · ${share} %`);
      row.number.textContent = parts.join(" · ");
      if (count === undefined) { row.bar?.remove(); row.bar = null; }
      else {
        if (!row.bar) { row.bar = make("span", "bar", row.label); make("i", "", row.bar); }
        row.bar.firstChild.style.width = `${share}%`;
      }
    });
    if (phase === "open" && !own) say(room.round > 1 ? "Asked again: choose anew." : "Choose one.");
    else if (phase === "open") say(own.sent
      ? "Your answer has arrived. You may change it until the question is closed."
      : "Sending your answer …");
    else if (phase === "closed") say(own
      ? "The question is closed. Your answer counts." : "The question is closed.");
    else if (phase === "revealed") say(own
      ? `Your answer: ${said(own.choice)}. ${room.happened === null ? ""
        : own.choice === room.happened ? "This is what happened." : "Not what happened."}`
      : room.happened === null ? "The answer:" : `What happened: ${said(room.happened)}.`);
    else say("");
    const why = asked && room.reason || "";
    if (reason.dataset.text !== why) { reason.dataset.text = why; write(reason, why); }
    lead(toQuestion, asked && phase === "revealed" ? room.link : null,
      inLesson ? "To the question's screen" : "The same screen in the lab", following);
    const pageOf = (link) => link?.split("?")[0];
    const elsewhere = asked && pageOf(room.screen) !== pageOf(room.link);  // shown before it was asked
    const shown = elsewhere ? null : room.screen;
    lead(toInstructor, shown, `The instructor's screen: ${room.screen_title}`, !phone.matches);
    note.textContent = room.screen || !following || phone.matches ? ""
      : "The instructor shows no screen at present.";
  };
  // A link to a screen that stays in the room; no link without a screen.
  const lead = (link, screen, text, follow) => {
    link.hidden = !screen;
    if (!screen) { link.removeAttribute("href"); link.textContent = ""; return; }
    if (link.textContent !== text) link.textContent = text;
    const more = `joined=${options.code.replace(" ", "")}${follow ? "&follow=true" : ""}`;
    link.href = `${screen}${screen.includes("?") ? "&" : "?"}${more}`;
  };
  const said = (choice) => room.options[choice].replace(/[`*]|\.$/g, "");

  const take = (data) => {
    if (room && (data.version < room.version
        || (data.version === room.version && data.seq < room.seq))) return;
    const back = room && data.asking && data.asking < room.asking && !earlier[data.asking];
    const opened = !inLesson && room && room.phase !== "revealed" && data.phase === "revealed";
    room = data;
    draw();
    if (opened) for (const node of [reason, state]) node.scrollIntoView({block: "nearest"});
    if (back) later();  // a new stream begins with one's own answer
  };
  const own = (data) => {
    if (mine && mine.asking === data.asking && mine.attempt >= data.attempt) return;
    const sent = {...data, sent: true};
    if (mine && mine.asking > data.asking) earlier[data.asking] = sent;
    else { put(); mine = sent; }
    if (room) draw();
  };
  const put = () => { if (mine?.sent) earlier[mine.asking] = mine; };

  const choose = (index) => {
    if (mine && mine.asking !== room.asking) put();
    const before = mine && mine.asking === room.asking ? mine.attempt : 0;
    mine = {asking: room.asking, choice: index, attempt: before + 1, sent: false};
    draw();
    send();
  };
  // Until it has arrived: the newest attempt stands, so the same may be sent twice.
  const send = async () => {
    if (sending) return;
    sending = true;
    while (mine && !mine.sent && !over) {
      const {asking, choice, attempt} = mine;
      try {
        const answer = await fetch(`${base}/answer`, {
          method: "POST", keepalive: true, signal: AbortSignal.timeout?.(8000),
          headers: {"content-type": "application/json", accept: "application/json"},
          body: JSON.stringify({asking, choice, attempt, tab})});
        if (answer.status >= 500 || answer.status === 429) throw new Error();
        const said = await answer.json();
        wait = 0;
        if (mine.asking !== asking || mine.attempt !== attempt) continue;
        if (!answer.ok) { mine = null; draw(); say(said.error); break; }
        const stands = said.stands;
        if (said.status === "known" && stands.choice !== choice) {
          mine.attempt = stands.attempt + 1;  // another tab was first; this click is newer
        } else if (said.status === "taken" || said.status === "known") mine.sent = true;
        else mine = stands ? {asking, ...stands, sent: true} : null;
        draw();
        if (said.status === "full") say("This room takes no more answers.");
        if (said.status === "closed" && room.phase === "open") {
          say("The question was closed before your answer came.");
        }
      } catch {
        wait = Math.min(8000, wait * 2 || 400);
        await new Promise((done) => setTimeout(done, wait * (0.5 + Math.random())));
      }
    }
    sending = false;
  };

  const open = () => {
    source?.close();
    if (over) return;
    heard = Date.now();
    const query = `tab=${tab}${following && !phone.matches ? "&follow=1" : ""}`;
    const here = source = new EventSource(`${base}/events?${query}`);
    const hear = () => { heard = Date.now(); connected(true); };
    here.onmessage = (event) => { hear(); take(JSON.parse(event.data)); };
    here.addEventListener("mine", (event) => { hear(); own(JSON.parse(event.data)); });
    here.addEventListener("beat", hear);
    here.addEventListener("go", (event) => { hear(); wanted = JSON.parse(event.data).screen; go(); });
    here.addEventListener("gone", gone);
    here.onerror = async () => {
      connected(false);
      if (here !== source || here.readyState !== EventSource.CLOSED) return;
      // It was refused. Where there is no such room any more, asking on would help nobody.
      const answer = await fetch(base, {method: "HEAD"}).catch(() => null);
      if (answer?.status === 404) gone(); else if (here === source) later();
    };
  };
  const gone = () => {
    over = true;
    source?.close();
    form.hidden = instructor.hidden = lab.hidden = true;
    if (place !== root) place.hidden = true;
    title.hidden = false;
    title.textContent = "This room is there no more";
    link.textContent = "";
    say("");
  };
  let again = 0;
  const later = () => {
    clearTimeout(again);
    again = setTimeout(open, 500 + 1000 * Math.random());
  };
  // Phones end streams without a word while they sleep.
  const check = () => {
    if (over) return;
    const silent = Date.now() - heard > 35000;
    if (silent) connected(false);
    if (silent || source?.readyState === EventSource.CLOSED) open();
    go();
  };
  const seen = () => {
    if (document.visibilityState === "visible" && Date.now() - heard > 3000) open();
    send();
  };
  const shown = (event) => { if (event.persisted) open(); };
  document.addEventListener("visibilitychange", seen);
  addEventListener("pageshow", shown);
  addEventListener("online", open);
  const timer = setInterval(check, 5000);
  open();
  const end = () => {
    over = true;
    source?.close();
    clearInterval(timer);
    clearTimeout(again);
    document.removeEventListener("visibilitychange", seen);
    removeEventListener("pageshow", shown);
    removeEventListener("online", open);
    root.textContent = "";
  };
  return {news, end};
}
