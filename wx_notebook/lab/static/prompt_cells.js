/*
 * Prompt cells look like prompts: an editor whose document begins with `%%watsonx` has another
 * language than the kernel's, and a tint.
 *
 * Both are functions of the document, so they hold while somebody types, pastes, splits, undoes, or
 * edits the cell in another browser, and after a kernel restarts. (The MIME type of a cell would
 * not do: JupyterLab sets it anew in all of these cases.)
 */

import { headLine, promptLanguage } from "./prompt_source.js";
import { setting } from "./settings.js";

/** @param {(name: string) => Promise<any>} shared */
export default async (shared) => {
  const [codemirror, { Prec }, { EditorView }, languages, { Tag, tags }] = await Promise.all(
    [
      "@jupyterlab/codemirror", "@codemirror/state", "@codemirror/view", "@codemirror/language",
      "@lezer/highlight",
    ].map(shared),
  ); // prettier-ignore
  const { HighlightStyle, StreamLanguage, language, syntaxHighlighting } = languages;
  const placeholder = Tag.define(tags.variableName);
  const prompt = StreamLanguage.define(promptLanguage(placeholder));
  const none = StreamLanguage.define({ name: "none", token: (s) => void s.skipToEnd() });
  const style = HighlightStyle.define([
    { tag: placeholder, class: "wx-placeholder" },
    { tag: tags.attributeName, class: "wx-option" },
    // the mark in front of a heading tells it already
    { tag: [tags.heading1, tags.list, tags.quote], class: "wx-mark" },
  ]);
  const extension = [
    // of all languages the one with the highest precedence counts
    Prec.highest(language.computeN(["doc"], (state) => (headLine(state.doc) ? [prompt] : []))),
    // an editor whose list of languages is there and empty would fail
    Prec.lowest(language.of(none)),
    EditorView.editorAttributes.compute(["doc"], (state) =>
      headLine(state.doc) ? { class: "wx-prompt" } : {},
    ),
    // prose has long lines
    EditorView.contentAttributes.compute(["doc"], (state) =>
      headLine(state.doc) ? { class: "cm-lineWrapping" } : {},
    ),
    syntaxHighlighting(style),
  ];
  const { EditorExtensionRegistry, IEditorExtensionRegistry } = codemirror;
  return {
    id: "wx-notebook:prompt-cells",
    description: "Shows the cells of %%watsonx as text.",
    autoStart: true,
    requires: [IEditorExtensionRegistry],
    activate: (app, registry) => {
      registry.addExtension({
        name: "wx-notebook:prompt-cells",
        factory: ({ model }) =>
          model.type === "code" && setting("promptCells")
            ? EditorExtensionRegistry.createImmutableExtension(extension)
            : null,
      });
    },
  };
};
