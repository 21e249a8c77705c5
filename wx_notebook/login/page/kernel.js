/* The connection to the kernel that made this form, and whether that kernel is there. */

/** Milliseconds without an answer after which the form says that it waits. */
const PATIENCE_MS = 1000;

/** After so many of these periods without an answer, an idle kernel is not the one we know. */
const MAX_IDLE_CHECKS = 2;

/** States of a kernel in which its widgets are gone. */
const LOST_STATES = new Set(["restarting", "autorestarting", "dead", "terminating"]);

/**
 * Send one message at a time to the kernel, and follow it until it is done.
 *
 * @param {Model} model
 * @param {{id: string, repaint: () => void, onLost: () => void, isWorking: () => boolean,
 *   isCellRunning: () => boolean}} form
 */
function connectKernel(model, form) {
  /** The action that the kernel has not acknowledged yet. */
  let pending = "";
  /** The action that is not done yet; the focus follows its result. */
  let task = "";
  /** The kernel has the message, and handles it after the running cell. */
  let isQueued = false;
  let sentAt = 0;
  let idleChecks = 0;
  let timer = 0;
  let isBusy = false;
  let isLost = false;

  // undefined in front ends that do not show it (VS Code, Colab), null where there is none
  const kernel = () => model.widget_manager?.kernel;
  const connection = kernel();

  const markLost = () => {
    isLost = true;
    pending = task = "";
    isBusy = false;
    clearTimeout(timer);
    form.onLost();
  };

  /** Check a message that is not acknowledged yet, and count the seconds of the others. */
  const check = () => {
    if (isLost) return;
    if (pending) {
      const now = kernel();
      if (now === null || LOST_STATES.has(now?.status)) return markLost();
      const idle = now?.status === "idle" && now.connectionStatus === "connected";
      // a cell or another view delays the answer; with subshells the status is idle even then
      const isWaiting = isQueued || form.isWorking() || form.isCellRunning();
      idleChecks = idle && !isWaiting ? idleChecks + 1 : 0;
      if (idleChecks >= MAX_IDLE_CHECKS) return markLost();
      isBusy = task !== "" && !idleChecks;
    } else if (!task && !form.isWorking()) return;
    form.repaint();
    timer = setTimeout(check, PATIENCE_MS);
  };
  const watch = () => {
    clearTimeout(timer);
    timer = setTimeout(check, PATIENCE_MS);
  };

  /**
   * @param {{action: string, [name: string]: any}} content
   * @param {ArrayBuffer[]} buffers
   */
  const send = (content, buffers = []) => {
    pending = content.action;
    idleChecks = 0;
    isQueued = false;
    sentAt = Date.now();
    if (pending !== "ping") task = pending;
    try {
      model.send({ ...content, view: form.id }, undefined, buffers);
    } catch {
      // a disposed comm throws
      return markLost();
    }
    watch();
    form.repaint();
  };

  const ping = () => {
    if (!pending && !isLost) send({ action: "ping" });
  };
  const onStatus = (_, status) => {
    if (LOST_STATES.has(status)) markLost();
  };
  const onConnection = (_, status) => {
    if (status === "disconnected") markLost();
    // the kernel may be another one now
    else if (status === "connected") ping();
  };
  connection?.statusChanged?.connect?.(onStatus);
  connection?.connectionStatusChanged?.connect?.(onConnection);
  connection?.disposed?.connect?.(markLost);

  return {
    send,
    ping,
    watch,
    kernel,
    get pending() { return pending; },
    get task() { return task; },
    get isBusy() { return isBusy; },
    get isQueued() { return isQueued; },
    get isLost() { return isLost; },
    get seconds() { return Math.floor((Date.now() - sentAt) / 1000); },
    /** Whether the kernel can be reached; null if it is lost. */
    isReachable() {
      const now = kernel();
      if (isLost || now === null || LOST_STATES.has(now?.status) || now?.isDisposed) {
        markLost();
        return null;
      }
      // without a connection Jupyter would keep the message, and send it to the next kernel
      return !now?.connectionStatus || now.connectionStatus === "connected";
    },
    /** Handle an answer; return whether the current task is done. */
    receive(content) {
      // any answer shows that the kernel that made this form is there
      isLost = false;
      if (content?.action === "queued") {
        isQueued = content.of === pending || content.of === task;
      } else if (pending && content?.of === pending) {
        pending = "";
        isBusy = isQueued = false;
        watch();
      }
      if (!task || content?.action !== "done" || content.of !== task) return false;
      task = "";
      return true;
    },
    close() {
      clearTimeout(timer);
      connection?.statusChanged?.disconnect?.(onStatus);
      connection?.connectionStatusChanged?.disconnect?.(onConnection);
      connection?.disposed?.disconnect?.(markLost);
    },
  };
}
