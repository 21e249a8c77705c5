/**
 * The browser's half of the login form: one plain module, nothing loaded from anywhere.
 *
 * The key is read once, when it is sent: as the binary buffer of one custom message, after its
 * field was emptied. It is never put into a trait, an attribute, a log or a storage. All foreign
 * text goes through `textContent`.
 *
 * @typedef {"secret" | "where" | "billed_to" | "username"} Field
 * @typedef {{message: string, hint?: string, field: Field | ""}} Trouble
 * @typedef {{
 *   get(name: string): any,
 *   send(content: object, callbacks?: unknown, buffers?: ArrayBuffer[]): void,
 *   on(name: string, listener: (...values: any[]) => void): void,
 *   off(name: string, listener: (...values: any[]) => void): void,
 *   widget_manager?: any,
 * }} Model
 */

/** One text of the table, with its places filled in. */
function word(name, values = {}) {
  let text = WORDS[name] ?? "";
  for (const [place, value] of Object.entries(values)) text = text.replaceAll(`{${place}}`, value);
  return text;
}

/** The text of a kind of account, or the one for all kinds. */
const wordFor = (name, kind) => WORDS[`${name}.${kind}`] ?? WORDS[name] ?? "";

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

/** @param {string} text @param {string} kind */
function makeButton(text, kind = "") {
  return make("button", { type: "button", class: `wxn-button ${kind}`.trim() }, text);
}

/** A link that opens nothing by itself; a reader hears that it leads to another window. */
function makeLink({ text, href }) {
  const link = make("a", { class: "wxn-link", target: "_blank", rel: "noopener noreferrer" }, text);
  link.href = href;
  link.append(make("span", { class: "wxn-unseen" }, ` (${WORDS["link.new_window"]})`));
  return link;
}

/** One step: its mark, what it says, why it failed, and the page that mends it. */
function makeStep(id, step) {
  const failed = step.state === "bad";
  const line = make(
    "div",
    { class: "wxn-step", "data-state": step.state, id },
    make("span", { class: "wxn-mark", "aria-hidden": "true" }),
    make("span", { class: "wxn-unseen" }, `${WORDS[`mark.${step.state}`]}: `),
    make("span", { class: "wxn-step-text" }, step.text),
  );
  if (failed) {
    const why = [step.why, step.repair].filter(Boolean).join("\n");
    line.append(make("p", { class: "wxn-why" }, why));
    if (step.link) line.append(make("p", { class: "wxn-repair" }, makeLink(step.link)));
  }
  return line;
}
