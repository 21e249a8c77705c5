/* The same line in the status bar, where the application has one and the user wants it. */

import { onKernelSaid } from "./kernel_link.js";
import { lineClass, lineOf } from "./line.js";
import { onSettings, setting } from "./settings.js";

/** @param {(name: string) => Promise<any>} shared */
export default async (shared) => {
  const [lumino, { INotebookTracker }, { IStatusBar }] = await Promise.all(
    ["@lumino/widgets", "@jupyterlab/notebook", "@jupyterlab/statusbar"].map(shared),
  );
  return {
    id: "wx-notebook:status-bar",
    description: "Shows in the status bar who is signed in, where, and what was used.",
    autoStart: true,
    requires: [INotebookTracker],
    // Notebook 7 shares the token, and has no status bar
    optional: [IStatusBar],
    activate: (app, tracker, statusBar) => {
      if (!statusBar) return;
      const item = new (lineClass(lumino, app))(() => tracker.currentWidget);
      const update = () => item.showLine(setting("statusBar"));
      statusBar.registerStatusItem("wx-notebook:line", {
        item,
        align: "left",
        rank: 5,
        isActive: () => setting("statusBar") && !!lineOf(tracker.currentWidget),
        activeStateChanged: undefined,
      });
      tracker.currentChanged.connect(update);
      onKernelSaid(update);
      onSettings(update);
    },
  };
};
