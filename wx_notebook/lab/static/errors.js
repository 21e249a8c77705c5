/*
 * "Explain" below an error: a click inserts and runs `%watsonx explain`. It stands only at the error
 * that the command explains, the last one of the notebook, and only where the kernel knows it.
 */

import { button, buttonRow } from "./buttons.js";
import { onKernelSaid, saidBy } from "./kernel_link.js";
import { EXPLAIN } from "./names.js";
import { activate, findCell, notebookInFront, runBelow } from "./notebooks.js";
import { onSettings, setting } from "./settings.js";
import { text } from "./texts.js";

/** JupyterLab gives errors this type, and renders them as the next one. */
const ERROR_TYPE = "application/vnd.jupyter.error";
const STDERR_TYPE = "application/vnd.jupyter.stderr";

/** @param {(name: string) => Promise<any>} shared */
export default async (shared) => {
  const [{ INotebookTracker }, { IRenderMimeRegistry }, { PanelLayout, Widget }] =
    await Promise.all(
      ["@jupyterlab/notebook", "@jupyterlab/rendermime", "@lumino/widgets"].map(shared),
    ); // prettier-ignore

  class ErrorOutput extends Widget {
    constructor(app, tracker, rendermime) {
      super();
      this.tracker = tracker;
      this.inner = rendermime.createRenderer(STDERR_TYPE);
      this.layout = new PanelLayout();
      this.layout.addWidget(this.inner);
      const explain = button("button.explain", () => {
        const found = findCell(tracker, this.node);
        if (found) activate(found.panel, found.index);
        return app.commands.execute(EXPLAIN);
      });
      const { row } = buttonRow("error.buttons", [explain]);
      this.row = row;
      row.hidden = true;
      this.node.append(row);
    }

    async renderModel(model) {
      await this.inner.renderModel(model);
      this.update();
    }

    onAfterAttach() {
      this.update();
    }

    onUpdateRequest() {
      const found = findCell(this.tracker, this.node);
      const failed = found && saidBy(found.panel)?.failed;
      this.row.hidden = !setting("explainButton") || !failed || failed !== found.cell.model.id;
    }
  }

  return {
    id: "wx-notebook:errors",
    description: "Draws a button below an error that asks a model about it.",
    autoStart: true,
    requires: [INotebookTracker, IRenderMimeRegistry],
    activate: (app, tracker, rendermime) => {
      app.commands.addCommand(EXPLAIN, {
        label: () => text("command.explain"),
        isEnabled: () => !!saidBy(notebookInFront(app, tracker))?.failed,
        execute: () => runBelow(app, tracker.currentWidget, "%watsonx explain"),
      });
      // another extension may have a renderer of its own for errors
      if (rendermime.getFactory(ERROR_TYPE)) return;
      /** @type {Set<any>} */
      const shown = new Set();
      const updateAll = () => shown.forEach((output) => output.update());
      rendermime.addFactory({
        safe: true,
        mimeTypes: [ERROR_TYPE],
        defaultRank: 100,
        createRenderer: () => {
          const output = new ErrorOutput(app, tracker, rendermime);
          shown.add(output);
          output.disposed.connect(() => shown.delete(output));
          return output;
        },
      });
      onKernelSaid(updateAll);
      onSettings(updateAll);
    },
  };
};
