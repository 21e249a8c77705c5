/* Whether the kernel that made this form is there, idle or busy. */

/** How long a kernel may leave a message without an answer before the form says so. */
const PATIENCE_MS = 1000;

/** An idle kernel that has not answered for so many times this long is not the one we know. */
const LAST_LOOK = 2;

/** States of a kernel from which no widget comes back. */
const LOST = new Set(["restarting", "autorestarting", "dead", "terminating"]);

/**
 * The line to the kernel: one message at a time, looked after until it is done.
 *
 * @param {Model} model
 * @param {{id: string, painted: () => void, lost: () => void, waits: () => boolean,
 *   cellRuns: () => boolean}} form
 */
function lineTo(model, form) {
  /** The message that waits for its acknowledgement. */
  let pending = "";
  /** What was asked for and is not done; the focus follows its outcome. */
  let task = "";
  /** The kernel has it, and does it when the running cell ends. */
  let queued = false;
  let begun = 0;
  let idleLooks = 0;
  let timer = 0;
  let busy = false;
  let gone = false;

  // undefined where a front end does not tell (VS Code, Colab), null where there is none
  const kernel = () => model.widget_manager?.kernel;
  const connection = kernel();

  const lose = () => {
    gone = true;
    pending = task = "";
    busy = false;
    clearTimeout(timer);
    form.lost();
  };

  /** Look after a message that nobody has acknowledged yet, and count the seconds of the others. */
  const look = () => {
    if (gone) return;
    if (pending) {
      const now = kernel();
      if (now === null || LOST.has(now?.status)) return lose();
      const idle = now?.status === "idle" && now.connectionStatus === "connected";
      // what a cell or another view keeps waiting: with subshells Jupyter calls even that idle
      const waits = queued || form.waits() || form.cellRuns();
      idleLooks = idle && !waits ? idleLooks + 1 : 0;
      if (idleLooks >= LAST_LOOK) return lose();
      busy = task !== "" && !idleLooks;
    } else if (!task && !form.waits()) return;
    form.painted();
    timer = setTimeout(look, PATIENCE_MS);
  };
  const watch = () => {
    clearTimeout(timer);
    timer = setTimeout(look, PATIENCE_MS);
  };

  /**
   * @param {{act: string, [name: string]: any}} content
   * @param {ArrayBuffer[]} buffers
   */
  const tell = (content, buffers = []) => {
    pending = content.act;
    idleLooks = 0;
    queued = false;
    begun = Date.now();
    if (pending !== "ping") task = pending;
    try {
      model.send({ ...content, view: form.id }, undefined, buffers);
    } catch {
      // a comm that was disposed throws
      return lose();
    }
    watch();
    form.painted();
  };

  const check = () => {
    if (!pending && !gone) tell({ act: "ping" });
  };
  const onStatus = (_, status) => {
    if (LOST.has(status)) lose();
  };
  const onConnection = (_, status) => {
    if (status === "disconnected") lose();
    // the kernel may have become another one meanwhile
    else if (status === "connected") check();
  };
  connection?.statusChanged?.connect?.(onStatus);
  connection?.connectionStatusChanged?.connect?.(onConnection);
  connection?.disposed?.connect?.(lose);

  return {
    tell,
    check,
    watch,
    kernel,
    get pending() { return pending; },
    get task() { return task; },
    get busy() { return busy; },
    get queued() { return queued; },
    get gone() { return gone; },
    get seconds() { return Math.floor((Date.now() - begun) / 1000); },
    /** Whether the browser knows that the kernel is reachable; null where it would be lost. */
    reachable() {
      const now = kernel();
      if (gone || now === null || LOST.has(now?.status) || now?.isDisposed) {
        lose();
        return null;
      }
      // Jupyter would keep a message, and send it to whichever kernel answers first
      return !now?.connectionStatus || now.connectionStatus === "connected";
    },
    /** Take note of an answer; whether what was asked for is done with it. */
    heard(content) {
      // whatever it says: the kernel that made this form is there
      gone = false;
      if (content?.act === "queued") {
        queued = content.of === pending || content.of === task;
      } else if (pending && content?.of === pending) {
        pending = "";
        busy = queued = false;
        watch();
      }
      if (!task || content?.act !== "done" || content.of !== task) return false;
      task = "";
      return true;
    },
    close() {
      clearTimeout(timer);
      connection?.statusChanged?.disconnect?.(onStatus);
      connection?.connectionStatusChanged?.disconnect?.(onConnection);
      connection?.disposed?.disconnect?.(lose);
    },
  };
}
