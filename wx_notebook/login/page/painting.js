/* What one view of the form shows: drawn anew from the kernel's view at each change. */

/** The part that is shown: the fields, the lists, or the line. */
function partOf(page) {
  const now = page.state();
  if ((now.scopes ?? []).length > 0) return "lists";
  if (page.isEditing || now.phase === "form") return "fields";
  return now.line ? "line" : "fields";
}

/** Whether Jupyter lets this page interrupt the kernel. */
const canStop = (page) => typeof page.connection.kernel()?.interrupt === "function";

/** The sentence below the form: what it waits for, and for how long. */
function statusText(page) {
  const { connection } = page;
  if (connection.isLost) return STRINGS.gone;
  const isSignOut = connection.task === "sign_out";
  // while the user is signed in, only another key is a sign-in
  const isSignIn = connection.task === "connect" || connection.task === "use";
  const isSwitch = Boolean(page.state().line) && !isSignIn;
  if (connection.isBusy || connection.isQueued) {
    if (isSignOut) return STRINGS["busy.out"];
    return isSwitch ? STRINGS["busy.other"] : STRINGS.busy;
  }
  if (isSignOut) return STRINGS["working.out"];
  if (!page.isWorking()) return "";
  const seconds = String(connection.seconds);
  const showsSeconds = connection.task && connection.seconds > 0;
  const [begun, lasting] = isSwitch
    ? [STRINGS["working.other"], string("working.other.for", { seconds })]
    : [STRINGS.working, string("working.for", { seconds })];
  const text = showsSeconds ? lasting : begun;
  return canStop(page) ? text : `${text} ${STRINGS["working.stop"]}`;
}

/** Draw each step beside the field that it belongs to. */
function paintSteps(page, part) {
  const { fields, id, lists, view } = page;
  const steps = (page.state().steps ?? []).filter(() => !page.connection.isLost);
  const shown = new Set(FIELDS_OF[view.kind.select.value]);
  const areas = new Map([[view.rest, []], [lists.steps, []], [page.lineSteps, []]]);
  for (const { steps: area } of Object.values(fields)) areas.set(area, []);
  for (const step of steps) {
    const field = step.name === "runtime" ? "scope_text" : step.field;
    let area = shown.has(field) ? fields[field].steps : view.rest;
    if (part === "line") area = page.lineSteps;
    if (part === "lists") area = lists.steps;
    areas.get(area).push(makeStep(`${id}-step-${step.name}`, step));
  }
  for (const [area, children] of areas) {
    const html = children.map((child) => child.outerHTML).join("");
    // a screen reader reads every change, so only a difference is written
    if (area.dataset.wxnShown === html) continue;
    area.dataset.wxnShown = html;
    area.replaceChildren(...children);
  }
  for (const field of Object.values(fields)) delete field.failed;
  if (part !== "fields") return;
  for (const step of steps) {
    if (step.field && step.state === "bad" && step.is_invalid) fields[step.field].failed = true;
  }
}

/** Draw the errors and the help of the fields, and an error that belongs to none of them. */
function paintErrors(page, isIdle) {
  const { fields, id } = page;
  const { message, hint, field } = currentError(page);
  const reason = [message, hint].filter(Boolean).join("\n");
  for (const [name, each] of Object.entries(fields)) {
    const shown = name === field && isIdle && Boolean(message);
    const failed = (shown || each.failed) && isIdle;
    setText(each.error, shown ? reason : "");
    const described = [shown && "error", each.failed && "steps", "help"].filter(Boolean);
    each.input.setAttribute(
      "aria-describedby",
      described.map((one) => `${id}-${name}-${one}`).join(" "),
    );
    // an error replaces the help
    const isTyped = each.input.value !== "" && !page.pastedText;
    each.help.hidden = failed || !each.help.textContent || isTyped;
    if (failed) each.input.setAttribute("aria-invalid", "true");
    else each.input.removeAttribute("aria-invalid");
  }
  setText(page.error, Boolean(message) && !(field in fields) && isIdle ? reason : "");
}

/** Draw the lists that there are to choose from. */
function paintLists(page) {
  const now = page.state();
  const { lists } = page;
  if (!(now.scopes ?? []).length) {
    // when the lists open again, they show what is in use
    page.finder.reset();
    for (const { select } of [lists.model, lists.profile]) delete select.dataset.wxnFilled;
    return;
  }
  const { models = [], model = "", profiles = [], profile = "", scope_id: inUse } =
    now.choices ?? {};
  page.finder.fill(now.scopes, inUse);
  setText(lists.unreachable, now.unreachable ?? "");
  // until something is chosen, prompts go on as before: say where
  setText(lists.inUse, now.line && inUse ? string("choose.in_use", { line: now.line }) : "");
  lists.model.row.hidden = !models.length;
  lists.profile.row.hidden = !profiles.length;
  lists.other.hidden = !now.line;
  lists.forget.hidden = !profile;
  if (page.isWorking()) return;
  fillSelect(lists.model.select, models.map((one) => [one, one]), model);
  const none = ["", STRINGS["choose.profile.none"]];
  fillSelect(lists.profile.select, [none, ...profiles.map((one) => [one, one])], profile);
}

/** Enable and disable what can be clicked and typed into. */
function paintControls(page, isBusy, isLost) {
  const { connection, view } = page;
  page.stop.hidden = !(isBusy && !isLost && (connection.isQueued || canStop(page)));
  page.stop.disabled = page.stop.hidden;
  for (const button of page.buttons) button.disabled = isLost || isBusy;
  for (const input of inputsOf(page)) {
    input.disabled = isLost;
    input.readOnly = isBusy;
  }
  for (const choice of page.choices) choice.disabled = isLost || isBusy;
  view.otherKind.hidden = !view.kind.row.hidden;
  const kept = page.state().keeps_key && !isLost;
  page.fields.secret.input.placeholder = kept ? STRINGS["secret.kept"] : "";
}

/** Draw the whole view. */
function paintForm(page) {
  const now = page.state();
  const [isBusy, isLost, part] = [page.isWorking(), page.connection.isLost, partOf(page)];
  const { bar, lineSteps, lists, notes, root, status, view } = page;
  view.form.hidden = part !== "fields";
  lists.root.hidden = part !== "lists";
  bar.hidden = notes.hidden = lineSteps.hidden = part !== "line";
  root.classList.toggle("wxn-gone", isLost);
  root.setAttribute("aria-busy", String(isBusy));
  // nothing can be typed into it any more: one sentence is left
  if (isLost) for (const element of [view.form, lists.root, bar]) element.hidden = true;
  view.cancel.hidden = !(page.isEditing && now.line);
  setText(page.text, isLost ? "" : (now.line ?? ""));
  notes.replaceChildren(...(now.notes ?? []).map((note) => make("p", {}, note)));
  setText(status, statusText(page));
  status.classList.toggle("wxn-waits", isBusy && !isLost);
  paintControls(page, isBusy, isLost);
  paintSteps(page, part);
  paintErrors(page, !isBusy && !isLost);
  paintLists(page);
}
