/* The line in the toolbar of each notebook. */

import { onKernelSaid } from "./kernel_link.js";
import { lineClass } from "./line.js";
import { onSettings, setting } from "./settings.js";

/** @param {(name: string) => Promise<any>} shared */
export default async (shared) => {
  const lumino = await shared("@lumino/widgets");
  return {
    id: "wx-notebook:toolbar",
    description: "Shows in a notebook's toolbar who is signed in, where, and what was used.",
    autoStart: true,
    activate: (app) => {
      const Line = lineClass(lumino, app);
      /** @type {Set<any>} */
      const lines = new Set();
      const update = (line) => line.showLine(setting("toolbarLine"));
      app.docRegistry.addWidgetExtension("Notebook", {
        createNew: (panel) => {
          const line = new Line(() => panel);
          const { toolbar } = panel;
          // where JupyterLab has another toolbar, at its end
          if (!toolbar.insertBefore("kernelName", "wx-line", line)) {
            toolbar.addItem("wx-line", line);
          }
          lines.add(line);
          line.disposed.connect(() => lines.delete(line));
          update(line);
          return line;
        },
      });
      onKernelSaid(() => lines.forEach(update));
      onSettings(() => lines.forEach(update));
    },
  };
};
