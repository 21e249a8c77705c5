/*
 * The panel “watsonx”: one sign-in for all notebooks, which the Jupyter server holds.
 *
 * The form in it is the form of the cells (`login/page/`), which the server sends. It takes the
 * server for its kernel: what it sends becomes a request, and its view is what the server answers.
 * The server is asked when the panel is shown, not when the page loads.
 */

import { greetAll } from "./kernel_link.js";
import { OPEN_PANEL } from "./names.js";
import { serverOf } from "./server_link.js";
import { loadTexts, text } from "./texts.js";

const PANEL = "wx-notebook-panel";
/** Milliseconds between two questions while a request runs, and while the panel is just open. */
const WORKING_MS = 250;
const OPEN_MS = 20_000;
/** What the form says about itself to a kernel; a server need not know. */
const NOT_SENT = new Set(["ping", "line_shown", "closed", "begun"]);
const ICON = `<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 16 16">
  <path class="jp-icon3" fill="#616161" d="M5 1a4 4 0 0 1 3.9 4.9L15 12v3h-3v-2h-2v-2H8L6.6 9.7A4 4 0 1 1
  5 1Zm-.5 2.2a1.3 1.3 0 1 0 0 2.6 1.3 1.3 0 0 0 0-2.6Z"/></svg>`;

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** @param {string} tag @param {string} name @param {(Node | string)[]} children */
const make = (tag, name, ...children) => {
  const element = document.createElement(tag);
  element.className = name;
  element.append(...children);
  return element;
};

/** What stands between backticks is code. @param {string} words */
const withCode = (words) =>
  words.split("`").map((part, n) => (n % 2 ? make("code", "", part) : part));

/** @param {import("./server_link.js").Ask} ask */
const openForm = async (ask) => {
  const { request, server } = await ask({ action: "ping" });
  let state = await ask();
  while (state.server === server && state.done < request && !state.form) {
    await pause(WORKING_MS);
    state = await ask();
  }
  return state;
};

/** What the form takes for the model of its widget. */
class ServerModel {
  /**
   * @param {(content?: object) => Promise<any>} ask sends a request, or asks for the state
   * @param {(state: any) => void} onState is called with each answer of the server
   */
  constructor(ask, form, onState) {
    this.ask = ask;
    this.onState = onState;
    this.values = form;
    this.listeners = new Map();
    this.isAsking = false;
    this.widget_manager = {
      kernel: {
        status: "idle",
        connectionStatus: "connected",
        interrupt: () => this.ask({ action: "cancel" }),
      },
    };
  }

  get(name) {
    return this.values[name];
  }

  on(name, listener) {
    this.listeners.set(name, [...(this.listeners.get(name) ?? []), listener]);
  }

  off(name, listener) {
    const kept = (this.listeners.get(name) ?? []).filter((one) => one !== listener);
    this.listeners.set(name, kept);
  }

  tell(name, content) {
    for (const listener of this.listeners.get(name) ?? []) listener(content);
  }

  /** Take what the form sends to a kernel; the secret is in the only buffer. */
  send(content, _, buffers = []) {
    const secret = buffers.length ? new TextDecoder().decode(buffers[0]) : null;
    void this.request(content, secret);
  }

  async request(content, secret) {
    const of = content.action;
    await Promise.resolve();
    this.tell("msg:custom", { action: "ack", of });
    if (!NOT_SENT.has(of)) await this.doRequest(content, secret);
    this.tell("msg:custom", { action: "done", of });
  }

  async doRequest(content, secret) {
    try {
      const sent = await this.ask(secret === null ? content : { ...content, secret });
      let state = await this.refresh();
      while (state.server === sent.server && state.done < sent.request) {
        await pause(WORKING_MS);
        state = await this.refresh();
      }
    } catch (error) {
      this.show({ ...this.values.view, error: errorOf(error) });
    }
  }

  /** Ask what the server shows, and show it. */
  async refresh() {
    let state = await this.ask();
    // a server that was restarted has another form, in which nobody is signed in
    if (state.enabled && !state.form) state = await openForm(this.ask);
    if (state.form) this.show(state.form.view);
    this.onState(state);
    return state;
  }

  show(view) {
    if (JSON.stringify(view) === JSON.stringify(this.values.view)) return;
    const isOtherLine = view.line !== this.values.view.line;
    this.values = { ...this.values, view };
    this.tell("change:view");
    // kernels see who is signed in when they look
    if (isOtherLine) greetAll();
  }
}

/** @returns {{message: string, hint: string, field: string}} */
const errorOf = (error) => {
  const known = { 403: "panel.refused", 404: "panel.missing" }[error?.response?.status];
  if (known) return { message: text(known), hint: "", field: "" };
  return { message: text("panel.unreachable"), hint: text("panel.again"), field: "" };
};

/** @param {(name: string) => Promise<any>} shared */
export default async (shared) => {
  const [{ ICommandPalette }, { ILayoutRestorer }, { ITranslator }, ui, lumino] =
    await Promise.all(
      ["@jupyterlab/apputils", "@jupyterlab/application", "@jupyterlab/translation",
        "@jupyterlab/ui-components", "@lumino/widgets"].map(shared),
    ); // prettier-ignore

  /** The panel: it asks the server when it is first shown. */
  class Panel extends lumino.Widget {
    /** @param {import("./server_link.js").Ask} ask */
    constructor(ask) {
      super();
      this.ask = ask;
      this.id = PANEL;
      this.addClass("wx-panel");
      this.title.caption = text("panel.title");
      this.title.icon = new ui.LabIcon({ name: "wx-notebook:key", svgstr: ICON });
      this.node.setAttribute("role", "region");
      this.node.setAttribute("aria-label", text("panel.title"));
      this.note = make("p", "wx-panel-note");
      this.note.setAttribute("role", "status");
      this.form = make("div", "wx-panel-form");
      const help = make("details", "wx-panel-help", make("summary", "", text("panel.who")));
      for (const key of ["panel.who.kernels", "panel.who.boundary"])
        help.append(make("p", "", ...withCode(text(key))));
      this.help = help;
      this.node.append(make("div", "wx-panel-body", this.form, this.note, help));
      /** @type {ServerModel | null} */
      this.model = null;
      this.isStarting = false;
      this.isActivated = false;
      this.timer = 0;
      window.addEventListener("focus", () => this.isVisible && void this.update_());
    }

    onAfterShow() {
      void this.update_();
    }

    onAfterAttach() {
      if (this.isVisible) void this.update_();
    }

    /** A command has opened it: the user goes on in the form. */
    onActivateRequest() {
      this.isActivated = true;
      void this.update_();
    }

    onBeforeHide() {
      clearTimeout(this.timer);
    }

    /** Show what the server holds now; the first time, the form is made. */
    async update_() {
      if (this.isStarting) return;
      clearTimeout(this.timer);
      this.isStarting = true;
      let isWorking = false;
      try {
        const state = this.model ? await this.model.refresh() : await this.start();
        isWorking = state.form?.view.phase === "working";
      } catch (error) {
        const { message, hint } = errorOf(error);
        this.writeNote(`${message} ${hint}`.trim());
        // a server that was restarted without its extension
        if (error?.response?.status === 404) this.help.hidden = this.form.hidden = true;
      } finally {
        this.isStarting = false;
      }
      if (this.isActivated) this.focusForm();
      const wait = isWorking ? WORKING_MS : OPEN_MS;
      if (this.isVisible) this.timer = setTimeout(() => void this.update_(), wait);
    }

    focusForm() {
      this.isActivated = false;
      const places = [...this.form.querySelectorAll("input, button")];
      places.find((one) => one.checkVisibility())?.focus();
    }

    say(state) {
      this.help.hidden = this.form.hidden = !state.enabled;
      const notes = state.enabled
        ? [state.lost && text("panel.lost"), state.shared && text("panel.shared")]
        : [text("panel.off")];
      this.writeNote(notes.filter(Boolean).join(" "));
    }

    writeNote(words) {
      // a screen reader reads what is written anew
      if (this.note.textContent !== words) this.note.textContent = words;
    }

    async start() {
      let state = await this.ask();
      if (state.enabled) {
        state = await openForm(this.ask);
        const render = await this.loadForm();
        const model = new ServerModel(this.ask, state.form, (one) => this.say(one));
        render({ model, el: this.form });
        this.model = model;
      }
      this.say(state);
      return state;
    }

    /** Load the form from the server, as the widget of a cell gets it from the kernel. */
    async loadForm() {
      const sources = await this.ask(undefined, "sign-in/form");
      const style = make("style", "", sources.styles);
      const address = URL.createObjectURL(new Blob([sources.script], { type: "text/javascript" }));
      try {
        const module = await import(address);
        document.head.append(style);
        return module.default.render;
      } finally {
        URL.revokeObjectURL(address);
      }
    }
  }

  return {
    id: "wx-notebook:sign-in-panel",
    description: "A side panel with one sign-in for all notebooks of the Jupyter server.",
    autoStart: true,
    optional: [ICommandPalette, ILayoutRestorer, ITranslator],
    activate: async (app, palette, restorer, translator) => {
      await loadTexts(translator);
      const panel = new Panel(await serverOf(shared, app));
      // Notebook 7 has no bar at its left
      app.shell.add(panel, app.name === "JupyterLab" ? "left" : "right", { rank: 900 });
      restorer?.add(panel, PANEL);
      app.commands.addCommand(OPEN_PANEL, {
        label: text("command.openPanel"),
        execute: () => app.shell.activateById(PANEL),
      });
      palette?.addItem({ command: OPEN_PANEL, category: "watsonx" });
    },
  };
};
