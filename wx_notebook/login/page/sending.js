/* What the user does in the form, and what is sent to the kernel for it. */

/** An error of this page, else that of the kernel. @returns {FormError} */
const currentError = (page) => page.pageError ?? page.state().error ?? { message: "", field: "" };

const inputsOf = (page) => [
  ...Object.values(page.fields).map((field) => field.input),
  page.lists.search,
];

function showError(page, field, message, hint = "") {
  page.pageError = { field, message, hint };
  page.paint();
  page.fields[field]?.input.focus();
}

/**
 * Put a new field into the place of the key's. The browser keeps what was typed into a field for
 * undo and redo, also after the field was emptied, but not for a field that is gone.
 */
function renewSecret(page) {
  const field = page.fields.secret;
  const old = field.input;
  const hasFocus = document.activeElement === old;
  old.value = "";
  const input = /** @type {HTMLInputElement} */ (old.cloneNode());
  old.replaceWith(input);
  field.input = input;
  page.listenToSecret(input);
  if (hasFocus) input.focus();
}

/** Forget the key that was typed, pasted or read from a file. */
function forgetKey(page) {
  page.unsent = null;
  page.pastedText = "";
  page.view.file.value = "";
  renewSecret(page);
}

/** Whether a message can be sent now; if the kernel cannot be reached, the form says so. */
function isReady(page) {
  if (page.isWorking()) return false;
  const canReach = page.connection.isReachable();
  if (canReach === false) {
    page.pageError = { message: STRINGS.away, field: "" };
    page.paint();
  }
  return canReach === true;
}

/** The values of the fields without the key; null, with an error, if one looks like a key. */
function readValues(page) {
  const { fields, view } = page;
  const kind = view.kind.select.value;
  const typedSecret = fields.secret.input.value.trim();
  const content = {
    kind,
    secret_kind: view.secretKind.select.value,
    remember: view.remember.checked ? view.rememberName || "default" : "",
  };
  for (const name of FIELDS_OF[kind]) {
    if (name === "secret") continue;
    const value = fields[name].input.value.trim();
    if (looksLikeKey(value) || (typedSecret.length >= 8 && value.includes(typedSecret))) {
      fields[name].input.value = "";
      showError(page, name, STRINGS.key_misplaced, STRINGS["key_misplaced.hint"]);
      return null;
    }
    if (name !== "username" && WITH_USER.test(value)) {
      fields[name].input.value = "";
      showError(page, name, STRINGS.user_in_url, STRINGS["user_in_url.hint"]);
      return null;
    }
    content[name] = value;
  }
  return content;
}

function send(page, content, buffers = []) {
  page.pageError = null;
  page.askedAt = Date.now();
  setText(page.view.note, "");
  page.connection.send(content, buffers);
}

/** Sign in with the key in the field, or with the one that the kernel has accepted already. */
function submit(page) {
  if (!isReady(page)) return;
  const content = readValues(page);
  if (!content) return;
  const text = page.fields.secret.input.value;
  const { pastedText } = page;
  if (!pastedText && !text.trim() && !page.state().keeps_key) {
    forgetKey(page);
    const message = content.kind === "cloud" ? STRINGS.no_key : STRINGS.no_secret;
    return showError(page, "secret", message);
  }
  const bytes = new TextEncoder().encode(pastedText || text);
  forgetKey(page);
  page.unsent = { pastedText, text };
  send(page, { action: "connect", ...content }, [bytes.buffer]);
}

/** Send the message of one of the other buttons. */
function sendRequest(page, content) {
  if (!isReady(page)) return;
  const values = readValues(page);
  if (!values) return;
  forgetKey(page);
  send(page, { ...values, ...content });
}

/** Use what is selected in the lists. */
function choose(page) {
  if (!isReady(page)) return;
  const { lists } = page;
  const { model: currentModel, profile: currentProfile } = page.state().choices ?? {};
  const model = lists.model.select.value;
  const profile = lists.profile.select.value;
  const chosen = {
    scope_id: page.finder.selectedId(),
    model: model === currentModel ? "" : model,
    profile: profile === currentProfile ? "" : profile,
  };
  if (!Object.values(chosen).some(Boolean)) {
    return showError(page, "", STRINGS["choose.nothing"]);
  }
  send(page, { action: "choose", ...chosen });
}

/** Take a pasted text, or the text of a file; return whether it was more than a bare key. */
function keepPaste(page, text, fileName = "") {
  const { fields, view } = page;
  const parsed = parsePaste(text);
  const origin = originOf(parsed.address);
  if (origin || parsed.region) fields.region.input.value = origin || parsed.region;
  const scopeId = parsed.project || parsed.space;
  if (scopeId) fields.scope_text.input.value = scopeId;
  // an address alone leaves the key that is in the field already
  if (parsed.isAddress) view.file.value = "";
  else if (parsed.isFile || fileName) {
    page.pastedText = text;
    // not the text itself: the field has one line, and would drop the line ends
    fields.secret.input.value = "•".repeat(8);
  }
  setText(view.note, describePaste(parsed, fileName));
  page.pageError = null;
  page.paint();
  return parsed.isAddress || parsed.isFile || Boolean(fileName);
}

/** Escape ends what is open: a request, a search, the lists; in the key's field it clears the key. */
function onEscape(page, target) {
  if (page.isWorking()) return stopRequest(page);
  if (partOf(page) === "lists") {
    if (target === page.lists.search && target.value !== "") return page.finder.clear();
    return goBack(page);
  }
  if (target !== page.fields.secret.input) return;
  if (target.value === "" && page.isEditing && page.state().line) return closeFields(page);
  forgetKey(page);
  setText(page.view.note, "");
  page.paint();
}

function stopRequest(page) {
  const { connection } = page;
  if (connection.isLost || !page.isWorking()) return;
  // a request that waits behind a cell is cancelled; the cell itself goes on
  if (connection.isQueued || connection.isBusy) page.model.send({ action: "cancel", view: page.id });
  else connection.kernel()?.interrupt?.();
}

function goBack(page, more = {}) {
  if (isReady(page)) send(page, { action: "back", ...more });
}

/** Close the fields that were opened beside the current session. */
function closeFields(page) {
  page.isEditing = false;
  forgetKey(page);
  page.paint();
  page.change.focus();
  goBack(page);
}
