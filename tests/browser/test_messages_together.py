"""The messages of one run reach the page in one turn of its event loop, so that it draws once."""

HEARD = """
async (hidden) => {
  Object.defineProperty(document, "hidden", {value: hidden, configurable: true});
  const socket = new EventTarget(), heard = [], failed = [];
  addEventListener("error", (event) => {
    failed.push(event.error.message);
    event.preventDefault();
  });
  let turn = 0;
  const listen = WebSocket.prototype.addEventListener;
  listen.call(socket, "message", ({data}) => {
    heard.push([data, turn]);
    setTimeout(() => { turn += 1; });
    if (data === "b") throw new Error("b is not understood");
  });
  const dispatch = (data) => socket.dispatchEvent(new MessageEvent("message", {data}));
  for (const data of "abc") { dispatch(data); await Promise.resolve(); }
  const at_once = heard.length;
  await new Promise((resolve) => setTimeout(resolve, 100));
  dispatch("d");
  await new Promise((resolve) => setTimeout(resolve, 100));
  delete document.hidden;
  return {at_once, heard: heard.map(([data]) => data).join(""), failed,
          turns: new Set(heard.slice(0, 3).map(([, turn]) => turn)).size};
}
"""
LISTENERS = """
const listen = WebSocket.prototype.addEventListener;
window.listeners = [];
WebSocket.prototype.addEventListener = function (kind, heard, ...options) {
  if (kind === "message") window.listeners.push(heard.name);
  return listen.call(this, kind, heard, ...options);
};
"""


def test_messages_of_one_moment_are_handed_on_in_one_turn(visit):
    page = visit().open("/What_is_state")
    expected = {"heard": "abcd", "failed": ["b is not understood"], "turns": 1}
    assert page.evaluate(HEARD, False) == expected | {"at_once": 0}
    # a hidden page's timers may take a second
    assert page.evaluate(HEARD, True) == expected | {"at_once": 3}


def test_the_page_listens_to_its_server_that_way(visit):
    visitor = visit()
    visitor.page.add_init_script(LISTENERS)
    visitor.open("/What_is_state")
    visitor.settled(charts=0)
    assert visitor.page.evaluate("window.listeners") == ["gather"]
