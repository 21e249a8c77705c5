/**
 * A button that copies a text to the clipboard: one plain module, nothing loaded from anywhere.
 *
 * The text is shown above it anyway; it holds no secret.
 *
 * @typedef {{ get(name: string): any }} Model
 */

const WORDS = {
  copy: "Copy",
  copied: "Copied.",
  failed: "This page may not write to the clipboard: select the text above.",
};

/** Copy where the page has no clipboard of its own: Jupyter by plain http on another machine. */
const copyByHand = (text) => {
  const area = document.createElement("textarea");
  area.value = text;
  area.style.position = "fixed";
  area.style.opacity = "0";
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  return done;
};

/** @param {{model: Model, el: HTMLElement}} view */
function render({ model, el }) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "jupyter-widgets jupyter-button widget-button";
  button.textContent = WORDS.copy;
  const status = document.createElement("span");
  status.setAttribute("role", "status");
  status.style.marginLeft = "0.6em";

  button.addEventListener("click", async () => {
    const text = model.get("text");
    let done = false;
    try {
      await navigator.clipboard.writeText(text);
      done = true;
    } catch {
      done = copyByHand(text);
      button.focus();
    }
    status.textContent = done ? WORDS.copied : WORDS.failed;
  });
  // Jupyter takes keys inside a cell for its own shortcuts
  button.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === " ") event.stopPropagation();
  });

  el.append(button, status);
}

export default { render };
