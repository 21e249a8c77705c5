/*
 * What the parts do to the notebook that is open: find a cell, insert one, run it.
 */

/**
 * Return the notebook and the cell that contain a node, null where none does (a console, a copy of
 * an output).
 *
 * @param {any} tracker JupyterLab's of notebooks
 * @param {Node} node
 */
export const findCell = (tracker, node) => {
  let found = null;
  tracker.forEach((panel) => {
    const index = panel.content.widgets.findIndex((cell) => cell.node.contains(node));
    if (index >= 0) found = { panel, index, cell: panel.content.widgets[index] };
  });
  return found;
};

/**
 * Return the notebook that the user sees, null where another tab is in front of it.
 *
 * @param {any} app
 * @param {any} tracker
 */
export const notebookInFront = (app, tracker) => {
  const panel = tracker.currentWidget;
  return panel && panel === app.shell.currentWidget ? panel : null;
};

/** @param {any} cell a code cell's widget */
export const isRunning = (cell) =>
  cell.model.executionState === "running" || cell.promptNode?.textContent?.includes("*");

/** @param {any} panel @param {number} index */
export const activate = (panel, index) => {
  panel.content.activeCellIndex = index;
  panel.content.deselectAll();
};

/**
 * Insert a cell and make it the active one.
 *
 * @param {any} panel
 * @param {number} index
 * @param {string} source
 * @param {"code" | "markdown" | "raw"} type
 */
export const insertCell = (panel, index, source, type = "code") => {
  const metadata = type === "code" ? { trusted: true } : {};
  panel.content.model.sharedModel.insertCell(index, { cell_type: type, source, metadata });
  const cell = panel.content.widgets[index];
  // to be looked at before it is rendered
  if (type === "markdown") cell.rendered = false;
  activate(panel, index);
  return cell;
};

/**
 * Insert a code cell below the active one and run it: what a button does is there to be read.
 *
 * @param {any} app
 * @param {any} panel
 * @param {string} source
 */
export const runBelow = async (app, panel, source) => {
  insertCell(panel, panel.content.activeCellIndex + 1, source);
  await app.commands.execute("notebook:run-cell");
};

/** Put the cursor behind the text of the active cell. @param {any} panel */
export const editAtEnd = (panel) => {
  panel.content.mode = "edit";
  const { editor } = panel.content.activeCell;
  const last = editor.lineCount - 1;
  editor.setCursorPosition({ line: last, column: editor.getLine(last)?.length ?? 0 });
  editor.focus();
};
