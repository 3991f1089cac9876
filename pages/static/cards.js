// The same list on a phone: cards, fifty at a time, from the same endpoint.
(() => {
  "use strict";
  const { element, drawn, href, formats, valueOf } = window.qudao;
  const BLOCK = 50;
  const FACTS = 3;

  const shown = (grid, column, row) => grid.formatted(column.name, valueOf(row, column.name));

  const card = (grid, row) => {
    const columns = grid.config.columns.filter((column) => column.shown);
    const title = columns.find((column) => column.link) ?? columns[0];
    const chip = columns.find((column) => column.format === "chip");
    const value = columns.find((column) => column.format === "money");
    const name = columns.find((column) => ![title, chip, value].includes(column) && column.format === "text");
    const rest = columns.filter((column) => ![title, chip, value, name].includes(column)).slice(0, FACTS);
    const facts = rest.map((column) =>
      element("div", {}, element("dt", { text: column.label }), element("dd", { text: shown(grid, column, row) })),
    );
    const link = element(
      "a",
      { css: "qd-card", href: href(grid, row) },
      element("b", { text: shown(grid, title, row) }),
      chip ? drawn(grid, chip.name, row) : element("span"),
      name ? element("small", { text: shown(grid, name, row) }) : element("span"),
      value && element("span", { css: "qd-card-value", text: shown(grid, value, row) }),
      facts.length ? element("dl", {}, ...facts) : null,
    );
    return element("li", {}, link);
  };

  const more = async (grid, box, offset) => {
    box.querySelector(".qd-more")?.remove();
    const waiting = Array.from({ length: offset ? 2 : 6 }, () => element("div", { css: "qd-card-skeleton", "aria-hidden": "true" }));
    box.append(...waiting);
    try {
      const answer = await grid.ask(offset, BLOCK);
      waiting.forEach((node) => node.remove());
      box.querySelector("ul").append(...answer.rows.map((row) => card(grid, row)));
      grid.told(answer);
      const next = offset + answer.rows.length;
      const left = answer.total_is_exact === false ? answer.rows.length === BLOCK : next < answer.total;
      if (!left) return;
      const text = `${grid.texts.moreRows} (${formats.number(next)} / ${formats.number(answer.total)})`;
      const go = () => more(grid, box, next);
      box.append(element("button", { type: "button", css: "qd-btn qd-more", text, on: { click: go } }));
    } catch (error) {
      waiting.forEach((node) => node.remove());
      grid.problem(error);
    }
  };

  window.qudao.cards = {
    show(grid) {
      const box = grid.part("cards");
      box.replaceChildren(element("ul", { "aria-label": grid.getAttribute("aria-label") }));
      more(grid, box, 0);
    },
  };
})();
