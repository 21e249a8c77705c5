/* The fields of the form; each kind of account shows only its own. */

/** @type {Record<string, Field[]>} */
const FIELDS_OF = {
  cloud: ["secret", "region", "scope_text"],
  aws: ["secret", "region", "scope_text"],
  cluster: ["region", "username", "secret", "scope_text"],
  token: ["secret", "region", "scope_text"],
};
/** The pages on which the user finds the value of a field. */
const LINKS = {
  secret: { text: STRINGS["link.keys"], href: "https://cloud.ibm.com/iam/apikeys" },
  scope_text: {
    text: STRINGS["link.project_id"],
    href: "https://dataplatform.cloud.ibm.com/projects?context=wx",
  },
};

/** An API key in the wrong field: no other value has so many of these characters in a row. */
const LIKE_A_KEY = /(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{40,}(?![A-Za-z0-9_-])/;
const looksLikeKey = (text) => LIKE_A_KEY.test(text.replace(new RegExp(UUID, "gi"), " "));

/** An address with a user or a password before its host; the kernel refuses it, too. */
const WITH_USER = /\/\/[^/?#\s]*@|^[^/?#\s@]+:[^/?#\s]*@/;

/** Kinds of account whose key can be downloaded as a file. */
const KINDS_WITH_FILE = new Set(["cloud", "aws"]);

/**
 * One field with its label, its help, and room for the step that belongs to it.
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
    // asks password managers not to offer to save it
    "data-1p-ignore": "",
    "data-lpignore": "true",
    "data-bwignore": "",
    "data-form-type": "other",
  });
  const label = make("label", { class: "wxn-label", for: `${id}-${name}` });
  const error = make("p", { id: `${id}-${name}-error`, class: "wxn-error", role: "alert" });
  const steps = make("div", { class: "wxn-steps", id: `${id}-${name}-steps`, role: "alert" });
  const help = make("p", { id: `${id}-${name}-help`, class: "wxn-help" });
  const box = make("div", { class: "wxn-box" }, input);
  const row = make(
    "div",
    { class: "wxn-row" },
    label,
    make("div", { class: "wxn-field" }, box, error, steps, help),
  );
  return { name, input, label, error, steps, help, box, row };
}

/** A select box with a label. */
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
 * All fields and buttons of the form.
 *
 * @param {string} id the prefix of all ids of the view
 * @param {string[][]} regions
 * @param {string[][]} detected
 * @param {string} noKeyring
 */
function makeFields(id, regions, detected, noKeyring) {
  /** @type {Record<Field, ReturnType<typeof makeField>>} */
  const fields = {};
  for (const name of /** @type {Field[]} */ (["secret", "region", "scope_text", "username"])) {
    fields[name] = makeField(id, name);
  }
  fields.region.input.setAttribute("list", `${id}-regions`);
  const list = make("datalist", { id: `${id}-regions` });
  list.append(...regions.map(([value, place]) => make("option", { value }, place)));

  const kinds = Object.keys(FIELDS_OF).map((kind) => [kind, STRINGS[`kind.${kind}`]]);
  const kind = makeSelect(`${id}-kind`, STRINGS.kind, kinds);
  const secretKind = makeSelect(`${id}-secret-kind`, STRINGS.secret_kind, [
    ["password", STRINGS["secret_kind.password"]],
    ["api_key", STRINGS["secret_kind.api_key"]],
  ]);
  const file = make("input", {
    id: `${id}-file`,
    class: "wxn-file",
    type: "file",
    accept: ".json,.env,.txt,application/json,text/plain",
    "aria-describedby": `${id}-secret-help`,
  });
  const fileLabel = make("label", { class: "wxn-file-label", for: `${id}-file` }, STRINGS.file);
  fileLabel.title = STRINGS["file.help"];
  const fileBox = make("span", { class: "wxn-file-box" }, fileLabel, file);
  fields.secret.box.append(fileBox);

  const remember = make("input", { id: `${id}-remember`, type: "checkbox" });
  // where nothing can be remembered, a sentence says so; what this machine says is English
  const rememberRow = noKeyring
    ? make("p", { class: "wxn-help", title: noKeyring }, STRINGS.no_keyring)
    : make(
        "p",
        { class: "wxn-remember" },
        remember,
        make("label", { for: `${id}-remember` }, STRINGS.remember),
      );
  const otherKind = makeButton(STRINGS["kind.other"], "wxn-quiet");
  kind.row.hidden = true;

  const connect = makeButton(STRINGS.connect, "wxn-accept");
  const cancel = makeButton(STRINGS.cancel);
  const credentials = detected.map(([credential, label]) => ({
    credential,
    button: makeButton(label),
  }));
  const note = make("p", { class: "wxn-note", role: "status" });
  const rest = make("div", { class: "wxn-steps", role: "alert" });
  const rows = make("div", { class: "wxn-rows" });
  const form = make(
    "div",
    { class: "wxn-form" },
    make(
      "p",
      { class: "wxn-title" },
      make("strong", {}, STRINGS.title),
      make("span", { class: "wxn-help" }, STRINGS.promise),
    ),
    rows,
    otherKind,
    kind.row,
    list,
    note,
    rest,
    rememberRow,
    make(
      "div",
      { class: "wxn-buttons" },
      connect,
      ...credentials.map((each) => each.button),
      cancel,
    ),
  );
  return {
    form, rows, fields, kind, otherKind, secretKind, file, fileBox, remember, connect, cancel,
    credentials, note, rest,
    canRemember: !noKeyring,
  };
}

/** Show the fields of one kind of account, with their labels and help. */
function showFieldsOf(view, kind) {
  const { fields, rows, secretKind } = view;
  const wanted = FIELDS_OF[kind] ?? FIELDS_OF.cloud;
  const children = wanted.map((name) => fields[name].row);
  if (kind === "cluster") {
    children.splice(2, 0, secretKind.row);
    rows.replaceChildren(...children);
  } else {
    // one is needed, the others are found: they stand smaller, side by side
    const [needed, ...optional] = children;
    rows.replaceChildren(needed, make("div", { class: "wxn-pair" }, ...optional));
  }
  if (kind !== "cloud") view.kind.row.hidden = false;
  view.fileBox.hidden = !KINDS_WITH_FILE.has(kind);
  for (const name of wanted) {
    const { label, input, help } = fields[name];
    setText(label, stringFor(name, kind));
    const optional = kind !== "cluster" || name !== "region" ? STRINGS[`${name}.optional`] : "";
    input.placeholder = optional ?? "";
    help.replaceChildren(stringFor(`help.${name}`, kind));
    const link = kind === "cloud" ? LINKS[name] : undefined;
    if (link) help.append(" ", makeLink(link));
    help.hidden = !help.textContent;
  }
}
