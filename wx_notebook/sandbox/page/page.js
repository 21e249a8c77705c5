// The page again every second, of which only what has changed is taken over: an opened call stays
// open, and a form that is being filled in is left alone. What comes is parsed, never run.
const PAUSE_MS = 1000;

/** @param {Element} list @param {Element} fresh */
function update(list, fresh) {
  const known = new Map();
  for (const item of list.children) known.set(item.dataset.number, item);
  const items = [];
  for (const item of fresh.children) {
    const old = known.get(item.dataset.number);
    if (old && item.dataset.number && old.dataset.state === item.dataset.state) {
      items.push(old);
      continue;
    }
    const taken = document.importNode(item, true);
    const wasOpen = old?.querySelector("details")?.open ?? false;
    const details = taken.querySelector("details");
    if (details) details.open = wasOpen;
    items.push(taken);
  }
  list.replaceChildren(...items);
}

/** @param {Element} list @param {Element} fresh */
function replace(list, fresh) {
  if (list.innerHTML === fresh.innerHTML || list.contains(document.activeElement)) return;
  list.replaceChildren(...[...fresh.children].map((item) => document.importNode(item, true)));
}

async function look() {
  try {
    const reply = await fetch("/", { headers: { Accept: "text/html" }, cache: "no-store" });
    if (reply.ok) {
      const fresh = new DOMParser().parseFromString(await reply.text(), "text/html");
      update(document.getElementById("calls"), fresh.getElementById("calls"));
      replace(document.getElementById("on"), fresh.getElementById("on"));
      document.body.classList.remove("gone");
    }
  } catch {
    // the sandbox has ended: what was seen stays
    document.body.classList.add("gone");
  }
  setTimeout(look, document.hidden ? 5 * PAUSE_MS : PAUSE_MS);
}

setTimeout(look, PAUSE_MS);
