/**
 * The browser's half of the login form: one plain module, nothing loaded from anywhere.
 *
 * The key is read once, when it is sent: as the binary buffer of one custom message, after its
 * field was emptied. It is never put into a trait, an attribute, a log or a storage. All foreign
 * text goes through `textContent`.
 *
 * @typedef {"api_key" | "region" | "project_id"} Field
 * @typedef {{message: string, hint?: string, field: Field | ""}} Trouble
 * @typedef {{
 *   get(name: string): any,
 *   send(content: object, callbacks?: unknown, buffers?: ArrayBuffer[]): void,
 *   on(name: string, listener: (...values: any[]) => void): void,
 *   off(name: string, listener: (...values: any[]) => void): void,
 *   widget_manager?: any,
 * }} Model
 */

const WORDS = {
  title: "Sign in to IBM watsonx.ai",
  promise: "The key stays out of the notebook.",
  api_key: "API key",
  api_key_help: "cloud.ibm.com > Manage > Access (IAM) > API keys",
  region: "Region or URL",
  region_help: "A region such as us-south, or the URL of the service",
  project_id: "Project ID",
  project_id_help: "Your project > Manage > General > Project ID",
  connect: "Connect",
  cancel: "Cancel",
  change: "Change",
  sign_out: "Log out",
  working: "Signing in: waiting for the service. To stop it, interrupt the kernel.",
  signing_out: "Logging out.",
  busy: "The kernel is busy with a running cell; it signs in when that ends.",
  busy_out: "The kernel is busy with a running cell; it logs out when that ends.",
  gone: "The kernel is gone or was restarted: run this cell again.",
  away: "This page has no connection to the kernel at the moment. Try again in a moment.",
  no_key: "An API key is needed. Paste it here.",
  key_here: "This looks like an API key. It was not sent.",
  key_here_hint: "Put it into the field “API key”.",
};

/** The fields, top to bottom. @type {Field[]} */
const FIELDS = ["api_key", "region", "project_id"];

/** How long a kernel may leave a message without an answer before the form says so. */
const PATIENCE_MS = 1000;

/** An idle kernel that has not answered for so many times this long is not the one we know. */
const LAST_LOOK = 2;

/** After this time the line of a connected form is asked for anew, when somebody looks at it. */
const STALE_MS = 60_000;

/** States of a kernel from which no widget comes back. */
const LOST = new Set(["restarting", "autorestarting", "dead", "terminating"]);

/** An API key in the wrong field: nothing that belongs there has so many of these in a row. */
const KEY_LIKE = /^[A-Za-z0-9_-]{40,}$/;

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, string>} attributes
 * @param {(Node | string)[]} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** Set a text only when it differs: a screen reader announces every write. */
function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Build one view's elements; nothing of it listens yet.
 *
 * @param {string} id what the view's ids begin with
 * @param {string[][]} regions
 * @param {string[][]} offers
 */
function build(id, regions, offers) {
  const button = (text, kind = "") =>
    make("button", { type: "button", class: `wxn-button ${kind}` }, text);
  /** @type {Record<Field, HTMLInputElement>} */
  const inputs = {};
  /** @type {Record<Field | "", HTMLElement>} */
  const errors = { "": make("p", { class: "wxn-error", role: "alert" }) };
  /** @type {Record<Field, HTMLElement>} */
  const helps = {};
  const rows = FIELDS.map((name) => {
    inputs[name] = make("input", {
      id: `${id}-${name}`,
      class: "wxn-input",
      type: name === "api_key" ? "password" : "text",
      "aria-describedby": `${id}-${name}-help`,
      autocomplete: "off",
      autocapitalize: "off",
      spellcheck: "false",
      // password managers are asked not to offer to keep it
      "data-1p-ignore": "",
      "data-lpignore": "true",
      "data-bwignore": "",
      "data-form-type": "other",
    });
    errors[name] = make("p", { id: `${id}-${name}-error`, class: "wxn-error", role: "alert" });
    helps[name] = make("p", { id: `${id}-${name}-help`, class: "wxn-help" }, WORDS[`${name}_help`]);
    return make(
      "div",
      { class: "wxn-row" },
      make("label", { class: "wxn-label", for: `${id}-${name}` }, WORDS[name]),
      make(
        "div",
        { class: "wxn-field" },
        inputs[name],
        errors[name],
        helps[name],
      ),
    );
  });
  inputs.region.setAttribute("list", `${id}-regions`);
  const list = make("datalist", { id: `${id}-regions` });
  list.append(...regions.map(([value, place]) => make("option", { value }, place)));

  const connect = button(WORDS.connect, "wxn-accept");
  const cancel = button(WORDS.cancel);
  const offered = offers.map(([offer, label]) => ({ offer, button: button(label) }));
  const change = button(WORDS.change);
  const signOut = button(WORDS.sign_out);
  const line = make("span", { class: "wxn-line", tabindex: "-1" });
  const status = make("p", { class: "wxn-status", role: "status" });
  const form = make(
    "div",
    { class: "wxn-form" },
    make(
      "p",
      { class: "wxn-title" },
      make("strong", {}, WORDS.title),
      make("span", { class: "wxn-help" }, WORDS.promise),
    ),
    ...rows,
    list,
    make(
      "div",
      { class: "wxn-buttons" },
      connect,
      ...offered.map((each) => each.button),
      cancel,
    ),
  );
  const bar = make("div", { class: "wxn-bar" }, line, change, signOut);
  const root = make(
    "div",
    { class: "wxn-root", role: "group", "aria-label": WORDS.title },
    form,
    bar,
    errors[""],
    status,
  );
  const buttons = [connect, cancel, change, signOut, ...offered.map((each) => each.button)];
  return {
    root, form, bar, line, status, inputs, errors, helps, buttons, connect, cancel, change, signOut, offered,
  };
}

/** @param {{model: Model, el: HTMLElement}} context */
function render({ model, el }) {
  const id = `wxn-${Math.random().toString(36).slice(2, 10)}`;
  const view = build(id, model.get("regions") ?? [], model.get("offers") ?? []);
  const { inputs, errors } = view;
  const key = inputs.api_key;
  const undo = new AbortController();

  /** The message that waits for its acknowledgement, by its kind. */
  let pending = "";
  /** What this view has asked for and is not done, by its kind; the focus follows its outcome. */
  let task = "";
  /** The kernel has it, and does it when the running cell ends. */
  let queued = false;
  let idleLooks = 0;
  let timer = 0;
  let busy = false;
  let gone = false;
  /** The fields are shown although somebody is signed in. */
  let editing = false;
  let asked = Date.now();
  /** What the form itself objects to. @type {Trouble | null} */
  let objection = null;

  // undefined where a front end does not tell (VS Code, Colab), null where there is none
  const kernel = () => model.widget_manager?.kernel;
  const connection = kernel();

  const working = () => task !== "" || model.get("phase") === "working";

  /** @returns {Trouble} */
  const trouble = () =>
    objection ?? {
      message: model.get("message"),
      hint: model.get("hint"),
      field: model.get("field") in errors ? model.get("field") : "",
    };

  const statusText = () => {
    if (gone) return WORDS.gone;
    if (busy) return task === "sign_out" ? WORDS.busy_out : WORDS.busy;
    if (task === "sign_out") return WORDS.signing_out;
    return working() ? WORDS.working : "";
  };

  const paint = () => {
    const waiting = working();
    const connected = model.get("phase") === "connected" && !editing;
    const { message, hint, field } = trouble();
    if (gone) key.value = "";
    view.form.hidden = connected;
    view.bar.hidden = !connected;
    view.root.classList.toggle("wxn-gone", gone);
    view.cancel.hidden = !(editing && model.get("phase") === "connected");
    view.root.setAttribute("aria-busy", String(waiting));
    say(view.line, gone ? "" : model.get("line"));
    say(view.status, statusText());
    view.status.classList.toggle("wxn-waits", waiting && !gone);
    for (const button of view.buttons) button.disabled = gone || waiting;
    for (const name of FIELDS) {
      inputs[name].disabled = gone;
      inputs[name].readOnly = waiting;
    }
    for (const name of /** @type {(Field | "")[]} */ ([...FIELDS, ""])) {
      const shown = name === field && !waiting && !gone && Boolean(message);
      say(errors[name], shown ? [message, hint].filter(Boolean).join("\n") : "");
      if (!name) continue;
      // an error's own hint says the same, and more of it
      view.helps[name].hidden = shown && Boolean(hint);
      const described = shown ? ["error", "help"] : ["help"];
      inputs[name].setAttribute(
        "aria-describedby",
        described.map((part) => `${id}-${name}-${part}`).join(" "),
      );
      if (shown) inputs[name].setAttribute("aria-invalid", "true");
      else inputs[name].removeAttribute("aria-invalid");
    }
  };

  /** Put the focus where the user goes on, unless they are elsewhere by now. */
  const focus = (element) => {
    const at = document.activeElement;
    if (!at || at === document.body || el.contains(at) || at.contains(el)) element.focus();
  };

  const lose = () => {
    gone = true;
    pending = task = "";
    busy = false;
    clearTimeout(timer);
    paint();
  };

  /** Look after a message that nobody has acknowledged yet. */
  const look = () => {
    if (!pending || gone) return;
    const now = kernel();
    if (now === null || LOST.has(now?.status)) return lose();
    const idle = now?.status === "idle" && now.connectionStatus === "connected";
    // what a cell or another view keeps waiting: with subshells Jupyter calls even that idle
    const awaited = queued || model.get("phase") === "working";
    idleLooks = idle && !awaited ? idleLooks + 1 : 0;
    if (idleLooks >= LAST_LOOK) return lose();
    busy = task !== "" && !idleLooks;
    paint();
    timer = setTimeout(look, PATIENCE_MS);
  };

  /**
   * @param {{kind: string, [name: string]: string}} content
   * @param {ArrayBuffer[]} buffers
   */
  const tell = (content, buffers = []) => {
    clearTimeout(timer);
    pending = content.kind;
    idleLooks = 0;
    queued = false;
    asked = Date.now();
    if (pending !== "ping") {
      task = pending;
      objection = null;
    }
    try {
      model.send(content, undefined, buffers);
    } catch {
      // a comm that was disposed throws
      return lose();
    }
    timer = setTimeout(look, PATIENCE_MS);
    paint();
  };

  /** Whether a message would reach the kernel that made this form; says so when not. */
  const reachable = () => {
    const now = kernel();
    if (gone || now === null || LOST.has(now?.status) || now?.isDisposed) {
      lose();
      return false;
    }
    if (now?.connectionStatus && now.connectionStatus !== "connected") {
      // Jupyter would keep it, and send it to whichever kernel answers first
      objection = { message: WORDS.away, field: "" };
      paint();
      return false;
    }
    return true;
  };

  const object = (field, message, hint = "") => {
    objection = { field, message, hint };
    paint();
    inputs[field].focus();
  };

  /** What stands in the fields beside the key; null, and said, when one of them holds a key. */
  const beside = () => {
    const typed = key.value.trim();
    const place = { region: inputs.region.value.trim(), project_id: inputs.project_id.value.trim() };
    for (const [field, text] of /** @type {[Field, string][]} */ (Object.entries(place))) {
      if (KEY_LIKE.test(text) || (typed.length >= 8 && text.includes(typed))) {
        inputs[field].value = "";
        object(field, WORDS.key_here, WORDS.key_here_hint);
        return null;
      }
    }
    return place;
  };

  const submit = () => {
    if (working() || !reachable()) return;
    const place = beside();
    if (!place) return;
    if (!key.value.trim()) {
      key.value = "";
      return object("api_key", WORDS.no_key);
    }
    const bytes = new TextEncoder().encode(key.value);
    key.value = "";
    tell({ kind: "connect", ...place }, [bytes.buffer]);
  };

  /** Send a message of one of the other buttons. */
  const press = (content) => {
    if (working() || !reachable()) return;
    const place = beside();
    if (!place) return;
    key.value = "";
    tell({ ...content, ...place });
  };

  const listen = (target, name, listener) =>
    target.addEventListener(name, listener, { signal: undo.signal });

  for (const input of Object.values(inputs)) {
    listen(input, "keydown", (event) => {
      // JupyterLab takes Enter inside a cell for itself, and letters as its shortcuts
      event.stopPropagation();
      if (event.key === "Escape") key.value = "";
      if (event.key !== "Enter" || event.isComposing) return;
      event.preventDefault();
      submit();
    });
  }
  listen(view.connect, "click", submit);
  for (const { offer, button } of view.offered) {
    listen(button, "click", () => press({ kind: "use", offer }));
  }
  listen(view.signOut, "click", () => press({ kind: "sign_out" }));
  listen(view.change, "click", () => {
    editing = true;
    paint();
    key.focus();
  });
  listen(view.cancel, "click", () => {
    editing = false;
    key.value = "";
    objection = null;
    paint();
    view.change.focus();
  });
  for (const name of ["mouseenter", "focusin"]) {
    listen(view.bar, name, () => {
      if (!gone && !pending && Date.now() - asked > STALE_MS) tell({ kind: "ping" });
    });
  }

  /** Follow the traits: several change at once, and are painted once. */
  let due = false;
  const follow = () => {
    if (due) return;
    due = true;
    queueMicrotask(() => {
      due = false;
      if (!undo.signal.aborted) paint();
    });
  };
  const refill = () => {
    inputs.region.value = model.get("region");
    inputs.project_id.value = model.get("project_id");
  };
  /** The kernel has done what this view asked for. */
  const finish = () => {
    task = "";
    const { message, field } = trouble();
    if (!message) editing = false;
    paint();
    if (message) focus(inputs[field || "api_key"]);
    else focus(model.get("phase") === "connected" ? view.line : key);
  };
  const hear = (content) => {
    // whatever it says: the kernel that made this form is there
    gone = false;
    if (content?.kind === "queued") {
      queued = content.of === pending;
    } else if (pending && content?.of === pending) {
      clearTimeout(timer);
      pending = "";
      busy = false;
    }
    if (task && content?.kind === "done" && content.of === task) finish();
    else paint();
  };
  const check = () => {
    if (!pending) tell({ kind: "ping" });
  };
  /** @type {[string, () => void][]} */
  const heard = [
    ["msg:custom", hear],
    // the widget manager says that the line to the kernel came or went, but not which
    ["comm_live_update", check],
    ["change:region", refill],
    ["change:project_id", refill],
    ...["phase", "line", "message", "hint", "field"].map(
      (name) => /** @type {[string, () => void]} */ ([`change:${name}`, follow]),
    ),
  ];
  for (const [name, listener] of heard) model.on(name, listener);

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

  refill();
  paint();
  el.append(view.root);
  tell({ kind: "ping" });

  return () => {
    key.value = "";
    clearTimeout(timer);
    undo.abort();
    for (const [name, listener] of heard) model.off(name, listener);
    connection?.statusChanged?.disconnect?.(onStatus);
    connection?.connectionStatusChanged?.disconnect?.(onConnection);
    connection?.disposed?.disconnect?.(lose);
  };
}

export default { render };
