/*
 * The line that stays after a sign-in. The kernel puts it into the place of the widget as plain
 * HTML. This part adds buttons beside it, only in the page where the user signed in.
 */

const TARGET = "wx_notebook.login";

/** Minutes before its end from which the line says that a token ends soon. */
const ENDS_SOON_MIN = 5;

/**
 * The views of an output area that wait for a line, by the line's id.
 *
 * @type {WeakMap<HTMLElement, Map<string, {stop: () => void, isOver: () => boolean}>>}
 */
const WAITING_VIEWS = new WeakMap();

/**
 * Wait for the line to appear in an output area, now and each time it is drawn again.
 *
 * One view waits for each line: a form that is opened again there replaces the one before.
 *
 * @param {HTMLElement | null} area
 * @param {string} id
 * @param {any} kernel
 * @param {() => void} onArrival
 */
function waitForLine(area, id, kernel, onArrival) {
  if (!area || !id || !kernel) return;
  const waiting = WAITING_VIEWS.get(area) ?? new Map();
  WAITING_VIEWS.set(area, waiting);
  for (const [other, each] of [...waiting]) {
    if (other !== id && !each.isOver()) continue;
    each.stop();
    waiting.delete(other);
  }
  /** @type {HTMLElement | null} */
  let line = null;
  let removeButtons = () => {};
  const find = () => {
    const found = area.querySelector(`[data-wxn-line="${id}"]`);
    if (!found || found.dataset.wxnAdopted) return;
    found.dataset.wxnAdopted = "true";
    removeButtons();
    line = found;
    removeButtons = addButtons(line, id, kernel);
    onArrival(line);
  };
  const observer = new MutationObserver(find);
  const disconnect = () => observer.disconnect();
  const stop = () => {
    disconnect();
    kernel.disposed?.disconnect?.(disconnect);
    removeButtons();
  };
  observer.observe(area, { childList: true, subtree: true });
  kernel.disposed?.connect?.(disconnect);
  waiting.set(id, { stop, isOver: () => line !== null && !line.isConnected });
  find();
}

/** The text for a token with so many minutes left. */
function lifeText(minutes, isRenewed, before) {
  const replaced = (text) => before.replace(/token for \d+ \w+/, text);
  if (minutes > ENDS_SOON_MIN) return replaced(`token for ${minutes} min`);
  // the kernel renews it long before its end, and does not tell this page
  if (isRenewed) return replaced(STRINGS["life.renewed"]);
  return replaced(minutes > 0 ? STRINGS["life.ending"] : STRINGS["life.ended"]);
}

/**
 * Let a line, which reads as history in the file, say what is so now; return the function that
 * makes it history again.
 */
function showAsNow(line) {
  const parts = [...line.querySelectorAll("[data-wxn-now]")];
  const before = parts.map((part) => part.textContent);
  for (const part of parts) setText(part, part.dataset.wxnNow);
  return () => parts.forEach((part, index) => setText(part, before[index]));
}

/** Add buttons beside a line; return the function that stops them. */
function addButtons(line, id, kernel) {
  line.classList.add("wxn-root", "wxn-saved");
  line.setAttribute("role", "group");
  line.setAttribute("aria-label", STRINGS.title);
  const text = line.querySelector("p");
  text?.setAttribute("tabindex", "-1");
  const commands = line.querySelector("[data-wxn=commands]");
  const change = makeButton(STRINGS.change);
  const signOut = makeButton(STRINGS.log_out);
  const status = make("p", { class: "wxn-status", role: "status" });
  const bar = make("div", { class: "wxn-bar" }, change, signOut);
  const buttons = [change, signOut];
  const showAsHistory = showAsNow(line);
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
    if (life) setText(life, lifeText(left, Boolean(life.dataset.wxnRenewed), first));
  }, 60_000);

  const markLost = () => {
    clearInterval(count);
    bar.remove();
    showAsHistory();
    setText(status, STRINGS.gone);
  };
  const request = (action) => {
    if (kernel.isDisposed || LOST_STATES.has(kernel.status)) return markLost();
    if (kernel.connectionStatus !== "connected") return setText(status, STRINGS.away);
    for (const button of buttons) button.disabled = true;
    const waitText = action === "change" ? STRINGS["busy.other"] : STRINGS["busy.out"];
    const timer = setTimeout(() => setText(status, waitText), PATIENCE_MS);
    const comm = kernel.createComm(TARGET);
    comm.onMsg = (message) => {
      const answer = message.content.data?.action;
      if (answer !== "queued") clearTimeout(timer);
      if (answer === "done") {
        for (const button of buttons) button.disabled = false;
        setText(status, "");
      }
    };
    comm.open({ action, line: id });
  };
  change.addEventListener("click", () => request("change"));
  signOut.addEventListener("click", () => request("sign_out"));
  const onStatus = (_, state) => {
    if (LOST_STATES.has(state)) markLost();
  };
  kernel.statusChanged?.connect?.(onStatus);
  kernel.disposed?.connect?.(markLost);
  return () => {
    clearInterval(count);
    kernel.statusChanged?.disconnect?.(onStatus);
    kernel.disposed?.disconnect?.(markLost);
  };
}
