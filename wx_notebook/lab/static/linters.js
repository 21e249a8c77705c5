/*
 * With jupyterlab-lsp, keeps linters out of prompt cells.
 *
 * They leave a cell alone that begins with `%%watsonx`. Behind a comment they took the magic for an
 * error of Python, which hid what they had to say about all other cells.
 */

import { isPrompt } from "./prompt_source.js";

/** @param {(name: string) => Promise<any>} shared */
export default async (shared) => {
  const { ILSPCodeExtractorsManager } = await shared("@jupyterlab/lsp");
  return {
    id: "wx-notebook:linters",
    description: "Keeps linters out of the cells of %%watsonx.",
    autoStart: true,
    optional: [ILSPCodeExtractorsManager],
    activate: (app, extractors) => {
      const extractor = {
        language: "text",
        standalone: true,
        fileExtension: "txt",
        cellType: ["code"],
        hasForeignCode: (code, type) => type === "code" && isPrompt(code),
        extractForeignCode: () => [
          { hostCode: "", foreignCode: null, range: null, virtualShift: null },
        ],
      };
      extractors?.register(extractor, "python");
    },
  };
};
