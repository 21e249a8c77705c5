/* One view of the form: it draws what the kernel says, and sends what a person does. */

/** After this time the line of a connected form is asked for anew, when somebody looks at it. */
const STALE_MS = 60_000;

/** How often a view looks whether it is in the page by now. */
const ATTACHED_MS = 50;

/** Whether a cell of the notebook around an element runs, or waits for its turn. */
function cellRuns(el) {
  const prompts = el.closest(".jp-Notebook")?.querySelectorAll(".jp-InputPrompt") ?? [];
  return [...prompts].some((prompt) => prompt.textContent.includes("[*]"));
}

/** @param {{model: Model, el: HTMLElement}} context */
function render({ model, el }) {
  const id = `wxn-${Math.random().toString(36).slice(2, 10)}`;
  const view = makeFields(
    id,
    model.get("regions") ?? [],
    model.get("offers") ?? [],
    model.get("no_keyring") ?? "",
  );
  const lists = makeLists(id);
  const { fields } = view;
  const secret = fields.secret.input;
  const change = makeButton(WORDS.change);
  const signOut = makeButton(WORDS.log_out);
  const stop = makeButton(WORDS.stop);
  const text = make("span", { class: "wxn-line", tabindex: "-1" });
  const notes = make("div", { class: "wxn-notes" });
  const lineSteps = make("div", { class: "wxn-steps", role: "alert" });
  const bar = make("div", { class: "wxn-bar" }, text, change, signOut);
  const error = make("p", { class: "wxn-error", role: "alert" });
  const status = make("p", { class: "wxn-status", role: "status" });
  const root = make(
    "div",
    { class: "wxn-root", role: "group", "aria-label": WORDS.title },
    view.form, lists.root, bar, lineSteps, notes, error,
    make("div", { class: "wxn-waiting" }, status, stop),
  );
  const buttons = [
    view.connect, view.cancel, change, signOut, lists.use, lists.back, lists.other, lists.forget,
    ...view.offered.map((each) => each.button),
  ];
  const inputs = [...Object.values(fields).map((field) => field.input), lists.search];
  const choices = [
    view.kind.select, view.secretIs.select, view.file, view.remember,
    lists.model.select, lists.profile.select,
  ];
  const undo = new AbortController();
  const listen = (target, name, listener) =>
    target.addEventListener(name, listener, { signal: undo.signal });

  /** The fields are shown although somebody is signed in. */
  let editing = false;
  /** What stood in the key's field, until the kernel has tried it. */
  let unsent = null;
  /** A text with more than a key in it, until it is sent. */
  let held = "";
  /** What the form itself objects to. @type {Trouble | null} */
  let objection = null;
  let asked = Date.now();

  const seen = () => model.get("view") ?? {};
  const working = () => line.task !== "" || seen().phase === "working";
  const line = lineTo(model, {
    id,
    painted: () => paint(),
    lost: () => {
      forgetKey();
      paint();
    },
    waits: () => seen().phase === "working",
    cellRuns: () => cellRuns(el),
  });
  const forgetKey = () => {
    unsent = null;
    held = "";
    secret.value = "";
    view.file.value = "";
  };

  // --- drawing -------------------------------------------------------------------------------

  /** @returns {Trouble} */
  const trouble = () => objection ?? seen().trouble ?? { message: "", field: "" };

  const statusText = () => {
    if (line.gone) return WORDS.gone;
    const out = line.task === "sign_out";
    // with a session that stands only another key is a sign-in
    const other = Boolean(seen().line) && line.task !== "connect" && line.task !== "use";
    if (line.busy || line.queued) {
      if (out) return WORDS["busy.out"];
      return other ? WORDS["busy.other"] : WORDS.busy;
    }
    if (out) return WORDS["working.out"];
    if (!working()) return "";
    const seconds = String(line.seconds);
    const since = line.task && line.seconds > 0;
    const [begun, lasting] = other
      ? [WORDS["working.other"], word("working.other.for", { seconds })]
      : [WORDS.working, word("working.for", { seconds })];
    const text = since ? lasting : begun;
    return canStop() ? text : `${text} ${WORDS["working.stop"]}`;
  };
  const canStop = () => typeof line.kernel()?.interrupt === "function";

  const listing = () => (seen().places ?? []).length > 0;
  const part = () => {
    if (listing()) return "lists";
    if (editing || seen().phase === "form") return "fields";
    return seen().line ? "line" : "fields";
  };

  const paintSteps = (now) => {
    const steps = (now.steps ?? []).filter(() => !line.gone);
    const inList = part() !== "fields";
    const shown = new Set(FIELDS_OF[view.kind.select.value]);
    const places = new Map([[view.rest, []], [lists.steps, []], [lineSteps, []]]);
    for (const { steps: place } of Object.values(fields)) places.set(place, []);
    for (const step of steps) {
      const field = step.name === "runtime" ? "billed_to" : step.field;
      const place = inList
        ? part() === "line" ? lineSteps : lists.steps
        : shown.has(field) ? fields[field].steps : view.rest;
      places.get(place).push(makeStep(`${id}-step-${step.name}`, step));
    }
    for (const [place, children] of places) {
      const html = children.map((child) => child.outerHTML).join("");
      // written anew only when it differs: what is read aloud is read once
      if (place.dataset.wxnShown === html) continue;
      place.dataset.wxnShown = html;
      place.replaceChildren(...children);
    }
    for (const field of Object.values(fields)) delete field.failed;
    if (!inList) {
      for (const step of steps) {
        if (step.field && step.state === "bad" && step.invalid) fields[step.field].failed = true;
      }
    }
  };

  const paint = () => {
    const now = seen();
    const waiting = working();
    const gone = line.gone;
    const { message, hint, field } = trouble();
    view.form.hidden = part() !== "fields";
    lists.root.hidden = part() !== "lists";
    bar.hidden = part() !== "line";
    notes.hidden = lineSteps.hidden = bar.hidden;
    root.classList.toggle("wxn-gone", gone);
    view.cancel.hidden = !(editing && now.line);
    root.setAttribute("aria-busy", String(waiting));
    say(text, gone ? "" : (now.line ?? ""));
    notes.replaceChildren(...(now.notes ?? []).map((note) => make("p", {}, note)));
    say(status, statusText());
    status.classList.toggle("wxn-waits", waiting && !gone);
    stop.hidden = !(waiting && !gone && (line.queued || canStop()));
    stop.disabled = stop.hidden;
    for (const button of buttons) button.disabled = gone || waiting;
    for (const input of inputs) {
      input.disabled = gone;
      input.readOnly = waiting;
    }
    for (const choice of choices) choice.disabled = gone || waiting;
    view.remember.disabled ||= Boolean(model.get("no_keyring"));
    paintSteps(now);
    for (const [name, each] of Object.entries(fields)) {
      const shown = name === field && !waiting && !gone && Boolean(message);
      const failed = (shown || each.failed) && !waiting && !gone;
      say(each.error, shown ? [message, hint].filter(Boolean).join("\n") : "");
      const described = [shown && "error", each.failed && "steps", "help"].filter(Boolean);
      each.input.setAttribute(
        "aria-describedby",
        described.map((one) => `${id}-${name}-${one}`).join(" "),
      );
      // what went wrong says more than the help
      each.help.hidden = failed || !each.help.textContent || (each.input.value !== "" && !held);
      if (failed) each.input.setAttribute("aria-invalid", "true");
      else each.input.removeAttribute("aria-invalid");
    }
    const general = Boolean(message) && !(field in fields) && !waiting && !gone;
    say(error, general ? [message, hint].filter(Boolean).join("\n") : "");
    if (listing()) {
      finder.fill(now.places, now.lists?.place);
      say(lists.silent, now.silent ?? "");
      paintChoices(now.lists ?? {});
    } else {
      // opened again, the lists begin with what is in use
      finder.reset();
      for (const { select } of [lists.model, lists.profile]) delete select.dataset.wxnFilled;
    }
  };
  const paintChoices = ({ models = [], model: now = "", profiles = [], profile = "" }) => {
    lists.model.row.hidden = !models.length;
    lists.profile.row.hidden = !profiles.length;
    lists.other.hidden = !seen().line;
    lists.forget.hidden = !profile;
    if (working()) return;
    fillSelect(lists.model.select, models.map((one) => [one, one]), now);
    const none = ["", WORDS["choose.profile.none"]];
    fillSelect(lists.profile.select, [none, ...profiles.map((one) => [one, one])], profile);
  };

  /** Put the focus where the user goes on, unless they are elsewhere by now. */
  const focus = (element) => {
    const at = document.activeElement;
    if (!at || at === document.body || el.contains(at) || at.contains(el)) element.focus();
  };

  // --- what a person does ----------------------------------------------------------------------

  const object = (field, message, hint = "") => {
    objection = { field, message, hint };
    paint();
    fields[field]?.input.focus();
  };
  const ready = () => {
    if (working()) return false;
    const reachable = line.reachable();
    if (reachable === false) {
      objection = { message: WORDS.away, field: "" };
      paint();
    }
    return reachable === true;
  };
  /** What stands in the fields beside the key; null, and said, when one of them holds a key. */
  const beside = () => {
    const kind = view.kind.select.value;
    const typed = secret.value.trim();
    const content = {
      kind,
      secret_is: view.secretIs.select.value,
      remember: view.remember.checked ? view.rememberName || "default" : "",
    };
    for (const name of FIELDS_OF[kind]) {
      if (name === "secret") continue;
      const value = fields[name].input.value.trim();
      if (looksLikeKey(value) || (typed.length >= 8 && value.includes(typed))) {
        fields[name].input.value = "";
        object(name, WORDS.key_here, WORDS["key_here.hint"]);
        return null;
      }
      if (name !== "username" && WITH_USER.test(value)) {
        fields[name].input.value = "";
        object(name, WORDS.user_here, WORDS["user_here.hint"]);
        return null;
      }
      content[name] = value;
    }
    return content;
  };
  const tell = (content, buffers = []) => {
    objection = null;
    asked = Date.now();
    say(view.note, "");
    line.tell(content, buffers);
  };
  const submit = () => {
    if (!ready()) return;
    const content = beside();
    if (!content) return;
    if (!held && !secret.value.trim()) {
      forgetKey();
      return object("secret", content.kind === "cloud" ? WORDS.no_key : WORDS.no_secret);
    }
    const bytes = new TextEncoder().encode(held || secret.value);
    const given = { held, text: secret.value };
    forgetKey();
    unsent = given;
    tell({ act: "connect", ...content }, [bytes.buffer]);
  };
  /** Send a message of one of the other buttons. */
  const press = (content) => {
    if (!ready()) return;
    const typed = beside();
    if (!typed) return;
    forgetKey();
    tell({ ...typed, ...content });
  };
  const choose = () => {
    if (!ready()) return;
    const { model: now, profile } = seen().lists ?? {};
    const place = finder.chosen();
    const other = lists.profile.select.value;
    const chosen = {
      place,
      model: lists.model.select.value === now ? "" : lists.model.select.value,
      profile: other === profile ? "" : other,
    };
    if (!Object.values(chosen).some(Boolean)) return object("", WORDS["choose.nothing"]);
    tell({ act: "choose", ...chosen });
  };
  const finder = searchable(lists, id, choose, listen);

  const hold = (whole, file = "") => {
    const found = understood(whole);
    const origin = originOf(found.address);
    if (origin || found.region) fields.where.input.value = origin || found.region;
    const billed = found.project || found.space;
    if (billed) fields.billed_to.input.value = billed;
    // an address says where, and leaves the key that stands there already
    if (found.onlyAddress) view.file.value = "";
    else if (found.whole || file) {
      held = whole;
      // nothing of the text: a field of one line would lose its line ends
      secret.value = "•".repeat(8);
    }
    say(view.note, wordOn(found, file));
    objection = null;
    paint();
    return found.onlyAddress || found.whole || Boolean(file);
  };
  listen(secret, "paste", (event) => {
    const pasted = event.clipboardData?.getData("text") ?? "";
    if (WITH_A_FILE.has(view.kind.select.value) && hold(pasted)) event.preventDefault();
  });
  listen(secret, "input", () => {
    // who types has given up what was pasted
    if (held) secret.value = secret.value.replaceAll("•", "");
    held = "";
    fields.secret.help.hidden = secret.value !== "";
  });
  listen(view.file, "change", async () => {
    const [file] = view.file.files;
    if (!file) return;
    if (file.size > LARGEST_FILE) return say(view.note, WORDS["understood.no_file"]);
    hold(await file.text(), file.name);
    secret.focus();
  });
  for (const input of inputs) {
    listen(input, "keydown", (event) => {
      // JupyterLab takes Enter inside a cell for itself, and letters as its shortcuts
      event.stopPropagation();
      if (event.key === "Escape") escape();
      if (event.key !== "Enter" || event.isComposing || input === lists.search) return;
      event.preventDefault();
      submit();
    });
  }
  for (const choice of [...choices, ...buttons, stop, lists.list]) {
    listen(choice, "keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Escape") escape();
    });
  }
  /** Take back what was begun: a running sign-in, a list, or what stands in the key's field. */
  const escape = () => {
    if (working()) return halt();
    if (listing()) return back();
    forgetKey();
    say(view.note, "");
    if (editing && seen().line) close();
    else paint();
  };
  const halt = () => {
    if (line.gone || !working()) return;
    // the cell that runs is none of ours: what waits behind it is taken back instead
    if (line.queued || line.busy) model.send({ act: "cancel", view: id });
    else line.kernel()?.interrupt?.();
  };
  const back = (more = {}) => {
    if (ready()) tell({ act: "back", ...more });
  };
  const close = () => {
    editing = false;
    forgetKey();
    paint();
    change.focus();
    back();
  };
  listen(view.connect, "click", submit);
  for (const { offer, button } of view.offered) {
    listen(button, "click", () => press({ act: "use", offer }));
  }
  listen(signOut, "click", () => press({ act: "sign_out" }));
  listen(lists.forget, "click", () => press({ act: "sign_out", forget: true }));
  listen(change, "click", () => press({ act: "change" }));
  listen(stop, "click", halt);
  listen(lists.use, "click", choose);
  listen(lists.back, "click", () => back());
  listen(lists.other, "click", () => {
    editing = true;
    back({ stay: true });
  });
  listen(view.cancel, "click", close);
  listen(view.kind.select, "change", () => {
    arrange(view, view.kind.select.value);
    forgetKey();
    paint();
  });
  for (const name of ["mouseenter", "focusin"]) {
    listen(bar, name, () => {
      if (!line.gone && !line.pending && Date.now() - asked > STALE_MS) line.check();
    });
  }

  // --- what the kernel says --------------------------------------------------------------------

  const refill = () => {
    const typed = seen().typed ?? {};
    const kind = typed.kind in FIELDS_OF ? typed.kind : "cloud";
    if (view.kind.select.value !== kind || !view.rows.children.length) {
      view.kind.select.value = kind;
      arrange(view, kind);
    }
    for (const name of ["where", "billed_to", "username"]) {
      fields[name].input.value = typed[name] ?? "";
    }
    if (typed.secret_is) view.secretIs.select.value = typed.secret_is;
    view.rememberName = typed.remember;
    view.remember.checked = Boolean(typed.remember) && !view.remember.disabled;
  };
  /** Follow the view: painted once a turn. */
  let due = false;
  let typedBefore = "";
  const follow = () => {
    if (due) return;
    due = true;
    queueMicrotask(() => {
      due = false;
      if (undo.signal.aborted) return;
      const typed = JSON.stringify(seen().typed ?? {});
      if (typed !== typedBefore) refill();
      typedBefore = typed;
      if (seen().phase === "working") line.watch();
      paint();
    });
  };
  /** The kernel has done what this view asked for. */
  const finish = (of) => {
    const now = seen();
    const failed = (now.steps ?? []).find((step) => step.state === "bad");
    const { message, field } = trouble();
    // what is wrong beside the key was found before the key went anywhere
    const triedKey = (now.steps ?? []).some((step) => step.name === "key");
    if (of === "connect" && failed && !triedKey && unsent) {
      held = unsent.held;
      secret.value = unsent.text;
    }
    unsent = null;
    if (!message && !failed && now.line && of !== "back") editing = false;
    // who typed a key that is refused goes on typing, also where an earlier session stands
    if (of === "connect" && (message || failed) && now.line && !listing()) editing = true;
    paint();
    if (part() === "lists") focus(lists.search);
    else if (part() === "line") focus(text);
    else focus(fields[field || failed?.field || "secret"]?.input ?? secret);
  };
  const hear = (content) => {
    const of = line.task;
    if (line.heard(content)) finish(of);
    else paint();
  };
  /** @type {[string, (...values: any[]) => void][]} */
  const heard = [
    ["msg:custom", hear],
    // the widget manager says that the line to the kernel came or went, but not which
    ["comm_live_update", () => line.check()],
    ["change:view", follow],
  ];
  for (const [name, listener] of heard) model.on(name, listener);

  refill();
  typedBefore = JSON.stringify(seen().typed ?? {});
  el.append(root);
  line.tell({ act: "ping" });
  // the line that takes this view's place stands in the same output area, which is known once the
  // view is in the page (no frame is drawn in a tab behind others: that is not what to wait for)
  const settle = () => {
    if (undo.signal.aborted) return;
    if (!el.isConnected) return void setTimeout(settle, ATTACHED_MS);
    const kernel = line.kernel();
    adopt(el.closest(".jp-OutputArea"), model.get("line_id"), kernel, (there) => {
      const waitsHere = el.contains(document.activeElement);
      if (waitsHere || document.activeElement === document.body) there.querySelector("p")?.focus();
      try {
        model.send({ act: "settled", view: id });
      } catch {
        // it has been closed already, by another view
      }
    });
  };
  settle();

  /** This view makes no room any more: nobody needs to wait for it. */
  const leave = () => {
    try {
      model.send({ act: "bye", view: id });
    } catch {
      // the form has been closed already
    }
  };
  listen(window, "pagehide", leave);

  return () => {
    leave();
    forgetKey();
    undo.abort();
    line.close();
    for (const [name, listener] of heard) model.off(name, listener);
  };
}

export default { render };
