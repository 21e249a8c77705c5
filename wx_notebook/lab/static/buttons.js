/*
 * A row of buttons below an output. Each one runs a command, so whatever it does can be done from
 * the palette, by a shortcut of one's own, or by a script.
 */

import { text } from "./texts.js";

/**
 * Return a button with a text of ours.
 *
 * @param {string} name the name of its text
 * @param {() => unknown} run
 */
export const button = (name, run) => {
  const element = document.createElement("button");
  element.type = "button";
  element.className = "wx-button";
  element.textContent = text(name);
  element.addEventListener("click", () => void run());
  // in a cell Jupyter takes these keys for its own shortcuts
  element.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === " ") event.stopPropagation();
  });
  return element;
};

/**
 * Return the row, and a function that says something beside the buttons.
 *
 * @param {string} name the name of the text that a screen reader says for all of them
 * @param {HTMLElement[]} buttons
 */
export const buttonRow = (name, buttons) => {
  const row = document.createElement("div");
  row.className = "wx-buttons";
  row.setAttribute("role", "group");
  row.setAttribute("aria-label", text(name));
  const status = document.createElement("span");
  status.setAttribute("role", "status");
  row.append(...buttons);
  // there only while it says something: an empty one would be announced with each answer
  const say = (name) => {
    status.remove();
    if (!name) return;
    status.textContent = text(name);
    row.append(status);
  };
  return { row, say };
};
