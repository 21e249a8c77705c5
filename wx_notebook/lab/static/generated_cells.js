/*
 * Cells that a kernel generates, such as the code of an answer: one below the cell that asked. A
 * second run replaces it while nobody has edited it.
 */

import { onKernelCell } from "./kernel_link.js";

const METADATA = "wx_notebook";

/** A short mark of a text, to see whether it is still the one that was put there. */
const digest = (source) => {
  let hash = 0x811c9dc5;
  for (let n = 0; n < source.length; n += 1) {
    hash = Math.imul(hash ^ source.charCodeAt(n), 0x01000193) >>> 0;
  }
  return `${source.length}-${hash.toString(16)}`;
};

const isUntouched = (cell, askedBy) => {
  const mark = cell.model.getMetadata(METADATA);
  const source = cell.model.sharedModel.getSource();
  return mark?.generated_by === askedBy && mark.digest === digest(source);
};

const putBelow = (panel, { cell_id: askedBy, text: source }) => {
  const { widgets, model } = panel.content;
  const index = widgets.findIndex((cell) => cell.model.id === askedBy);
  if (index < 0) return;
  const mark = { generated_by: askedBy, digest: digest(source) };
  const earlier = widgets.find((cell) => isUntouched(cell, askedBy));
  if (earlier) {
    model.sharedModel.transact(() => {
      earlier.model.sharedModel.setSource(source);
      earlier.model.setMetadata(METADATA, mark);
    });
    return;
  }
  model.sharedModel.insertCell(index + 1, {
    cell_type: "code",
    source,
    metadata: { trusted: false, [METADATA]: mark },
  });
};

export default async () => ({
  id: "wx-notebook:generated-cells",
  description: "Puts the code of an answer into a cell, in the place of the one before.",
  autoStart: true,
  activate: () => void onKernelCell(putBelow),
});
