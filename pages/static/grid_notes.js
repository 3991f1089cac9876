// What stands in a grid in place of rows: that there are none, or why they could not be loaded.
(() => {
  "use strict";
  const { element, fill, state } = window.qudao;
  const REFUSALS = new Set([400, 403, 404, 422]); // the same request is answered alike however often it is made

  const button = (text, click, css = "qd-btn") => element("button", { type: "button", css, text, on: { click } });

  const message = (title, text, ...actions) =>
    element(
      "div",
      { css: "qd-empty" },
      element("h2", { text: title }),
      text && element("p", { text }),
      element("div", { css: "qd-row" }, ...actions),
    );

  const label = (grid, name) => {
    if (name === "q") return grid.texts.search;
    const bar = document.querySelector("qudao-filters");
    const known = bar?.config?.filters.find((filter) => filter.name === name);
    return known?.label ?? grid.columns.get(name)?.label ?? name;
  };

  const drop = (grid, parameter) => {
    const text = fill(grid.texts.drop, { name: label(grid, parameter.split("__")[0]) });
    return button(text, () => state.change({ [parameter]: "" }));
  };

  const nothing = (grid) => {
    const active = state.filters().map(([name]) => name);
    if (!active.length) {
      const { title, text, action } = grid.config.empty;
      return message(title || grid.texts.none, text, action && element("a", { css: "qd-btn qd-btn-primary", href: action[1], text: action[0] }));
    }
    const drops = active.map((name) => drop(grid, name));
    const clear = () => state.change(Object.fromEntries(active.map((name) => [name, ""])));
    if (drops.length > 1) drops.push(button(grid.texts.dropAll, clear, "qd-btn qd-btn-quiet"));
    return message(grid.texts.noResult, grid.texts.dropOne, ...drops);
  };

  // A refusal offers to drop the parameters it is about; anything else to try again.
  const problem = (grid, error) => {
    const wrong = [...new Set(state.read().keys())].filter((name) => name.split("__")[0] in (error.fields ?? {}));
    const actions = REFUSALS.has(error.status)
      ? wrong.map((name) => drop(grid, name))
      : [button(grid.texts.retry, () => grid.start())];
    const sentence = error instanceof TypeError ? grid.texts.offline : error.message;
    const made = message(grid.texts.failed, sentence, ...actions);
    made.setAttribute("role", "alert");
    return made;
  };

  window.qudao.notes = { nothing, problem };
})();
