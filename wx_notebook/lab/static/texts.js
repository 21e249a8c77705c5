/*
 * The texts of the extension, one file a language: `texts/en.json`, `texts/de.json`. They hold the
 * texts of the sign-in form, too (`login/strings.py`). A further language is a further file there,
 * and its code here.
 */

const LANGUAGES = ["en", "de"];
const FALLBACK = "en";

/** @type {Record<string, string>} */
let table = {};
/** @type {Promise<void> | undefined} */
let loading;

/**
 * Load the texts in the language of JupyterLab; the first call decides which one.
 *
 * @param {{languageCode?: string} | null} translator JupyterLab's, null where there is none
 */
export const loadTexts = (translator) => {
  loading ??= load(languageOf(translator?.languageCode ?? ""));
  return loading;
};

/**
 * Return a text with its placeholders filled in.
 *
 * @param {string} key
 * @param {Record<string, string | number>} [values]
 */
export const text = (key, values = {}) =>
  (table[key] ?? key).replace(/\{(\w+)\}/g, (all, name) => String(values[name] ?? all));

/** @param {string} code such as "de_DE" or "de-AT" */
const languageOf = (code) => {
  const language = code.slice(0, 2).toLowerCase();
  return LANGUAGES.includes(language) ? language : FALLBACK;
};

/** @param {string} language */
const load = async (language) => {
  const reply = await fetch(new URL(`texts/${language}.json`, import.meta.url));
  if (!reply.ok) throw new Error(`wx-notebook: texts/${language}.json: ${reply.status}`);
  table = (await reply.json()).page;
};
