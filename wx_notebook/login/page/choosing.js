/* The lists of what the user can switch to: projects and spaces, models, profiles. */

/** Rows shown at once; more make a page slow. The search finds the others. */
const MAX_ROWS = 100;

/** @param {string} id */
function makeLists(id) {
  const search = make("input", {
    id: `${id}-search`,
    class: "wxn-input",
    type: "text",
    role: "combobox",
    "aria-expanded": "true",
    "aria-controls": `${id}-list`,
    "aria-autocomplete": "list",
    "aria-describedby": `${id}-count`,
    autocomplete: "off",
    spellcheck: "false",
    placeholder: STRINGS["choose.search"],
  });
  const label = make("label", { class: "wxn-label", for: `${id}-search` }, STRINGS["choose.scope"]);
  const list = make("ul", {
    id: `${id}-list`,
    class: "wxn-list",
    role: "listbox",
    "aria-label": STRINGS["choose.scope"],
    // lets the keyboard reach a list that scrolls
    tabindex: "0",
  });
  const count = make("p", { id: `${id}-count`, class: "wxn-help", role: "status" });
  const unreachable = make("p", { class: "wxn-help" });
  const inUse = make("p", { class: "wxn-help" });
  const steps = make("div", { class: "wxn-steps", role: "alert" });
  const model = makeSelect(`${id}-model`, STRINGS["choose.model"], []);
  const profile = makeSelect(`${id}-profile`, STRINGS["choose.profile"], []);
  const use = makeButton(STRINGS.use, "wxn-accept");
  const back = makeButton(STRINGS.cancel);
  const other = makeButton(STRINGS.other_key);
  const forget = makeButton(STRINGS.forget);
  const root = make(
    "div",
    { class: "wxn-form wxn-choose" },
    steps,
    inUse,
    profile.row,
    make(
      "div",
      { class: "wxn-row" },
      label,
      make("div", { class: "wxn-field" }, search, list, count, unreachable),
    ),
    model.row,
    make("div", { class: "wxn-buttons" }, use, other, forget, back),
  );
  return {
    root, search, list, count, unreachable, inUse, steps, model, profile, use, back, other, forget,
  };
}

/**
 * The list with its search: arrow keys move, Enter and a double click choose.
 *
 * @param {ReturnType<typeof makeLists>} view
 * @param {string} id
 * @param {() => void} onChoose
 * @param {(target: EventTarget, name: string, listener: (event: any) => void) => void} listen
 */
function searchableList(view, id, onChoose, listen) {
  /** @type {{id: string, name: string, kind: string, region: string, has_runtime: boolean,
   *   was_last_used: boolean}[]} */
  let scopes = [];
  let shownData = "";
  /** The id that is in use, "" for none. */
  let usedId = "";
  let shown = [];
  /** The row that is selected, -1 for none. */
  let selected = 0;

  const markSelected = () => {
    [...view.list.children].forEach((row, index) => {
      row.setAttribute("aria-selected", String(index === selected));
    });
    const row = view.list.children[selected];
    if (!row) return view.search.removeAttribute("aria-activedescendant");
    view.search.setAttribute("aria-activedescendant", row.id);
    row.scrollIntoView?.({ block: "nearest" });
  };
  const draw = () => {
    const words = view.search.value.trim().toLowerCase().split(/\s+/);
    const matches = scopes.filter((scope) => {
      const text = `${scope.name} ${scope.region} ${STRINGS[`choose.${scope.kind}`]} ${scope.id}`;
      return words.every((one) => text.toLowerCase().includes(one));
    });
    shown = matches.slice(0, MAX_ROWS);
    // after a search the first row is selected, else the one that is in use
    const searched = view.search.value.trim() !== "";
    selected = searched || !usedId ? 0 : shown.findIndex((scope) => scope.id === usedId);
    view.list.replaceChildren(
      ...shown.map((scope, index) => {
        const facts = [STRINGS[`choose.${scope.kind}`], scope.region];
        if (!scope.has_runtime) facts.push(STRINGS["choose.no_runtime"]);
        if (scope.was_last_used) facts.push(STRINGS["choose.last_used"]);
        return make(
          "li",
          { id: `${id}-item-${index}`, role: "option", class: "wxn-item" },
          make("span", { class: "wxn-item-name" }, scope.name),
          " ",
          make("span", { class: "wxn-item-facts" }, facts.join(" · ")),
        );
      }),
    );
    const numbers = { shown: String(shown.length), all: String(scopes.length) };
    setText(view.count, shown.length ? string("choose.count", numbers) : STRINGS["choose.none"]);
    markSelected();
  };
  const onKey = (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      selected = Math.max(0, Math.min(shown.length - 1, selected + step));
      markSelected();
    } else if (event.key === "Enter" && !event.isComposing) {
      event.preventDefault();
      onChoose();
    }
  };
  listen(view.search, "input", draw);
  for (const target of [view.search, view.list]) listen(target, "keydown", onKey);
  listen(view.list, "click", (event) => {
    const row = event.target.closest?.("li");
    if (!row) return;
    selected = [...view.list.children].indexOf(row);
    markSelected();
  });
  listen(view.list, "dblclick", onChoose);

  return {
    /** Show these scopes with the one in use selected; the same ones keep what the user did. */
    fill(all, inUse) {
      const data = JSON.stringify([all, inUse]);
      if (data === shownData) return;
      shownData = data;
      scopes = all;
      usedId = inUse ?? "";
      view.search.value = "";
      draw();
    },
    /** Empty the search. */
    clear() {
      view.search.value = "";
      draw();
    },
    selectedId: () => shown[selected]?.id ?? "",
    /** Forget what the user did, before the next list. */
    reset() {
      shownData = "";
    },
  };
}

/** Fill a select box; the same options keep what the user chose. */
function fillSelect(select, options, value) {
  const data = JSON.stringify([options, value]);
  if (select.dataset.wxnFilled === data) return;
  select.dataset.wxnFilled = data;
  select.replaceChildren(...options.map(([id, text]) => make("option", { value: id }, text)));
  select.value = value;
}
