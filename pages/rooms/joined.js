const mounted = new WeakMap();

export default function (component) {
  const { parentElement, data, setTriggerValue } = component;
  const root = parentElement.querySelector(".room");
  let held = mounted.get(root);
  if (!held || held.code !== data.code) {
    held?.room.end();
    const code = `${data.code.slice(0, 3)} ${data.code.slice(3)}`;
    held = { code: data.code, options: { code, known: data, ask: setTriggerValue } };
    held.room = mountRoom(root, `/r/${data.code}`, held.options);
    mounted.set(root, held);
  }
  Object.assign(held.options, { known: data, ask: setTriggerValue });
  held.room.news();
  return () => { held.room.end(); mounted.delete(root); };
}
