"""A Chromium to measure in: what "complete" means, and the clock that runs inside the page.

A page is complete when Streamlit's script is not running, the heading stands, nothing is a skeleton
and every chart container has its picture. After a click the clock in the page (`CLOCK`) runs:

- it starts at the time stamp that the browser gave the click's own event;
- the last change is noted of anything in the main part of the page (a MutationObserver) and on any
  canvas (its drawing methods are wrapped);
- it ends at the second animation frame after that change, so that the change has been painted, once
  the click was sent to the server and answered, the script has come to rest, the page is complete,
  every bitmap in an SVG chart is decoded, and nothing has changed or come in for QUIET ms (which
  are waited, but not counted).
"""

import contextlib

QUIET = 300
TIMEOUT = 60_000  # ms
COMPLETE = """
charts => {
  const app = document.querySelector('[data-testid=stApp]');
  if (app?.dataset.testScriptState !== 'notRunning') return false;
  const main = document.querySelector('[data-testid=stMain]');
  if (!main) return false;
  const all = [...main.querySelectorAll('[data-testid=stVegaLiteChart]')];
  if (all.length < charts || !all.every(c => c.querySelector('svg.marks, canvas.marks')))
    return false;
  // asked last, since the text costs a layout of the page each time
  return !main.querySelector('[data-testid=stSkeleton]') && main.innerText.trim() !== '';
}
"""
CLOCK = """
({charts, quiet, timeout}) => {
  const complete = COMPLETE;
  const main = document.querySelector('[data-testid=stMain]');
  const began = performance.now();
  window.measured = new Promise((resolve, reject) => {
    let start = null, sent = null, last = null, drawn = null, frames = 0;
    const decoded = new Map();
    addEventListener('click', event => { start ??= event.timeStamp; }, {capture: true});
    const changed = () => {
      if (start !== null) { last = performance.now(); drawn = null; frames = 0; }
    };
    const everything = {subtree: true, childList: true, attributes: true, characterData: true};
    new MutationObserver(changed).observe(main, everything);
    const context = CanvasRenderingContext2D.prototype;
    for (const name of ['clearRect', 'drawImage', 'fill', 'stroke', 'fillText']) {
      const original = context[name].original ?? context[name];
      context[name] = function (...rest) { changed(); return original.apply(this, rest); };
      context[name].original = original;
    }
    const send = WebSocket.prototype.send.original ?? WebSocket.prototype.send;
    WebSocket.prototype.send = function (...rest) {
      if (start !== null) sent = performance.now();
      const hear = () => { window.heard = performance.now(); };
      if (!this.listening) this.addEventListener('message', hear);
      this.listening = true;
      return send.apply(this, rest);
    };
    WebSocket.prototype.send.original = send;
    const bitmaps = () => [...main.querySelectorAll('svg.marks image')].every(image => {
      const link = image.href.baseVal;
      if (!decoded.has(link)) {
        decoded.set(link, false);
        const copy = new Image();
        copy.src = link;
        copy.decode().finally(() => { decoded.set(link, true); changed(); });
      }
      return decoded.get(link);
    });
    const frame = () => {
      if (last !== null && bitmaps() && drawn === null && ++frames === 2) drawn = performance.now();
      const answered = sent !== null && window.heard > sent;
      const rest = performance.now() - Math.max(last, window.heard) > quiet;
      if (answered && drawn !== null && rest && complete(charts)) {
        resolve(drawn - start);
      } else if (performance.now() - began > timeout) {
        reject(new Error(`nothing complete ${timeout} ms after a click: ` + JSON.stringify({
          start, sent, heard: window.heard, last, drawn, complete: complete(charts)})));
      } else {
        requestAnimationFrame(frame);
      }
    };
    requestAnimationFrame(frame);
  });
}
""".replace("COMPLETE", COMPLETE)


@contextlib.contextmanager
def fresh_page(browser):
    """A page with an empty cache and cookies of its own."""
    context = browser.new_context(viewport={"width": 1400, "height": 1000})
    page = context.new_page()
    page.set_default_timeout(TIMEOUT)
    yield page
    context.close()


def wait_until_complete(page, charts):
    page.wait_for_function(COMPLETE, arg=charts, polling="raf", timeout=TIMEOUT)


def check(page):
    """An error of ours on the page ends the measurement."""
    for text in ("fault, and it is ours", "this page cannot use"):
        if page.get_by_text(text).count():
            raise RuntimeError(f"the page at {page.url} says: {text}")
