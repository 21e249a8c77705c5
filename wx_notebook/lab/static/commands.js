/*
 * The commands, in the palette and in a menu of their own. What concerns the kernel is inserted as a
 * cell and run, so that it can be read, repeated and undone.
 */

import { saidBy } from "./kernel_link.js";
import { ANSWER_COMMANDS, EXPLAIN, KERNEL_COMMANDS, NEW_PROMPT, OPEN_PANEL } from "./names.js";
import { editAtEnd, insertCell, notebookInFront, runBelow } from "./notebooks.js";
import { helps, serverOf } from "./server_link.js";
import { text } from "./texts.js";

/** What the commands of the kernel run. */
const CODE = {
  signOut: "%watsonx logout",
  usage: "%watsonx usage",
  check: "%watsonx check",
  doctor: "%watsonx doctor",
};
/** What they write, for the user to choose with Tab. */
const TO_COMPLETE = {
  project: "%watsonx use --project ",
  model: "%watsonx use --model ",
};
const LOG_IN = "%watsonx login";
const LOAD = "%load_ext wx_notebook";
const CATEGORY = "watsonx";

/** Whether the kernel of a notebook could load our package, as far as the notebook knows. */
const isPython = (panel) => ["", "python"].includes(panel.content.model.defaultKernelLanguage);

/** @param {(name: string) => Promise<any>} shared */
export default async (shared) => {
  const [{ INotebookTracker }, { ICommandPalette }, { IMainMenu }, { Menu }] = await Promise.all(
    ["@jupyterlab/notebook", "@jupyterlab/apputils", "@jupyterlab/mainmenu", "@lumino/widgets"]
      .map(shared),
  ); // prettier-ignore
  return {
    id: "wx-notebook:commands",
    description: "The commands of wx_notebook, in the palette and in a menu.",
    autoStart: true,
    requires: [INotebookTracker],
    optional: [ICommandPalette, IMainMenu],
    activate: (app, tracker, palette, mainMenu) => {
      const { commands } = app;
      const inFront = () => notebookInFront(app, tracker);
      const isEnabled = () => !!inFront()?.content.activeCell && isPython(inFront());
      const add = (id, name, execute) =>
        commands.addCommand(id, {
          label: () => text(`command.${name}`),
          isEnabled,
          execute: () => execute(inFront()),
        });
      /** A kernel that has not said a word may not have loaded it yet. */
      const loaded = (panel, code) => (saidBy(panel) ? code : `${LOAD}\n${code}`);

      add(NEW_PROMPT, "newPrompt", (panel) => {
        // not awaited: in front of a busy kernel it waits, and the user goes on
        if (!saidBy(panel)) void runBelow(app, panel, LOAD);
        insertCell(panel, panel.content.activeCellIndex + 1, "%%watsonx\n");
        editAtEnd(panel);
      });
      /** Sign in for all notebooks, or by a form in the notebook where only that helps. */
      commands.addCommand(KERNEL_COMMANDS.signIn, {
        label: () => text("command.signIn"),
        isEnabled: () => isEnabled() || commands.hasCommand(OPEN_PANEL),
        execute: async () => {
          const panel = isEnabled() ? inFront() : null;
          const hasPanel = commands.hasCommand(OPEN_PANEL);
          if (hasPanel && (!panel || (await helps(await serverOf(shared, app), saidBy(panel))))) {
            return commands.execute(OPEN_PANEL);
          }
          return runBelow(app, panel, loaded(panel, LOG_IN));
        },
      });
      for (const [name, code] of Object.entries(CODE)) {
        add(KERNEL_COMMANDS[name], name, (panel) => runBelow(app, panel, loaded(panel, code)));
      }
      for (const [name, code] of Object.entries(TO_COMPLETE)) {
        add(KERNEL_COMMANDS[name], name, async (panel) => {
          insertCell(panel, panel.content.activeCellIndex + 1, loaded(panel, code));
          editAtEnd(panel);
          if (commands.hasCommand("completer:invoke-notebook")) {
            await commands.execute("completer:invoke-notebook");
          }
        });
      }

      const groups = [
        [NEW_PROMPT, ...Object.values(ANSWER_COMMANDS), EXPLAIN],
        Object.values(KERNEL_COMMANDS),
      ];
      for (const command of groups.flat()) palette?.addItem({ command, category: CATEGORY });
      if (mainMenu) {
        const menu = new Menu({ commands });
        menu.id = "wx-notebook-menu";
        menu.title.label = CATEGORY;
        for (const group of groups) {
          for (const command of group) menu.addItem({ command });
          menu.addItem({ type: "separator" });
        }
        mainMenu.addMenu(menu, true, { rank: 900 });
      }
    },
  };
};
