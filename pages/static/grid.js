// <qudao-grid>: AG Grid over GET /grid/RESOURCE, cards on a phone, foot with count and sums, bar for the rows chosen.
// Everything that comes in a row is set as text; the functions AG Grid calls are named here, never in data.
(() => {
  "use strict";
  const { element, fill, formats, notes, state, sum, isNothing, EMPTY } = window.qudao;
  const phone = window.matchMedia("(max-width: 599.98px)");
  const KEYS_MAX = 1000;
  const ROW_HEIGHTS = { compact: 28, default: 36, relaxed: 44 };
  const rowHeight = () => ROW_HEIGHTS[document.documentElement.dataset.density] ?? 36;

  const keyOf = (grid, row) => String(row._key ?? row[grid.config.key] ?? "");
  // A reference comes as its key, and as people read it under NAME__title.
  const valueOf = (row, name) => row[`${name}__title`] ?? row[name];

  class Grid extends HTMLElement {
    connectedCallback() {
      this.config = JSON.parse(this.getAttribute("config"));
      this.texts = this.config.texts;
      this.columns = new Map(this.config.columns.map((column) => [column.name, column]));
      this.all = false;
      this.turn = new AbortController();
      this.onState = (event) => this.stateChanged(event.detail);
      this.onPhone = () => this.start();
      this.onPreference = (event) => event.detail === "density" && this.densityChanged();
      document.addEventListener("qudao:state", this.onState);
      document.addEventListener("qudao:preference", this.onPreference);
      phone.addEventListener("change", this.onPhone);
      this.addEventListener("click", (event) => this.clicked(event), true);
      queueMicrotask(() => this.start());
    }

    disconnectedCallback() {
      document.removeEventListener("qudao:state", this.onState);
      document.removeEventListener("qudao:preference", this.onPreference);
      phone.removeEventListener("change", this.onPhone);
      this.turn.abort();
    }

    part(name) {
      return this.querySelector(`.qd-${name}`);
    }

    densityChanged() {
      if (!this.api || phone.matches) return;
      this.api.setGridOption("rowHeight", rowHeight());
      this.start();
    }

    // --- asking for rows ------------------------------------------------------------------------------------------
    get sort() {
      return state.read().get("sort") || this.config.sort;
    }

    // A block that a newer question has overtaken is dropped: AbortError.
    async ask(offset, limit) {
      const params = state.request(this.sort);
      params.set("offset", String(offset));
      params.set("limit", String(limit));
      params.set("count", "exact"); // so that people can drag anywhere; the server remembers it for some seconds
      params.set("sums", "1");
      const url = `/grid/${encodeURIComponent(this.config.resource)}?${params}`;
      const answer = await fetch(url, { signal: this.turn.signal, headers: { Accept: "application/json" } });
      if (answer.status === 401) {
        location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
        throw new DOMException("signed out", "AbortError");
      }
      const body = await answer.json().catch(() => ({}));
      if (!answer.ok) {
        const { status } = answer;
        throw Object.assign(new Error(body.message || this.texts.failed), { status, fields: body.fields ?? {} });
      }
      return body;
    }

    start() {
      this.turn.abort();
      this.turn = new AbortController();
      this.dataset.state = "loading";
      this.part("note")?.replaceChildren();
      if (phone.matches) window.qudao.cards.show(this);
      else if (this.api) {
        this.restoreColumns();
        this.api.setGridOption("datasource", { getRows: (block) => this.getRows(block) });
        this.place = Number(state.read().get("row")) || 0;
      }
    }

    async getRows(block) {
      try {
        const answer = await this.ask(block.startRow, block.endRow - block.startRow);
        const short = answer.rows.length < block.endRow - block.startRow;
        const end = short ? block.startRow + answer.rows.length : answer.total_is_exact === false ? -1 : answer.total;
        block.successCallback(answer.rows, end);
        this.told(answer);
        if (this.place) {
          const place = this.place;
          this.place = 0;
          if (end < 0 || place < end) {
            if (end > 0) this.api.setRowCount?.(end, true);
            this.api.ensureIndexVisible(place, "top");
          }
        }
      } catch (error) {
        block.failCallback();
        this.problem(error);
      }
    }

    told(answer) {
      this.answer = answer;
      this.dataset.total = String(answer.total ?? "");
      const empty = !answer.rows.length && !answer.total;
      this.dataset.state = empty ? "empty" : "ready";
      const note = this.part("note");
      if (empty) note.replaceChildren(notes.nothing(this));
      else note.replaceChildren();
      const exact = answer.total_is_exact !== false;
      const [before, after] = fill(exact ? this.texts.rows : this.texts.more, { count: "\u0000" }).split("\u0000");
      const count = element("span", {}, before, element("b", { text: formats.number(answer.total) }), after ?? "");
      const sums = this.config.sums
        .filter((name) => !isNothing(answer.sums?.[name]))
        .map((name) => {
          const label = fill(this.texts.sumOf, { name: this.columns.get(name)?.label ?? name });
          return element("span", {}, `${label} `, element("b", { text: this.formatted(name, answer.sums[name]) }));
        });
      this.part("foot").replaceChildren(count, ...sums);
    }

    problem(error) {
      if (error.name === "AbortError") return;
      this.dataset.state = "error";
      this.part("note").replaceChildren(notes.problem(this, error));
      if (error.fields) document.dispatchEvent(new CustomEvent("qudao:refusal", { detail: error.fields }));
    }

    formatted(name, value) {
      const column = this.columns.get(name);
      if (column?.format === "chip") return column.chip.find(([code]) => code === value)?.[1] ?? formats.text(value);
      return (formats[column?.format] ?? formats.text)(value);
    }

    // --- state ----------------------------------------------------------------------------------------------------
    stateChanged(what) {
      this.choose(false);
      if (what === "view" && this.api) this.restoreSort();
      this.start();
    }

    refresh(keepSelection) {
      if (!keepSelection) this.choose(false);
      if (phone.matches || !this.api) this.start();
      else this.api.refreshInfiniteCache();
    }

    restoreSort() {
      const wanted = this.sort.split(",").filter(Boolean);
      const sorts = wanted.map((part, sortIndex) => ({
        colId: part.replace(/^-/, ""),
        sort: part.startsWith("-") ? "desc" : "asc",
        sortIndex,
      }));
      this.api.applyColumnState({ state: sorts, defaultState: { sort: null } });
    }

    restoreColumns() {
      const names = state.read().get("cols")?.split(",");
      const shown = (column) => (names ? column.pinned || names.includes(column.name) : column.shown);
      const order = names ?? this.config.columns.map((column) => column.name);
      const rank = (column) => (column.pinned ? -1 : names && !names.includes(column.name) ? 999 : order.indexOf(column.name));
      const sorted = [...this.config.columns].sort((a, b) => rank(a) - rank(b));
      const widths = this.widths();
      const columns = sorted.map((column) => ({
        colId: column.name,
        hide: !shown(column),
        ...(widths[column.name] ? { width: widths[column.name], flex: null } : {}),
      }));
      this.api.applyColumnState({ state: columns, applyOrder: true });
    }

    columnChoices() {
      if (!this.api) return [];
      const known = this.api.getColumnState().map((one) => ({ ...this.columns.get(one.colId), shown: !one.hide }));
      return known.filter((column) => column.name).map(({ name, label, pinned, shown }) => ({ name, label, pinned, shown }));
    }

    // `names`: what is shown, in order; null: as declared.
    setColumns(names, order) {
      state.change({ cols: names ? names.join(",") : "" }, "place");
      if (!names) localStorage.removeItem(this.widthKey);
      if (order) this.api.applyColumnState({ state: order.map((colId) => ({ colId })), applyOrder: true });
      this.restoreColumns();
    }

    get widthKey() {
      return `qudao widths ${this.config.resource}`;
    }

    widths() {
      try {
        return JSON.parse(localStorage.getItem(this.widthKey)) ?? {};
      } catch {
        return {};
      }
    }

    // --- rows chosen ----------------------------------------------------------------------------------------------
    chosen() {
      return this.api?.getSelectedNodes().filter((node) => node.data) ?? [];
    }

    choose(all) {
      this.all = all;
      this.dataset.all = String(all);
      if (!all) this.api?.deselectAll();
      this.showSelection();
    }

    showSelection() {
      const rows = this.chosen().map((node) => node.data);
      const bar = this.part("bulk");
      if (bar) {
        bar.hidden = !rows.length && !this.all;
        if (!bar.hidden) this.part("bulk-text").replaceChildren(...this.selectionWords(rows));
      }
      this.tell("");
    }

    selectionWords(rows) {
      const total = this.answer?.total ?? 0;
      const count = this.all ? total : rows.length;
      const words = [element("b", { text: fill(this.texts.selected, { count: formats.number(count) }) })];
      for (const name of this.config.sums) {
        const value = this.all ? this.answer?.sums?.[name] : sum(rows.map((row) => row[name]));
        const label = this.columns.get(name)?.label ?? name;
        if (!isNothing(value)) words.push(element("span", { text: `${label} ${this.formatted(name, value)}` }));
      }
      const button = (text, go, id) =>
        element("button", { type: "button", css: "qd-btn qd-btn-quiet", text, "data-testid": id, on: { click: go } });
      if (!this.all && total > rows.length) {
        const all = formats.number(total) + (this.answer.total_is_exact === false ? "+" : "");
        words.push(button(fill(this.texts.selectAll, { count: all }), () => this.choose(true), "select-all"));
      }
      words.push(button(this.texts.clear, () => this.choose(false), "select-none"));
      return words;
    }

    tell(action) {
      const keys = this.chosen().map((node) => keyOf(this, node.data));
      const query = new URLSearchParams(state.filters()).toString();
      const count = this.all ? this.answer?.total ?? 0 : keys.length;
      const detail = { action, keys: this.all ? [] : keys, all: this.all, query, count };
      this.dispatchEvent(new CustomEvent("selectionaction", { detail }));
    }

    clicked(event) {
      const action = event.target.closest("[data-bulk]");
      if (action) this.tell(action.dataset.bulk);
    }
  }
  customElements.define("qudao-grid", Grid);

  // --- what AG Grid calls -------------------------------------------------------------------------------------------
  const elements = new Map();
  const of = (params) => elements.get(params.api);
  const href = (grid, row) => row._path ?? `/${encodeURIComponent(grid.config.resource)}/${encodeURIComponent(keyOf(grid, row))}`;
  let turn = 0;

  window.qudao.grid = {
    ready(params) {
      const box = [...document.querySelectorAll("qudao-grid")].find((grid) => !grid.api && grid.querySelector(".ag-root"));
      if (!box) return;
      elements.set(params.api, box);
      box.api = params.api;
      box.restoreSort();
      box.start();
      document.dispatchEvent(new CustomEvent("qudao:columns"));
    },
    rowId(params) {
      const grid = [...document.querySelectorAll("qudao-grid")].find((one) => one.api === params.api);
      const key = grid && keyOf(grid, params.data);
      return key || `row ${++turn}`;
    },
    rowHeight,
    isLoading: (params) => !params.data,
    format(params) {
      if (!params.data) return "";
      const { field } = params.colDef;
      return of(params)?.formatted(field, valueOf(params.data, field)) ?? formats.text(params.value);
    },
    tooltip(params) {
      const text = params.data && window.qudao.grid.format(params);
      return text && text.length > 12 ? text : null;
    },
    isNegative: (params) => formats.isNegative(params.value),
    drawCell(params) {
      const grid = of(params);
      if (!params.data || !grid) return "";
      return drawn(grid, params.colDef.field, params.data);
    },
    sorted(params) {
      const grid = of(params);
      if (!grid || params.source !== "uiColumnSorted") return;
      const sorts = params.api.getColumnState().filter((column) => column.sort);
      sorts.sort((a, b) => (a.sortIndex ?? 0) - (b.sortIndex ?? 0));
      const sort = sorts.map((column) => (column.sort === "desc" ? "-" : "") + column.colId).join(",");
      state.change({ sort: sort === grid.config.sort ? "" : sort, row: "" }, "place");
      grid.choose(false);
      grid.start();
    },
    columnsChanged(params) {
      const grid = of(params);
      if (!grid || !params.finished || params.source !== "uiColumnMoved") return;
      const names = grid.columnChoices().filter((column) => column.shown && !column.pinned).map((column) => column.name);
      state.change({ cols: names.join(",") }, "place");
    },
    resized(params) {
      const grid = of(params);
      if (!grid || !params.finished || params.source !== "uiColumnResized" || !params.column) return;
      const widths = { ...grid.widths(), [params.column.getColId()]: params.column.getActualWidth() };
      localStorage.setItem(grid.widthKey, JSON.stringify(widths));
    },
    selected(params) {
      const grid = of(params);
      if (!grid) return;
      const chosen = grid.chosen();
      if (grid.all && !chosen.length) return;
      // What is shown as selected is what an action gets, so more than it may get cannot be selected by hand.
      if (chosen.length > KEYS_MAX) return params.api.setNodesSelected({ nodes: chosen.slice(KEYS_MAX), newValue: false });
      grid.all = false;
      grid.dataset.all = "false";
      grid.showSelection();
    },
    scrolled(params) {
      const grid = of(params);
      if (!grid || params.direction !== "vertical" || grid.place || grid.dataset.state !== "ready") return;
      const first = Math.round(params.api.getVerticalPixelRange().top / rowHeight());
      state.change({ row: first > 0 ? String(first) : "" }, "place");
    },
    keyDown(params) {
      const grid = of(params);
      const column = grid?.columns.get(params.column?.getColId());
      if (params.event?.key === "Enter" && column?.link && params.data) location.assign(href(grid, params.data));
    },
  };

  // One value as DOM: a link, a chip, tags or text.
  const drawn = (grid, name, row) => {
    const column = grid.columns.get(name);
    const value = valueOf(row, name);
    if (isNothing(value)) return EMPTY;
    if (column.link) return element("a", { href: href(grid, row), text: grid.formatted(name, value) });
    if (column.format === "chip") {
      const known = column.chip.find(([code]) => code === value);
      return element("span", { css: "qd-chip", "data-tone": known?.[2] ?? "draft", text: known?.[1] ?? String(value) });
    }
    if (column.format === "tags") {
      const list = Array.isArray(value) ? value : String(value).split(/[;；]/).filter(Boolean);
      return list.length ? element("span", {}, ...list.map((tag) => element("span", { css: "qd-tag", text: tag }))) : EMPTY;
    }
    return element("span", { text: grid.formatted(name, value), css: column.format === "money" && formats.isNegative(value) ? "qd-negative" : "" });
  };
  Object.assign(window.qudao, { drawn, href, valueOf });
})();
