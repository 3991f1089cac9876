// The state of a list lives in the address: filters, search, sort, columns, view and place.
(() => {
  "use strict";
  const OWN = new Set(["view", "cols", "row", "page"]);
  const NOT_FILTERS = new Set([...OWN, "sort"]);

  const read = () => new URLSearchParams(location.search);

  // Commas and colons are legal in a query and read better as they are.
  const written = (params) => {
    const query = params.toString().replace(/%2C/g, ",").replace(/%3A/g, ":");
    return query ? `?${query}` : location.pathname;
  };

  const tell = (what) => document.dispatchEvent(new CustomEvent("qudao:state", { detail: what }));

  // `changes` maps a name to its new value; "" takes it out. `what` is "rows" if other rows are meant, else "place".
  const change = (changes, what = "rows") => {
    const params = read();
    for (const [name, value] of Object.entries(changes)) {
      if (value) params.set(name, value);
      else params.delete(name);
    }
    if (what === "rows") params.delete("row");
    history.replaceState(history.state, "", written(params));
    if (what === "rows") tell("rows");
  };

  const open = (query) => {
    history.pushState(history.state, "", query || location.pathname);
    tell("view");
  };

  const filters = () => [...read()].filter(([name, value]) => !NOT_FILTERS.has(name) && value);

  // What the endpoint is asked: everything but how it is looked at.
  const request = (sort) => {
    const params = read();
    for (const name of OWN) params.delete(name);
    if (sort) params.set("sort", sort);
    else params.delete("sort");
    return params;
  };

  const markViews = () => {
    const view = read().get("view") || "all";
    for (const tab of document.querySelectorAll("[data-view]")) {
      if (tab.dataset.view === view) tab.setAttribute("aria-current", "page");
      else tab.removeAttribute("aria-current");
    }
  };

  document.addEventListener("click", (event) => {
    const tab = event.target.closest("[data-views] a");
    if (!tab || !document.querySelector("qudao-grid")) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
    event.preventDefault();
    const href = tab.getAttribute("href");
    open(href === "?" ? "" : href);
  });
  document.addEventListener("qudao:state", markViews);
  window.addEventListener("popstate", () => document.querySelector("qudao-grid") && tell("view"));

  window.qudao.state = { read, change, filters, request, written };
})();
