/*
 * The line that stays when somebody has signed in. The kernel puts it into the place of the widget
 * as plain HTML; this puts buttons beside it, in the page where that happened and nowhere else.
 */

const TARGET = "wx_notebook.form";

/** From here on a token that is not renewed is said to end; one that is has been by then. */
const ENDING_MIN = 5;

/**
 * Who waits for which line in an output area, by the line's id.
 *
 * @type {WeakMap<HTMLElement, Map<string, {stop: () => void, over: () => boolean}>>}
 */
const WAITING = new WeakMap();

/**
 * Wait for the line to appear in an output area, now and whenever it is drawn anew.
 *
 * One waits for each line: a form that is opened again there takes over from the one before.
 *
 * @param {HTMLElement | null} area
 * @param {string} id
 * @param {any} kernel
 * @param {() => void} arrived
 */
function adopt(area, id, kernel, arrived) {
  if (!area || !id || !kernel) return;
  const here = WAITING.get(area) ?? new Map();
  WAITING.set(area, here);
  for (const [other, each] of [...here]) {
    if (other !== id && !each.over()) continue;
    each.stop();
    here.delete(other);
  }
  /** @type {HTMLElement | null} */
  let line = null;
  let leave = () => {};
  const find = () => {
    const found = area.querySelector(`[data-wxn-line="${id}"]`);
    if (!found || found.dataset.wxnAdopted) return;
    found.dataset.wxnAdopted = "true";
    leave();
    line = found;
    leave = enliven(line, id, kernel);
    arrived(line);
  };
  const observer = new MutationObserver(find);
  const rest = () => observer.disconnect();
  const stop = () => {
    rest();
    kernel.disposed?.disconnect?.(rest);
    leave();
  };
  observer.observe(area, { childList: true, subtree: true });
  kernel.disposed?.connect?.(rest);
  here.set(id, { stop, over: () => line !== null && !line.isConnected });
  find();
}

/** What a line says of a token that has so many minutes left. */
function lifeWords(left, renewed, before) {
  if (left > ENDING_MIN) return before.replace(/\d+ \w+$/, `${left} min`);
  // it is renewed long before its end, which this page does not hear of
  if (renewed) return WORDS["life.renewed"];
  return left > 0 ? WORDS["life.ending"] : WORDS["life.ended"];
}

/** Put buttons beside one line; return what takes the page's own part back. */
function enliven(line, id, kernel) {
  line.classList.add("wxn-root", "wxn-saved");
  line.setAttribute("role", "group");
  line.setAttribute("aria-label", WORDS.title);
  const text = line.querySelector("p");
  text?.setAttribute("tabindex", "-1");
  const commands = line.querySelector("[data-wxn=commands]");
  const change = makeButton(WORDS.change);
  const signOut = makeButton(WORDS.log_out);
  const status = make("p", { class: "wxn-status", role: "status" });
  const bar = make("div", { class: "wxn-bar" }, change, signOut);
  const buttons = [change, signOut];
  const isLine = (text?.textContent ?? "").startsWith("✓");
  if (isLine) {
    if (commands) commands.hidden = true;
    line.append(bar, status);
  }

  const life = line.querySelector("[data-wxn-seconds]");
  const ends = Date.now() + 1000 * Number(life?.dataset.wxnSeconds ?? 0);
  const first = life?.textContent ?? "";
  const count = setInterval(() => {
    if (!line.isConnected) return clearInterval(count);
    const left = Math.ceil((ends - Date.now()) / 60_000);
    if (life) say(life, lifeWords(left, Boolean(life.dataset.wxnRenewed), first));
  }, 60_000);

  const lose = () => {
    clearInterval(count);
    bar.remove();
    say(status, WORDS.gone);
  };
  const ask = (act) => {
    if (kernel.isDisposed || LOST.has(kernel.status)) return lose();
    if (kernel.connectionStatus !== "connected") return say(status, WORDS.away);
    for (const button of buttons) button.disabled = true;
    const waits = act === "change" ? WORDS["busy.other"] : WORDS["busy.out"];
    const late = setTimeout(() => say(status, waits), PATIENCE_MS);
    const comm = kernel.createComm(TARGET);
    comm.onMsg = (message) => {
      const said = message.content.data?.act;
      if (said !== "queued") clearTimeout(late);
      if (said === "done") {
        for (const button of buttons) button.disabled = false;
        say(status, "");
      }
    };
    comm.open({ act, line: id });
  };
  change.addEventListener("click", () => ask("change"));
  signOut.addEventListener("click", () => ask("sign_out"));
  const onStatus = (_, now) => {
    if (LOST.has(now)) lose();
  };
  kernel.statusChanged?.connect?.(onStatus);
  kernel.disposed?.connect?.(lose);
  return () => {
    clearInterval(count);
    kernel.statusChanged?.disconnect?.(onStatus);
    kernel.disposed?.disconnect?.(lose);
  };
}
