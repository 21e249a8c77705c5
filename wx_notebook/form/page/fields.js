/* The fields, each kind of account with just its own. */

/** @type {Record<string, Field[]>} */
const FIELDS_OF = {
  cloud: ["secret", "where", "billed_to"],
  aws: ["secret", "where", "billed_to"],
  cluster: ["where", "username", "secret", "billed_to"],
  token: ["secret", "where", "billed_to"],
};
/** Where what an empty field asks for is found. */
const LINKS = {
  secret: { text: WORDS["link.keys"], href: "https://cloud.ibm.com/iam/apikeys" },
  billed_to: {
    text: WORDS["link.project_id"],
    href: "https://dataplatform.cloud.ibm.com/projects?context=wx",
  },
};

/** An API key in the wrong field: nothing that belongs there has so many of these in a row. */
const KEY_LIKE = /(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{40,}(?![A-Za-z0-9_-])/;
const looksLikeKey = (text) => KEY_LIKE.test(text.replace(new RegExp(UUID, "gi"), " "));

/** An address with a user or a password before its host; the kernel refuses it as well. */
const WITH_USER = /\/\/[^/?#\s]*@|^[^/?#\s@]+:[^/?#\s]*@/;

/** Kinds of account whose key can be downloaded as a file. */
const WITH_A_FILE = new Set(["cloud", "aws"]);

/**
 * One field with its label, its help, and room for the step that it is about.
 *
 * @param {string} id
 * @param {Field} name
 */
function makeField(id, name) {
  const input = make("input", {
    id: `${id}-${name}`,
    class: "wxn-input",
    type: name === "secret" ? "password" : "text",
    autocomplete: "off",
    autocapitalize: "off",
    spellcheck: "false",
    // password managers are asked not to offer to keep it
    "data-1p-ignore": "",
    "data-lpignore": "true",
    "data-bwignore": "",
    "data-form-type": "other",
  });
  const label = make("label", { class: "wxn-label", for: `${id}-${name}` });
  const error = make("p", { id: `${id}-${name}-error`, class: "wxn-error", role: "alert" });
  const steps = make("div", { class: "wxn-steps", id: `${id}-${name}-steps`, role: "alert" });
  const help = make("p", { id: `${id}-${name}-help`, class: "wxn-help" });
  const beside = make("div", { class: "wxn-beside" }, input);
  const row = make(
    "div",
    { class: "wxn-row" },
    label,
    make("div", { class: "wxn-field" }, beside, error, steps, help),
  );
  return { name, input, label, error, steps, help, beside, row };
}

/** A choice between a few words. */
function makeSelect(id, label, options) {
  const select = make("select", { id, class: "wxn-input wxn-select" });
  select.append(...options.map(([value, text]) => make("option", { value }, text)));
  const row = make(
    "div",
    { class: "wxn-row" },
    make("label", { class: "wxn-label", for: id }, label),
    make("div", { class: "wxn-field" }, select),
  );
  return { select, row };
}

/**
 * All that a person can fill in.
 *
 * @param {string} id what the view's ids begin with
 * @param {string[][]} regions
 * @param {string[][]} offers
 * @param {string} noKeyring
 */
function makeFields(id, regions, offers, noKeyring) {
  /** @type {Record<Field, ReturnType<typeof makeField>>} */
  const fields = {};
  for (const name of /** @type {Field[]} */ (["secret", "where", "billed_to", "username"])) {
    fields[name] = makeField(id, name);
  }
  fields.where.input.setAttribute("list", `${id}-regions`);
  const list = make("datalist", { id: `${id}-regions` });
  list.append(...regions.map(([value, place]) => make("option", { value }, place)));

  const kinds = Object.keys(FIELDS_OF).map((kind) => [kind, WORDS[`kind.${kind}`]]);
  const kind = makeSelect(`${id}-kind`, WORDS.kind, kinds);
  const secretIs = makeSelect(`${id}-secret-is`, WORDS.secret_is, [
    ["password", WORDS["secret_is.password"]],
    ["api_key", WORDS["secret_is.api_key"]],
  ]);
  const file = make("input", {
    id: `${id}-file`,
    class: "wxn-file",
    type: "file",
    accept: ".json,.env,.txt,application/json,text/plain",
    "aria-describedby": `${id}-secret-help`,
  });
  const fileLabel = make("label", { class: "wxn-file-label", for: `${id}-file` }, WORDS.file);
  fileLabel.title = WORDS["file.help"];
  const fileBox = make("span", { class: "wxn-file-box" }, fileLabel, file);
  fields.secret.beside.append(fileBox);

  const remember = make("input", { id: `${id}-remember`, type: "checkbox" });
  const rememberRow = make(
    "p",
    { class: "wxn-remember" },
    remember,
    make("label", { for: `${id}-remember` }, noKeyring || WORDS.remember),
  );
  remember.disabled = Boolean(noKeyring);

  const connect = makeButton(WORDS.connect, "wxn-accept");
  const cancel = makeButton(WORDS.cancel);
  const offered = offers.map(([offer, label]) => ({ offer, button: makeButton(label) }));
  const note = make("p", { class: "wxn-note", role: "status" });
  const rest = make("div", { class: "wxn-steps", role: "alert" });
  const rows = make("div", { class: "wxn-rows" });
  const form = make(
    "div",
    { class: "wxn-form" },
    make(
      "p",
      { class: "wxn-title" },
      make("strong", {}, WORDS.title),
      make("span", { class: "wxn-help" }, WORDS.promise),
    ),
    kind.row,
    rows,
    list,
    note,
    rest,
    rememberRow,
    make("div", { class: "wxn-buttons" }, connect, ...offered.map((o) => o.button), cancel),
  );
  return {
    form, rows, fields, kind, secretIs, file, fileBox, remember, connect, cancel, offered, note, rest,
  };
}

/** Show the fields of a kind, with their names and what helps to fill them in. */
function arrange(view, kind) {
  const { fields, rows, secretIs } = view;
  const wanted = FIELDS_OF[kind] ?? FIELDS_OF.cloud;
  const children = wanted.map((name) => fields[name].row);
  if (kind === "cluster") children.splice(2, 0, secretIs.row);
  rows.replaceChildren(...children);
  view.fileBox.hidden = !WITH_A_FILE.has(kind);
  for (const name of wanted) {
    const { label, input, help } = fields[name];
    say(label, wordFor(name, kind));
    const optional = kind !== "cluster" || name !== "where" ? WORDS[`${name}.optional`] : "";
    input.placeholder = optional ?? "";
    help.replaceChildren(wordFor(`help.${name}`, kind));
    const link = kind === "cloud" ? LINKS[name] : undefined;
    if (link) help.append(" ", makeLink(link));
    help.hidden = !help.textContent;
  }
}
