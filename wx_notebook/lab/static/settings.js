/*
 * The settings of the extension, which JupyterLab's Settings Editor shows by `schemas/`.
 *
 * A part reads one by `setting(name)` when it needs it, and so follows a change at once.
 */

import { loadTexts, text } from "./texts.js";

export const SETTINGS = "wx-notebook:settings";

/** What holds where the application has no settings. */
const DEFAULTS = {
  promptCells: true,
  answerButtons: true,
  explainButton: true,
  toolbarLine: true,
  statusBar: false,
};

/** @type {any} */
let loaded = null;

/** @param {keyof typeof DEFAULTS} name */
export const setting = (name) => loaded?.composite[name] ?? DEFAULTS[name];

/**
 * Call a function now and whenever a setting has changed.
 *
 * @param {() => void} changed
 */
export const onSettings = (changed) => {
  listeners.add(changed);
  changed();
};

/** @type {Set<() => void>} */
const listeners = new Set();

/** Return the schema with its titles and descriptions in the language of the page. */
const translated = (schema) => {
  const properties = Object.entries(schema.properties).map(([name, one]) => [
    name,
    { ...one, title: text(`setting.${name}`), description: text(`setting.${name}.help`) },
  ]);
  return {
    ...schema,
    description: text("settings.help"),
    properties: Object.fromEntries(properties),
  };
};

/** @param {(name: string) => Promise<any>} shared */
export default async (shared) => {
  const [{ ISettingRegistry }, { ITranslator }] = await Promise.all(
    ["@jupyterlab/settingregistry", "@jupyterlab/translation"].map(shared),
  );
  return {
    id: SETTINGS,
    description: "The settings of wx_notebook, and the language of its texts.",
    autoStart: true,
    optional: [ISettingRegistry, ITranslator],
    activate: async (app, registry, translator) => {
      await loadTexts(translator);
      registry?.transform(SETTINGS, {
        fetch: (plugin) => ({ ...plugin, schema: translated(plugin.schema) }),
      });
      // not awaited: the page shall not wait for it
      registry?.load(SETTINGS).then((settings) => {
        loaded = settings;
        const tell = () => listeners.forEach((changed) => changed());
        settings.changed.connect(tell);
        tell();
      });
    },
  };
};
