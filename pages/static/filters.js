// <qudao-filters>: search, one chip for each filter, and the choice of columns.
(() => {
  "use strict";
  const { element, fill, state } = window.qudao;
  const PAUSE_MS = 250;
  let count = 0;

  class Filters extends HTMLElement {
    connectedCallback() {
      this.config = JSON.parse(this.getAttribute("config"));
      this.texts = this.config.texts;
      this.onState = () => this.draw();
      document.addEventListener("qudao:state", this.onState);
      document.addEventListener("qudao:columns", this.onState);
      this.onRefusal = (event) => this.showRefusal(event.detail);
      document.addEventListener("qudao:refusal", this.onRefusal);
      this.draw();
    }

    disconnectedCallback() {
      document.removeEventListener("qudao:state", this.onState);
      document.removeEventListener("qudao:columns", this.onState);
      document.removeEventListener("qudao:refusal", this.onRefusal);
    }

    // Opens the condition that the list was refused for, with the sentence beneath it. `fields`: parameter → sentence.
    showRefusal(fields) {
      const filter = this.config.filters.find(({ kind, name }) => kind === "condition" && fields[name]);
      if (!filter) return;
      this.refusal = { value: state.read().get(filter.name), sentence: fields[filter.name] };
      const opener = this.querySelector(`[data-set-filter="${CSS.escape(filter.name)}"]`);
      document.getElementById(opener.getAttribute("popovertarget")).showPopover();
    }

    draw() {
      const params = state.read();
      const search = this.config.search && this.search(params.get("q") || "");
      const chips = this.config.filters.map((filter) => this.chip(filter, params.get(filter.name) || ""));
      const space = element("span", { css: "qd-filters-space" });
      const before = this.querySelector(".qd-filters-row")?.scrollLeft || 0;
      const row = element("div", { css: "qd-filters-row" }, ...chips);  // on phones it scrolls, elsewhere it is not there
      const typed = this.querySelector("input[type=search]");
      if (typed && document.activeElement === typed) {
        // The person is typing: everything else is drawn anew around the input.
        for (const node of [...this.childNodes]) if (node !== typed) node.remove();
        this.append(row, space, ...this.columns());
      } else this.replaceChildren(...[search, row, space, ...this.columns()].filter(Boolean));
      row.scrollLeft = before;
    }

    search(value) {
      const { search } = this.config;
      const input = element("input", {
        type: "search", css: "qd-input", placeholder: search, "aria-label": search, "data-testid": "filter-search",
      });
      input.value = value;
      let timer = 0;
      const go = () => state.change({ q: input.value.trim() });
      input.addEventListener("input", (event) => {
        clearTimeout(timer);
        if (!event.isComposing) timer = setTimeout(go, PAUSE_MS);
      });
      input.addEventListener("compositionend", go);
      input.addEventListener("keydown", (event) => {
        if (event.key === "Enter") go();
        if (event.key === "Escape" && input.value) {
          input.value = "";
          go();
        }
      });
      return input;
    }

    // Asks the server what a condition means: its text in the language of now, or what is wrong with it and where.
    async read(where) {
      const { resource } = document.querySelector("qudao-grid").config;
      const params = new URLSearchParams({ where, limit: "1", count: "none", sums: "0" });
      const answer = await fetch(`/grid/${encodeURIComponent(resource)}?${params}`, { headers: { Accept: "application/json" } });
      const body = await answer.json().catch(() => ({}));
      if (!answer.ok) throw new Error(body.message || this.texts.failed);
      return body.where;
    }

    // The text of a condition as it is known so far; the bar is drawn anew when the server has said it.
    condition(where) {
      this.conditions ??= new Map();
      if (!document.querySelector("qudao-grid")?.config) return where;  // the bar is drawn anew when the grid is there
      if (!this.conditions.has(where)) {
        this.conditions.set(where, where);
        const known = (text) => {
          this.conditions.set(where, text);
          this.draw();
        };
        this.read(where).then((text) => text !== where && known(text), () => {});
      }
      return this.conditions.get(where);
    }

    chip(filter, value) {
      const { id, menu } = this.menu((box) => this.form(filter, state.read().get(filter.name) || "", box));
      const text = value ? `${filter.label}: ${this.said(filter, value)}` : filter.label;
      const opener = element(
        "button",
        {
          type: "button", css: `qd-filter${value ? "" : " qd-icon-plus"}`, popovertarget: id, "aria-haspopup": "dialog",
          "data-set-filter": filter.name, "data-testid": `filter-${filter.name}`, title: value ? text : null,
        },
        element("span", { text }),
      );
      if (!value) return element("span", {}, opener, menu);
      opener.dataset.set = "true";
      const drop = element("button", {
        type: "button", css: "qd-filter-drop qd-icon-close", "aria-label": fill(this.texts.drop, { name: filter.label }),
        on: { click: () => state.change({ [filter.name]: "" }) },
      });
      return element("span", { css: "qd-filter-pair" }, opener, drop, menu);
    }

    said(filter, value) {
      if (filter.kind === "condition") return this.condition(value);
      const labels = Object.fromEntries(filter.choices);
      if (filter.kind === "choice" || value.split(",").some((code) => labels[code])) {
        const names = value.split(",").map((code) => labels[code] || code);
        if (names.length <= 2) return names.join("、");
        return fill(this.texts.and_more, { name: names[0], count: names.length - 1 });
      }
      const [from, to] = value.split("..");
      if (to === undefined || from === to) return from;
      if (from && to) return `${from} – ${to}`;
      return from ? fill(this.texts.to_open, { value: from }) : fill(this.texts.from_open, { value: to });
    }

    menu(draw) {
      const id = `qd-filter-${++count}`;
      const menu = element("div", { id, css: "qd-menu", popover: "auto" });
      menu.addEventListener("beforetoggle", (event) => event.newState === "open" && menu.replaceChildren(draw(menu)));
      menu.addEventListener("toggle", (e) => e.newState === "open" && menu.querySelector("input, textarea, button")?.focus());
      return { id, menu };
    }

    form(filter, value, menu) {
      const kinds = { choice: "choices", text: "text", condition: "expression" };
      const body = this[kinds[filter.kind] ?? "range"](filter, value);
      const set = (next) => {
        menu.hidePopover();
        state.change({ [filter.name]: next });
      };
      const form = element(
        "form",
        { css: "qd-filter-form", "aria-label": filter.label },
        ...body.nodes,
        element(
          "footer",
          {},
          element("button", { type: "button", css: "qd-btn qd-btn-quiet", text: this.texts.clear, on: { click: () => set("") } }),
          element("button", { type: "submit", css: "qd-btn", text: this.texts.apply, "data-testid": `apply-${filter.name}` }),
        ),
      );
      form.addEventListener("submit", async (event) => {
        event.preventDefault();
        if (await (body.isRight?.() ?? true)) set(body.value());
      });
      return form;
    }

    choices(filter, value) {
      const chosen = new Set(value.split(",").filter(Boolean));
      const boxes = filter.choices.map(([code]) => {
        const box = element("input", { type: "checkbox", value: code });
        box.checked = chosen.has(code);
        return box;
      });
      const nodes = filter.choices.map(([, label], at) => element("label", {}, boxes[at], element("span", { text: label })));
      return { nodes, value: () => boxes.filter((box) => box.checked).map((box) => box.value).join(",") };
    }

    range(filter, value) {
      const [from = "", to = ""] = value.includes("..") ? value.split("..") : [value, value];
      const type = filter.kind === "date" ? "date" : "text";
      const inputs = [from, to].map((bound) => {
        const input = element("input", { type, css: "qd-input", inputmode: type === "text" ? "decimal" : null });
        input.value = bound;
        return input;
      });
      const line = (label, input) =>
        element("label", { css: "qd-filter-line" }, element("span", { text: label }), input);
      const stated = () => {
        const [low, high] = inputs.map((input) => input.value.trim());
        return low || high ? `${low}..${high}` : "";
      };
      return { nodes: [line(this.texts.from, inputs[0]), line(this.texts.to, inputs[1])], value: stated };
    }

    text(filter, value) {
      const input = element("input", { type: "text", css: "qd-input", "aria-label": this.texts.contains });
      input.value = value;
      const line = element("label", { css: "qd-filter-line" }, element("span", { text: this.texts.contains }), input);
      return { nodes: [line], value: () => input.value.trim() };
    }

    expression(filter, value) {
      const id = `qd-condition-${++count}`;
      const input = element("textarea", {
        css: "qd-input", rows: "3", placeholder: filter.example, "aria-label": filter.label, "aria-describedby": id,
        "data-testid": "condition",
      });
      const problem = element("p", { id, css: "qd-filter-problem", role: "alert", "data-testid": "condition-problem" });
      input.value = value && this.condition(value);
      const stated = () => input.value.trim();
      const refuse = (sentence) => {
        problem.textContent = sentence;
        if (sentence) input.setAttribute("aria-invalid", "true");
        else input.removeAttribute("aria-invalid");
      };
      if (value && this.refusal?.value === value) refuse(this.refusal.sentence);
      const isRight = async () => {
        try {
          refuse("");
          if (stated()) await this.read(stated());
          return true;
        } catch (error) {
          refuse(error instanceof TypeError ? this.texts.failed : error.message);
          return false;
        }
      };
      return { nodes: [input, problem, this.fieldButtons(filter, input)], value: stated, isRight };
    }

    // The fields that a condition can name: each is put where the cursor stands.
    fieldButtons(filter, input) {
      const put = (text) => {
        const before = input.value.slice(0, input.selectionStart);
        const gap = before && !/[\s(]$/.test(before) ? " " : "";
        input.setRangeText(`${gap}${text} `, input.selectionStart, input.selectionEnd, "end");
        input.focus();
      };
      const buttons = filter.choices.map(([text, label]) =>
        element("button", { type: "button", text: label, on: { click: () => put(text) } }),
      );
      const words = element("span", { text: this.texts.fields });
      return element("div", { css: "qd-filter-fields", role: "group", "aria-label": this.texts.fields }, words, ...buttons);
    }

    columns() {
      const grid = document.querySelector("qudao-grid");
      if (!this.config.columns || !grid?.columnChoices) return [];
      const { id, menu } = this.menu(() => this.columnForm(grid));
      const opener = element("button", {
        type: "button", css: "qd-btn qd-grid-only", popovertarget: id, text: this.texts.columns, "data-testid": "columns",
      });
      return [opener, menu];
    }

    columnForm(grid) {
      const form = element("div", { css: "qd-filter-form" });
      const redraw = () => {
        const choices = grid.columnChoices();
        const free = choices.filter((choice) => !choice.pinned);
        const lines = choices.map((choice) => this.columnLine(grid, choice, free, redraw));
        const reset = element("button", {
          type: "button", css: "qd-btn qd-btn-quiet", text: this.texts.reset,
          on: { click: () => { grid.setColumns(null); redraw(); } },
        });
        form.replaceChildren(...lines, element("footer", {}, reset));
      };
      redraw();
      return form;
    }

    columnLine(grid, choice, free, redraw) {
      const box = element("input", { type: "checkbox", disabled: choice.pinned });
      box.checked = choice.shown;
      box.addEventListener("change", () => {
        grid.setColumns(free.filter((c) => (c === choice ? box.checked : c.shown)).map((c) => c.name));
        redraw();
      });
      const at = free.indexOf(choice);
      const mover = (by, icon, text) =>
        element("button", {
          type: "button", css: `qd-icon-${icon}`, "aria-label": fill(text, { name: choice.label }),
          disabled: choice.pinned || !free[at + by],
          on: {
            click: () => {
              const next = [...free];
              next.splice(at, 1);
              next.splice(at + by, 0, choice);
              grid.setColumns(next.filter((c) => c.shown).map((c) => c.name), next.map((c) => c.name));
              redraw();
            },
          },
        });
      return element(
        "div",
        { css: "qd-column-line" },
        element("label", {}, box, element("span", { text: choice.label })),
        mover(-1, "up", this.texts.up),
        mover(1, "down", this.texts.down),
      );
    }
  }
  customElements.define("qudao-filters", Filters);
})();
