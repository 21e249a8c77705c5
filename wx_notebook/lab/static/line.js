/*
 * The line about a notebook: who and where, and what was used, with a menu. What it says comes from
 * the kernel (`kernel_link.js`).
 */

import { VERSION, saidBy } from "./kernel_link.js";
import { KERNEL_COMMANDS } from "./names.js";
import { text } from "./texts.js";

/** Characters of a name in the line; the tooltip has all of them. */
const MOST = 24;

const isOtherVersion = (said) => said.version !== VERSION;

/**
 * Return the line and a longer text for its tooltip; null where the kernel has no wx_notebook.
 *
 * @param {any} panel
 */
export const lineOf = (panel) => {
  const said = saidBy(panel);
  if (!said) return null;
  const number = new Intl.NumberFormat(document.documentElement.lang || undefined);
  const model = said.model?.split("/").at(-1);
  const names = [said.place, said.scope, model].filter(Boolean);
  const rest = [];
  if (said.account !== "in") rest.push("watsonx", text(`line.${said.account}`));
  if (said.tokens) rest.push(text("line.tokens", { tokens: number.format(said.tokens) }));
  // so that what was used is seen behind a long name, too
  const line = [...names.map(shortened), ...rest];
  const more = [[...names, ...rest].join(" · ")];
  if (said.who) more.push(text("line.who", { who: said.who }));
  if (isOtherVersion(said)) {
    line.unshift("⚠");
    more.push(text("line.versions", { kernel: said.version, page: VERSION }));
  }
  return { line: line.join(" · "), title: more.join("\n") };
};

/** @param {string} name */
const shortened = (name) => {
  const characters = [...name];
  return characters.length > MOST ? `${characters.slice(0, MOST - 1).join("").trimEnd()}…` : name;
};

/** The commands of the menu: what fits to whether somebody is signed in. */
const menuCommands = (said) => [
  ...(["in", "server"].includes(said.account)
    ? [KERNEL_COMMANDS.signOut, KERNEL_COMMANDS.project, KERNEL_COMMANDS.model]
    : [KERNEL_COMMANDS.signIn]),
  KERNEL_COMMANDS.usage,
  KERNEL_COMMANDS.doctor,
];

/**
 * Return the class of the line's widget: a button that opens the menu.
 *
 * @param {any} lumino `@lumino/widgets`
 * @param {any} app
 */
export const lineClass = ({ Menu, Widget }, app) =>
  class Line extends Widget {
    /** @param {() => any} panel the notebook that it is about */
    constructor(panel) {
      super();
      this.panel = panel;
      this.addClass("wx-line");
      this.button = document.createElement("button");
      this.button.type = "button";
      this.button.setAttribute("aria-haspopup", "menu");
      // JupyterLab 4.2 gives the focus back to the notebook after a click on its toolbar
      this.button.addEventListener("click", () => setTimeout(() => this.open()));
      this.node.append(this.button);
      this.hide();
    }

    /** Show what the kernel has said last. @param {boolean} isOn whether the setting is on */
    showLine(isOn) {
      const found = isOn ? lineOf(this.panel()) : null;
      this.setHidden(!found);
      if (!found || this.button.title === found.title) return;
      this.button.textContent = found.line;
      this.button.title = found.title;
      this.button.setAttribute("aria-label", `watsonx: ${found.title}`);
    }

    open() {
      const said = saidBy(this.panel());
      if (!said) return;
      const menu = new Menu({ commands: app.commands });
      for (const command of menuCommands(said)) menu.addItem({ command });
      menu.aboutToClose.connect(() => this.button.focus());
      const { left, bottom } = this.button.getBoundingClientRect();
      menu.open(left, bottom);
    }
  };
