/* One view of the form: it shows what the kernel sends, and sends what the user does. */

/** Milliseconds after which the line of a connected form is updated, when the user looks at it. */
const STALE_MS = 60_000;

/** Milliseconds between two checks of whether a view is in the page. */
const ATTACH_CHECK_MS = 50;

/** Whether a cell of the notebook around an element runs, or waits to run. */
function isCellRunning(el) {
  const prompts = el.closest(".jp-Notebook")?.querySelectorAll(".jp-InputPrompt") ?? [];
  return [...prompts].some((prompt) => prompt.textContent.includes("[*]"));
}

/** The elements of a view besides its fields and lists. */
function makeElements(view, lists) {
  const change = makeButton(STRINGS.change);
  const signOut = makeButton(STRINGS.log_out);
  const stop = makeButton(STRINGS.stop);
  const text = make("span", { class: "wxn-line", tabindex: "-1" });
  const notes = make("div", { class: "wxn-notes" });
  const lineSteps = make("div", { class: "wxn-steps", role: "alert" });
  const bar = make("div", { class: "wxn-bar" }, text, change, signOut);
  const error = make("p", { class: "wxn-error", role: "alert" });
  const status = make("p", { class: "wxn-status", role: "status" });
  const root = make(
    "div",
    { class: "wxn-root", role: "group", "aria-label": STRINGS.title },
    view.form, lists.root, bar, lineSteps, notes, error,
    make("div", { class: "wxn-waiting" }, status, stop),
  );
  const buttons = [
    view.connect, view.cancel, view.otherKind, change, signOut,
    lists.use, lists.back, lists.other, lists.forget,
    ...view.credentials.map((each) => each.button),
  ];
  const choices = [
    view.kind.select, view.secretKind.select, view.file, view.remember,
    lists.model.select, lists.profile.select,
  ];
  return { change, signOut, stop, text, notes, lineSteps, bar, error, status, root, buttons, choices };
}

/**
 * Everything that the functions of a view share.
 *
 * `isEditing`: the fields are shown although the user is signed in. `unsent`: the value of the
 * key's field, until the kernel has tried it. `pastedText`: a text that contains more than a key,
 * until it is sent. `pageError`: an error that this page found.
 */
function makePage(model, el) {
  const id = `wxn-${Math.random().toString(36).slice(2, 10)}`;
  const view = makeFields(
    id,
    model.get("regions") ?? [],
    model.get("detected") ?? [],
    model.get("no_keyring") ?? "",
  );
  const lists = makeLists(id);
  const undo = new AbortController();
  const page = {
    model, el, id, view, lists, undo,
    fields: view.fields,
    ...makeElements(view, lists),
    isEditing: false,
    unsent: null,
    pastedText: "",
    pageError: null,
    askedAt: Date.now(),
    listen: (target, name, listener) =>
      target.addEventListener(name, listener, { signal: undo.signal }),
    state: () => model.get("view") ?? {},
    isWorking: () => page.connection.task !== "" || page.state().phase === "working",
    isBegun: false,
    paint: () => {
      paintForm(page);
      noteBegun(page);
    },
    listenToSecret: (input) => listenToSecret(page, input),
  };
  page.connection = connectKernel(model, {
    id,
    repaint: page.paint,
    onLost: () => {
      forgetKey(page);
      page.paint();
    },
    isWorking: () => page.state().phase === "working",
    isCellRunning: () => isCellRunning(el),
  });
  page.finder = searchableList(lists, id, () => choose(page), page.listen);
  return page;
}

/** Follow the keys of a field: Enter signs in, Escape ends what is open. */
function listenToKeys(page, input) {
  page.listen(input, "keydown", (event) => {
    // JupyterLab takes Enter inside a cell for itself, and letters as its shortcuts
    event.stopPropagation();
    if (event.key === "Escape") onEscape(page, input);
    if (event.key !== "Enter" || event.isComposing || input === page.lists.search) return;
    event.preventDefault();
    submit(page);
  });
}

/** Follow what happens in the key's field, which is a new one for each attempt. */
function listenToSecret(page, input) {
  listenToKeys(page, input);
  page.listen(input, "paste", (event) => {
    const pasted = event.clipboardData?.getData("text") ?? "";
    const takesFile = KINDS_WITH_FILE.has(page.view.kind.select.value);
    if (takesFile && keepPaste(page, pasted)) event.preventDefault();
  });
  page.listen(input, "input", () => {
    // typing replaces what was pasted
    if (page.pastedText) input.value = input.value.replaceAll("•", "");
    page.pastedText = "";
    page.fields.secret.help.hidden = input.value !== "";
  });
}

/** Tell the kernel when the first thing is typed, or the last one taken back; never what it is. */
function noteBegun(page) {
  const values = page.state().values ?? {};
  const names = ["region", "scope_text", "username"];
  const isTyped = names.some((name) => page.fields[name].input.value !== (values[name] ?? ""));
  const isBegun = Boolean(page.fields.secret.input.value || page.pastedText) || isTyped;
  if (isBegun === page.isBegun) return;
  page.isBegun = isBegun;
  tell(page, { action: "begun", is_begun: isBegun });
}

/** Follow the fields, the buttons and the lists. */
function listenToUser(page) {
  const { bar, buttons, choices, fields, listen, lists, view } = page;
  listen(page.root, "input", () => noteBegun(page));
  listenToSecret(page, fields.secret.input);
  for (const input of inputsOf(page)) {
    if (input !== fields.secret.input) listenToKeys(page, input);
  }
  for (const choice of [...choices, ...buttons, page.stop, lists.list]) {
    listen(choice, "keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Escape") onEscape(page, choice);
    });
  }
  listen(view.file, "change", async () => {
    const [file] = view.file.files;
    if (!file) return;
    if (file.size > MAX_FILE_BYTES) return setText(view.note, STRINGS["pasted.no_file"]);
    keepPaste(page, await file.text(), file.name);
    fields.secret.input.focus();
  });
  listen(view.otherKind, "click", () => {
    view.kind.row.hidden = false;
    page.paint();
    view.kind.select.focus();
  });
  listen(view.kind.select, "change", () => {
    showFieldsOf(view, view.kind.select.value);
    forgetKey(page);
    page.paint();
  });
  for (const name of ["mouseenter", "focusin"]) {
    listen(bar, name, () => {
      const isStale = Date.now() - page.askedAt > STALE_MS;
      if (isStale && !page.connection.isLost && !page.connection.pending) page.connection.ping();
    });
  }
}

/** Let each button do what it says. */
function listenToButtons(page) {
  const { listen, lists, view } = page;
  const click = (button, action) => listen(button, "click", action);
  click(view.connect, () => submit(page));
  for (const { credential, button } of view.credentials) {
    click(button, () => sendRequest(page, { action: "use", credential }));
  }
  click(page.signOut, () => sendRequest(page, { action: "sign_out" }));
  click(lists.forget, () => sendRequest(page, { action: "sign_out", forget: true }));
  click(page.change, () => sendRequest(page, { action: "change" }));
  click(page.stop, () => stopRequest(page));
  click(lists.use, () => choose(page));
  click(lists.back, () => goBack(page));
  click(lists.other, () => {
    page.isEditing = true;
    goBack(page, { stay: true });
  });
  click(view.cancel, () => closeFields(page));
}

/** Fill the fields with the values that the kernel has. */
function fillFields(page) {
  const { fields, view } = page;
  const values = page.state().values ?? {};
  const kind = values.kind in FIELDS_OF ? values.kind : "cloud";
  if (view.kind.select.value !== kind || !view.rows.children.length) {
    view.kind.select.value = kind;
    showFieldsOf(view, kind);
  }
  for (const name of ["region", "scope_text", "username"]) {
    fields[name].input.value = values[name] ?? "";
  }
  if (values.secret_kind) view.secretKind.select.value = values.secret_kind;
  view.rememberName = values.remember;
  view.remember.checked = Boolean(values.remember) && view.canRemember;
}

/** Move the focus to an element, unless the user works elsewhere in the page. */
function focusIn(page, element) {
  const at = document.activeElement;
  const isFree = !at || at === document.body;
  if (isFree || page.el.contains(at) || at.contains(page.el)) element.focus();
}

/** Show the result of a request of this view. */
function onDone(page, action) {
  const { fields } = page;
  const now = page.state();
  const failed = (now.steps ?? []).find((step) => step.state === "bad");
  const { message, field } = currentError(page);
  // without a step of the key, the error was found before the key was sent anywhere
  const hasTriedKey = (now.steps ?? []).some((step) => step.name === "key");
  if (action === "connect" && failed && !hasTriedKey && page.unsent) {
    page.pastedText = page.unsent.pastedText;
    fields.secret.input.value = page.unsent.text;
  }
  page.unsent = null;
  if (!message && !failed && now.line && action !== "back") page.isEditing = false;
  const part = partOf(page);
  // after a refused key the fields stay open, also beside an earlier session
  if (action === "connect" && (message || failed) && now.line && part !== "lists") {
    page.isEditing = true;
  }
  page.paint();
  if (partOf(page) === "lists") focusIn(page, page.lists.search);
  else if (partOf(page) === "line") focusIn(page, page.text);
  else focusIn(page, (fields[field || failed?.field || "secret"] ?? fields.secret).input);
}

/** Follow what the kernel sends; return the function that ends it. */
function followKernel(page) {
  const { connection, model } = page;
  let isDue = false;
  let valuesBefore = JSON.stringify(page.state().values ?? {});
  const onMessage = (content) => {
    const action = connection.task;
    if (connection.receive(content)) onDone(page, action);
    else page.paint();
  };
  /** Follow the state of the form; it is painted once per turn of the event loop. */
  const onStateChange = () => {
    if (isDue) return;
    isDue = true;
    queueMicrotask(() => {
      isDue = false;
      if (page.undo.signal.aborted) return;
      const values = JSON.stringify(page.state().values ?? {});
      if (values !== valuesBefore) fillFields(page);
      valuesBefore = values;
      if (page.state().phase === "working") connection.watch();
      page.paint();
    });
  };
  /** @type {[string, (...values: any[]) => void][]} */
  const listeners = [
    ["msg:custom", onMessage],
    // the widget manager tells that the connection changed, but not how
    ["comm_live_update", () => connection.ping()],
    ["change:view", onStateChange],
  ];
  for (const [name, listener] of listeners) model.on(name, listener);
  return () => {
    for (const [name, listener] of listeners) model.off(name, listener);
  };
}

/** Send a message that nobody answers; a form that is closed already needs it no more. */
function tell(page, content) {
  try {
    page.model.send({ ...content, view: page.id });
  } catch {
    // another view has closed the form
  }
}

/**
 * Wait for the line that takes this view's place in the same output area, then tell the kernel that
 * the view is there. The area is known once the view is in the page. (Animation frames are no sign
 * of that: a tab in the background draws none.)
 */
function joinPage(page) {
  const { el, model } = page;
  if (page.undo.signal.aborted) return;
  if (!el.isConnected) return void setTimeout(() => joinPage(page), ATTACH_CHECK_MS);
  const kernel = page.connection.kernel();
  waitForLine(el.closest(".jp-OutputArea"), model.get("line_id"), kernel, (line) => {
    const hasFocus = el.contains(document.activeElement);
    if (hasFocus || document.activeElement === document.body) line.querySelector("p")?.focus();
    tell(page, { action: "line_shown" });
  });
  // only now: where a session is found, the line comes at once and this view goes.
  // Without its kernel a page cannot put buttons beside a line: there the widget stays.
  page.connection.send({ action: "ping", keeps: kernel === undefined });
}

/** @param {{model: Model, el: HTMLElement}} context */
function render({ model, el }) {
  const page = makePage(model, el);
  listenToUser(page);
  listenToButtons(page);
  const unfollow = followKernel(page);
  fillFields(page);
  el.append(page.root);
  joinPage(page);
  // the form need not wait for a view that is gone
  page.listen(window, "pagehide", () => tell(page, { action: "closed" }));
  return () => {
    tell(page, { action: "closed" });
    forgetKey(page);
    page.undo.abort();
    page.connection.close();
    unfollow();
  };
}

export default { render };
