/* The lists of what to go on with: projects and spaces, models, profiles. */

/** More rows at once make a page slow, and nobody reads them: who has more searches. */
const MOST_ROWS = 100;

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
    placeholder: WORDS["choose.search"],
  });
  const label = make("label", { class: "wxn-label", for: `${id}-search` }, WORDS["choose.place"]);
  const list = make("ul", {
    id: `${id}-list`,
    class: "wxn-list",
    role: "listbox",
    "aria-label": WORDS["choose.place"],
    // what scrolls can be reached by keyboard
    tabindex: "0",
  });
  const count = make("p", { id: `${id}-count`, class: "wxn-help", role: "status" });
  const silent = make("p", { class: "wxn-help" });
  const steps = make("div", { class: "wxn-steps", role: "alert" });
  const model = makeSelect(`${id}-model`, WORDS["choose.model"], []);
  const profile = makeSelect(`${id}-profile`, WORDS["choose.profile"], []);
  const use = makeButton(WORDS.use, "wxn-accept");
  const back = makeButton(WORDS.cancel);
  const other = makeButton(WORDS.other_key);
  const forget = makeButton(WORDS.forget);
  const root = make(
    "div",
    { class: "wxn-form wxn-choose" },
    steps,
    profile.row,
    make(
      "div",
      { class: "wxn-row" },
      label,
      make("div", { class: "wxn-field" }, search, list, count, silent),
    ),
    model.row,
    make("div", { class: "wxn-buttons" }, use, other, forget, back),
  );
  return { root, search, list, count, silent, steps, model, profile, use, back, other, forget };
}

/**
 * The list with its search: arrows move, Enter takes, a click too.
 *
 * @param {ReturnType<typeof makeLists>} view
 * @param {string} id
 * @param {() => void} take
 * @param {(target: EventTarget, name: string, listener: (event: any) => void) => void} listen
 */
function searchable(view, id, take, listen) {
  /** @type {{id: string, name: string, kind: string, region: string, last: boolean}[]} */
  let places = [];
  let filledWith = "";
  /** What is in use, "" for nothing. */
  let used = "";
  let shown = [];
  /** The row that is chosen, -1 for none. */
  let at = 0;

  const mark = () => {
    [...view.list.children].forEach((row, index) => {
      row.setAttribute("aria-selected", String(index === at));
    });
    const row = view.list.children[at];
    if (!row) return view.search.removeAttribute("aria-activedescendant");
    view.search.setAttribute("aria-activedescendant", row.id);
    row.scrollIntoView?.({ block: "nearest" });
  };
  const draw = () => {
    const words = view.search.value.trim().toLowerCase().split(/\s+/);
    const matches = places.filter((place) => {
      const text = `${place.name} ${place.region} ${WORDS[`choose.${place.kind}`]} ${place.id}`;
      return words.every((one) => text.toLowerCase().includes(one));
    });
    shown = matches.slice(0, MOST_ROWS);
    // who has searched means the first; else nothing is chosen in the place of what is in use
    const searched = view.search.value.trim() !== "";
    at = searched || !used ? 0 : shown.findIndex((place) => place.id === used);
    view.list.replaceChildren(
      ...shown.map((place, index) => {
        const facts = [WORDS[`choose.${place.kind}`], place.region];
        if (!place.ready) facts.push(WORDS["choose.bare"]);
        if (place.last) facts.push(WORDS["choose.last"]);
        return make(
          "li",
          { id: `${id}-item-${index}`, role: "option", class: "wxn-item" },
          make("span", { class: "wxn-item-name" }, place.name),
          " ",
          make("span", { class: "wxn-item-facts" }, facts.join(" · ")),
        );
      }),
    );
    const numbers = { shown: String(shown.length), all: String(places.length) };
    say(view.count, shown.length ? word("choose.count", numbers) : WORDS["choose.none"]);
    mark();
  };
  const onKey = (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      at = Math.max(0, Math.min(shown.length - 1, at + step));
      mark();
    } else if (event.key === "Enter" && !event.isComposing) {
      event.preventDefault();
      take();
    }
  };
  listen(view.search, "input", draw);
  for (const target of [view.search, view.list]) listen(target, "keydown", onKey);
  listen(view.list, "click", (event) => {
    const row = event.target.closest?.("li");
    if (!row) return;
    at = [...view.list.children].indexOf(row);
    mark();
  });
  listen(view.list, "dblclick", take);

  return {
    /** Show these; the one in use is chosen, and what somebody has done since then stays. */
    fill(all, now) {
      const filled = JSON.stringify([all, now]);
      if (filled === filledWith) return;
      filledWith = filled;
      places = all;
      used = now ?? "";
      view.search.value = "";
      draw();
    },
    chosen: () => shown[at]?.id ?? "",
    /** Begin anew with the next list. */
    reset() {
      filledWith = "";
    },
  };
}

/** Fill a choice anew, if it is another one; what somebody has chosen meanwhile stays. */
function fillSelect(select, options, now) {
  const filled = JSON.stringify([options, now]);
  if (select.dataset.wxnFilled === filled) return;
  select.dataset.wxnFilled = filled;
  select.replaceChildren(...options.map(([value, text]) => make("option", { value }, text)));
  select.value = now;
}
