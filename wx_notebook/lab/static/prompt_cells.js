/*
 * Prompt cells look like prompts: an editor whose document begins with `%%watsonx` has another
 * language than the kernel's, and a tint.
 *
 * Both are functions of the document, so they hold while somebody types, pastes, splits, undoes, or
 * edits the cell in another browser, and after a kernel restarts. (The MIME type of a cell would
 * not do: JupyterLab sets it anew in all of these cases.)
 */

import { headLine, promptLanguage } from "./prompt_source.js";
import { onSettings, setting } from "./settings.js";

/** @param {(name: string) => Promise<any>} shared */
export default async (shared) => {
  const [codemirror, states, views, languages, { Tag, highlightTree, tags }] = await Promise.all(
    [
      "@jupyterlab/codemirror", "@codemirror/state", "@codemirror/view", "@codemirror/language",
      "@lezer/highlight",
    ].map(shared),
  ); // prettier-ignore
  const { Compartment, Prec, RangeSetBuilder } = states;
  const { Decoration, EditorView, ViewPlugin } = views;
  const { HighlightStyle, StreamLanguage, highlightingFor, language, syntaxHighlighting } =
    languages;
  const placeholder = Tag.define(tags.variableName);
  const { name, languageData, ...marks } = promptLanguage(placeholder);
  const marker = StreamLanguage.define({ name, ...marks });
  // without tokens: JupyterLab's completer would offer them, `%%watsonx` behind each word of prose
  const prompt = StreamLanguage.define({ name, languageData, token: (s) => void s.skipToEnd() });
  const none = StreamLanguage.define({ name: "none", token: (s) => void s.skipToEnd() });
  const style = HighlightStyle.define([
    { tag: placeholder, class: "wx-placeholder" },
    { tag: tags.attributeName, class: "wx-option" },
    // the mark in front of a heading tells it already
    { tag: [tags.heading1, tags.list, tags.quote], class: "wx-mark" },
  ]);
  const marksOf = (state) => {
    const found = new RangeSetBuilder();
    if (headLine(state.doc)) {
      const tree = marker.parser.parse(state.doc.toString());
      const highlighter = { style: (kinds) => highlightingFor(state, kinds) };
      highlightTree(tree, highlighter, (from, to, classes) =>
        found.add(from, to, Decoration.mark({ class: classes })),
      );
    }
    return found.finish();
  };
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
    EditorView.decorations.compute(["doc"], marksOf),
    syntaxHighlighting(style),
  ];
  /** The editors that are open. @type {Set<any>} */
  const editors = new Set();
  const known = ViewPlugin.define((view) => {
    editors.add(view);
    return { destroy: () => editors.delete(view) };
  });
  const place = new Compartment();
  const wanted = () => (setting("promptCells") ? extension : []);
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
          model.type === "code"
            ? EditorExtensionRegistry.createImmutableExtension([known, place.of(wanted())])
            : null,
      });
      onSettings(() =>
        editors.forEach((view) => view.dispatch({ effects: place.reconfigure(wanted()) })),
      );
    },
  };
};
