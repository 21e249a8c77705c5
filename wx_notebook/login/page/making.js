/**
 * The browser's half of the login form: one plain module that loads nothing.
 *
 * The key is read once, when it is sent as the binary buffer of one custom message, and its field
 * is emptied before. It is never put into a trait, an attribute, a log or a storage. All foreign
 * text is set through `textContent`.
 *
 * @typedef {"secret" | "region" | "scope_text" | "username"} Field
 * @typedef {{message: string, hint?: string, field: Field | ""}} FormError
 * @typedef {{
 *   get(name: string): any,
 *   send(content: object, callbacks?: unknown, buffers?: ArrayBuffer[]): void,
 *   on(name: string, listener: (...values: any[]) => void): void,
 *   off(name: string, listener: (...values: any[]) => void): void,
 *   widget_manager?: any,
 * }} Model
 */

/** One text of the table, with its placeholders filled in. */
function string(name, values = {}) {
  let text = STRINGS[name] ?? "";
  for (const [key, value] of Object.entries(values)) text = text.replaceAll(`{${key}}`, value);
  return text;
}

/** The text for one kind of account, or the one for all kinds. */
const stringFor = (name, kind) => STRINGS[`${name}.${kind}`] ?? STRINGS[name] ?? "";

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
function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** @param {string} text @param {string} kind */
function makeButton(text, kind = "") {
  return make("button", { type: "button", class: `wxn-button ${kind}`.trim() }, text);
}

/** A link; a screen reader says that it opens a new window. */
function makeLink({ text, href }) {
  const link = make("a", { class: "wxn-link", target: "_blank", rel: "noopener noreferrer" }, text);
  link.href = href;
  link.append(make("span", { class: "wxn-unseen" }, ` (${STRINGS["link.new_window"]})`));
  return link;
}

/** One step: its mark, its text, why it failed, and the page on which it can be repaired. */
function makeStep(id, step) {
  const failed = step.state === "bad";
  const line = make(
    "div",
    { class: "wxn-step", "data-state": step.state, id },
    make("span", { class: "wxn-mark", "aria-hidden": "true" }),
    make("span", { class: "wxn-unseen" }, `${STRINGS[`mark.${step.state}`]}: `),
    make("span", { class: "wxn-step-text" }, step.text),
  );
  if (failed) {
    const reason = [step.message, step.hint].filter(Boolean).join("\n");
    line.append(make("p", { class: "wxn-why" }, reason));
    if (step.link) line.append(make("p", { class: "wxn-repair" }, makeLink(step.link)));
  }
  return line;
}
