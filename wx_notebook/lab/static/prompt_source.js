/*
 * Which cells are prompts, as the kernel reads them (`magics/transformer.py`), and what in a prompt
 * is a placeholder (`templates/placeholders.py`).
 */

const ABOVE = /^[ \t\r\f]*(#.*)?$/;
const HEAD = /^[ \t]*%%watsonx(?=[ \t\r]|$)/;

/** A document of CodeMirror never changes, so each one is asked only once. @type {WeakMap} */
const heads = new WeakMap();

/**
 * Return the number of the line with `%%watsonx`, 0 where the cell is no prompt.
 *
 * @param {{lines: number, line(n: number): {text: string}}} doc
 */
export const headLine = (doc) => {
  let number = heads.get(doc);
  if (number === undefined) {
    number = 1;
    while (number < doc.lines && ABOVE.test(doc.line(number).text)) number += 1;
    if (!HEAD.test(doc.line(number).text)) number = 0;
    heads.set(doc, number);
  }
  return number;
};

/** @param {string} source of a cell */
export const isPrompt = (source) => {
  const lines = source.split("\n");
  return headLine({ lines: lines.length, line: (n) => ({ text: lines[n - 1] }) }) > 0;
};

const STRING = String.raw`(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")`;
const NAME = String.raw`(?!_)[\p{L}][\p{L}\p{N}_]*`;
const LITERAL = String.raw`(?:${STRING}|-?\d+(?:\.\d+)?|[Tt]rue|[Ff]alse|[Nn]one)`;
const ARGUMENT = String.raw`(?:${NAME}\s*=\s*)?${LITERAL}`;
const PATH = String.raw`${NAME}(?:\s*\.\s*${NAME}|\s*\[\s*(?:${STRING}|-?\d+)\s*\])*`;
const FILTER = String.raw`\s*\|\s*${NAME}(?:\(\s*(?:${ARGUMENT}(?:\s*,\s*${ARGUMENT})*)?\s*\))?`;
/** A placeholder at the beginning of a text; every other `{{...}}` is sent as it was typed. */
export const PLACEHOLDER = new RegExp(String.raw`^\{\{\s*${PATH}(?:${FILTER})*\s*\}\}(?!\})`, "u");

/** What a text is, and how Markdown marks it. @type {[string, RegExp][]} */
const MARKED = [
  ["monospace", /^`[^`]+`/],
  ["strong", /^\*\*[^*\s](?:[^*]*[^*\s])?\*\*/],
  ["emphasis", /^\*[^*\s](?:[^*]*[^*\s])?\*(?!\*)/],
  ["emphasis", /^_[^_\s](?:[^_]*[^_\s])?_(?!\w)/],
  ["link", /^\[[^\]]+\]\([^)\s]+\)/],
];

const COMMENT = /^\s*#/;
const OPTION = /^--?[a-z][\w-]*/;

/**
 * The language of prompt cells, for `StreamLanguage.define`: comments and options above, then text
 * with the marks of Markdown. `placeholder` is a tag of its own.
 *
 * @param {any} placeholder
 */
export const promptLanguage = (placeholder) => ({
  name: "watsonx",
  languageData: { closeBrackets: { brackets: [] } },
  tokenTable: { placeholder },
  startState: () => ({ isBody: false, isRaw: false, fence: "" }),
  token: (stream, state) => (state.isBody ? bodyToken(stream, state) : headToken(stream, state)),
});

const headToken = (stream, state) => {
  if (stream.sol()) {
    if (COMMENT.test(stream.string)) {
      stream.skipToEnd();
      return "comment";
    }
    if (!HEAD.test(stream.string)) {
      stream.skipToEnd();
      return null;
    }
    state.isRaw = /(?<=\s)--raw(?=\s|$)/.test(stream.string);
    stream.match(/^\s*%%watsonx/);
    state.isBody = stream.eol();
    return "keyword";
  }
  if (stream.eatSpace()) {
    state.isBody = stream.eol();
    return null;
  }
  let kind = null;
  if (stream.match(OPTION)) kind = "attributeName";
  else if (stream.match(/^(?:"[^"]*"|'[^']*')/)) kind = "string";
  else stream.eatWhile(/[^\s]/);
  state.isBody = stream.eol();
  return kind;
};

const bodyToken = (stream, state) => {
  if (stream.sol()) {
    const kind = lineToken(stream, state);
    if (kind !== undefined) return kind;
  }
  if (!state.isRaw && /[^{]|^$/.test(before(stream)) && stream.match(PLACEHOLDER)) {
    return "placeholder";
  }
  if (state.fence) {
    plain(stream, /[{]/);
    return "monospace";
  }
  for (const [kind, pattern] of MARKED) {
    const [found] = stream.match(pattern, false) ?? [""];
    if (!found || (kind === "emphasis" && found[0] === "_" && /\w$/.test(before(stream)))) continue;
    // a placeholder within has its own mark
    if (found.includes("{{")) break;
    stream.match(pattern);
    return kind;
  }
  plain(stream, /[{`*_[]/);
  return null;
};

/** The marks at the beginning of a line; undefined where there is none. */
const lineToken = (stream, state) => {
  const fence = /^\s*(```+|~~~+)/.exec(stream.string);
  if (fence && (!state.fence || fence[1].startsWith(state.fence))) {
    state.fence = state.fence ? "" : fence[1];
    stream.skipToEnd();
    return "monospace";
  }
  if (state.fence) return undefined;
  if (/^#{1,6}\s/.test(stream.string)) {
    if (!stream.string.includes("{{")) stream.skipToEnd();
    else stream.match(/^#+\s/);
    return "heading1";
  }
  if (stream.match(/^\s*>\s?/)) return "quote";
  if (stream.match(/^\s*(?:[-*+]|\d+[.)])\s+/)) return "list";
  return undefined;
};

const before = (stream) => stream.string.slice(Math.max(0, stream.pos - 1), stream.pos);

/** Go on to the next character that may begin a mark. */
const plain = (stream, marks) => {
  stream.next();
  while (!stream.eol() && !marks.test(stream.peek())) stream.next();
};
