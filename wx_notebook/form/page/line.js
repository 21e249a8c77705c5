/*
 * The line that stays when somebody has signed in. The kernel puts it into the place of the widget
 * as plain HTML; this puts buttons beside it, in the page where that happened and nowhere else.
 */

const TARGET = "wx_notebook.form";

/**
 * Wait for the line to appear in an output area, now and whenever it is drawn anew.
 *
 * @param {HTMLElement | null} area
 * @param {string} id
 * @param {any} kernel
 * @param {() => void} arrived
 */
function adopt(area, id, kernel, arrived) {
  if (!area || !id || !kernel) return;
  const find = () => {
    const line = area.querySelector(`[data-wxn-line="${id}"]`);
    if (line && !line.dataset.wxnAdopted) {
      line.dataset.wxnAdopted = "true";
      enliven(line, id, kernel);
      arrived(line);
    }
  };
  const observer = new MutationObserver(find);
  observer.observe(area, { childList: true, subtree: true });
  find();
}

/** Put buttons beside one line. */
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
  const count = setInterval(() => {
    if (!line.isConnected) return clearInterval(count);
    const left = Math.max(0, Math.round((ends - Date.now()) / 60_000));
    // a token is renewed long before its end, which this page does not hear of
    if (life && left > 5) say(life, life.textContent.replace(/\d+ \w+$/, `${left} min`));
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
  kernel.statusChanged?.connect?.((_, status_) => {
    if (LOST.has(status_)) lose();
  });
  kernel.disposed?.connect?.(lose);
}
