/*
 * Buttons on an answer. The kernel saves an answer as plain text and HTML, and beside them a few
 * facts under a type of its own (`render/front_end.py`). Only this renderer knows the type, so that
 * a notebook shows no dead buttons where the extension is not.
 */

import { button, buttonRow } from "./buttons.js";
import { ANSWER_COMMANDS, ANSWER_TYPE } from "./names.js";
import { activate, findCell, insertCell, isRunning, notebookInFront } from "./notebooks.js";
import { isPrompt } from "./prompt_source.js";
import { onSettings, setting } from "./settings.js";
import { text } from "./texts.js";

/** What a rendered cell would fetch, or show from elsewhere. */
const FETCHES = /!\[|<\s*(?:img|image|picture|source|video|audio|iframe|object|embed|svg|link|input)\b|url\s*\(/i;
const ASKS = /^\s*(?:\w+\s*=\s*)?%watsonx\s+(?:ask|explain)\b/m;

/**
 * Return the answer in an output as the model wrote it, null where there is none.
 *
 * @param {Record<string, any>} data of an output
 */
const answerText = (data) => {
  const facts = data[ANSWER_TYPE];
  if (facts?.state !== "ended") return null;
  if (typeof facts.text === "string") return facts.text;
  const plain = [data["text/plain"]].flat().join("");
  return plain.slice(0, plain.length - facts.behind);
};

/** The last answer of a cell. @param {any} cell */
const answerOf = (cell) => {
  const outputs = cell?.model.type === "code" ? cell.model.outputs : { length: 0 };
  for (let n = outputs.length - 1; n >= 0; n -= 1) {
    const found = answerText(outputs.get(n).data);
    if (found !== null) return found;
  }
  return null;
};

/** Whether a notebook waits for an answer; what else its kernel does is not ours to stop. */
const isAsking = (panel) => {
  const running = panel.content.widgets.filter(
    (cell) => cell.model.type === "code" && isRunning(cell),
  );
  // before the first words there is only the question; another cell may run in front of it
  return running.some(hasArriving) || (running.length > 0 && running.every(isQuestion));
};

const hasArriving = ({ model: { outputs } }) => {
  const all = Array.from({ length: outputs.length }, (_, n) => outputs.get(n).data);
  return all.some((data) => data[ANSWER_TYPE]?.state === "arriving");
};

const isQuestion = (cell) => {
  const source = cell.model.sharedModel.getSource();
  return isPrompt(source) || ASKS.test(source);
};

const addCommands = (app, tracker, Clipboard) => {
  const { commands } = app;
  const panel = () => notebookInFront(app, tracker);
  const cell = () => panel()?.content.activeCell ?? null;
  const current = (args) => args.text ?? answerOf(cell());
  const add = (id, name, isEnabled, execute) =>
    commands.addCommand(id, { label: () => text(name), isEnabled, execute });
  const hasAnswer = (args) => current(args) !== null;
  add(ANSWER_COMMANDS.copy, "command.copy", hasAnswer, (args) =>
    Clipboard.copyToSystem(current(args)),
  );
  add(ANSWER_COMMANDS.insert, "command.insert", hasAnswer, (args) => {
    const source = current(args);
    // a cell that would load a picture from a stranger's address is not rendered
    const type = FETCHES.test(source) ? "raw" : "markdown";
    const { content } = panel();
    insertCell(panel(), content.activeCellIndex + 1, source, type);
    // to be edited, or undone
    content.mode = "command";
    content.activate();
  });
  add(
    ANSWER_COMMANDS.again,
    "command.again",
    () => cell()?.model.type === "code" && isQuestion(cell()),
    () => commands.execute("notebook:run-cell"),
  );
  add(
    ANSWER_COMMANDS.stop,
    "command.stop",
    () => !!panel()?.sessionContext.session?.kernel && isAsking(panel()),
    () => panel().sessionContext.session.kernel.interrupt(),
  );
};

/** Add a button to each block of code; the HTML of an answer has none. @param {HTMLElement} node */
const addCodeButtons = (node, Clipboard, say) => {
  for (const block of node.querySelectorAll("pre")) {
    const frame = document.createElement("div");
    frame.className = "wx-code";
    block.replaceWith(frame);
    const copy = button("button.copyCode", () => {
      Clipboard.copyToSystem(block.textContent);
      say("copied");
    });
    frame.append(block, copy);
  }
};

/** @param {(name: string) => Promise<any>} shared */
export default async (shared) => {
  const [{ INotebookTracker }, { IRenderMimeRegistry }, { PanelLayout, Widget }, { Clipboard }] =
    await Promise.all(
      ["@jupyterlab/notebook", "@jupyterlab/rendermime", "@lumino/widgets", "@jupyterlab/apputils"]
        .map(shared),
    ); // prettier-ignore

  class AnswerOutput extends Widget {
    constructor(app, tracker, rendermime) {
      super();
      this.app = app;
      this.tracker = tracker;
      this.addClass("wx-answer");
      this.inner = rendermime.createRenderer("text/html");
      this.layout = new PanelLayout();
      this.layout.addWidget(this.inner);
      this.answer = null;
      const run = (name, said) => () => this.run(name, said);
      this.stop = button("button.stop", run("stop", "stopping"));
      this.copy = button("button.copy", run("copy", "copied"));
      this.insert = button("button.insert", run("insert"));
      this.again = button("button.again", run("again"));
      const all = [this.stop, this.copy, this.insert, this.again];
      const { row, say } = buttonRow("answer.buttons", all);
      this.say = say;
      this.node.append(row);
      this.row = row;
      this.isArriving = false;
    }

    /** Run a command on the cell of this output. */
    async run(name, said) {
      const found = findCell(this.tracker, this.node);
      if (found) activate(found.panel, found.index);
      if (said) this.say(said);
      const args = this.answer === null ? {} : { text: this.answer };
      await this.app.commands.execute(ANSWER_COMMANDS[name], args);
    }

    async renderModel(model) {
      this.answer = answerText(model.data);
      this.isArriving = model.data[ANSWER_TYPE]?.state === "arriving";
      this.say("");
      // sanitised by JupyterLab, too, where the notebook is not trusted
      await this.inner.renderModel(model);
      if (this.answer !== null) addCodeButtons(this.inner.node, Clipboard, this.say);
      this.update();
    }

    onAfterAttach() {
      this.update();
    }

    onUpdateRequest() {
      const found = findCell(this.tracker, this.node);
      const isOn = setting("answerButtons");
      const wasStopFocused = document.activeElement === this.stop;
      // what a kernel left that died meanwhile can only be asked again
      const isRunningNow = this.isArriving && found && isRunning(found.cell);
      this.toggleClass("wx-no-buttons", !isOn);
      this.stop.hidden = !isRunningNow;
      this.copy.hidden = this.answer === null;
      this.insert.hidden = this.answer === null || !found;
      this.again.hidden = isRunningNow || !found || !isQuestion(found.cell);
      this.row.hidden = !isOn || [...this.row.querySelectorAll("button")].every((b) => b.hidden);
      if (wasStopFocused && this.stop.hidden) (this.copy.hidden ? this.again : this.copy).focus();
    }
  }

  return {
    id: "wx-notebook:answers",
    description: "Draws buttons on the answers of models.",
    autoStart: true,
    requires: [INotebookTracker, IRenderMimeRegistry],
    activate: (app, tracker, rendermime) => {
      /** @type {Set<any>} */
      const shown = new Set();
      const updateAll = () => shown.forEach((output) => output.update());
      rendermime.addFactory({
        safe: true,
        mimeTypes: [ANSWER_TYPE],
        defaultRank: 10,
        createRenderer: () => {
          const output = new AnswerOutput(app, tracker, rendermime);
          shown.add(output);
          output.disposed.connect(() => shown.delete(output));
          return output;
        },
      });
      addCommands(app, tracker, Clipboard);
      // a kernel that has died sends no last frame
      tracker.widgetAdded.connect((_, panel) => {
        panel.sessionContext.statusChanged.connect(updateAll);
      });
      onSettings(updateAll);
    },
  };
};
