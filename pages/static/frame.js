// The frame: drawer, folding, menus, preferences, search and single keys. Listens on the document only, so that it
// does not matter when the page draws its elements.
(() => {
  "use strict";
  const { element, keep, cookie, apply } = window.qudao;
  const root = document.documentElement;
  const typing = (target) => target.closest?.("input, textarea, select, [contenteditable='true']");

  // --- preferences -----------------------------------------------------------------------------------------------
  const show = () => {
    for (const choice of document.querySelectorAll("[data-set]")) {
      const name = choice.dataset.set;
      if (name === "language") continue;
      const chosen = cookie(name) || (name === "mode" ? "auto" : "default");
      choice.setAttribute("aria-pressed", String(choice.dataset.value === chosen));
    }
  };
  const prefer = (name, value) => {
    keep(name, value === "auto" || value === "default" ? "" : value);
    if (name === "language") return location.reload();
    apply();
    show();
    document.dispatchEvent(new CustomEvent("qudao:preference", { detail: name }));
  };

  // --- drawer ----------------------------------------------------------------------------------------------------
  const drawer = (open) => {
    if (open === (root.dataset.drawer === "open")) return;
    root.dataset.drawer = open ? "open" : "closed";
    const opener = document.querySelector("[data-open-drawer]");
    opener?.setAttribute("aria-expanded", String(open));
    for (const part of document.querySelectorAll(".qd-header, .q-page-container")) part.inert = open;
    if (open) document.querySelector("#qd-nav a")?.focus();
    else opener?.focus();
  };
  const narrow = window.matchMedia("(max-width: 1023.98px)");
  narrow.addEventListener("change", () => drawer(false));

  document.addEventListener("click", (event) => {
    const on = (selector) => event.target.closest(selector);
    const choice = on("[data-set]");
    if (choice) prefer(choice.dataset.set, choice.dataset.value);
    else if (on("[data-open-drawer]")) drawer(true);
    else if (on("[data-close-drawer]")) drawer(false);
    else if (on("[data-fold]")) prefer("nav", root.dataset.nav === "folded" ? "" : "folded");
    else if (on("[data-open-search]")) openSearch();
    else if (on("[data-show-keys]")) showKeys();
    else if (root.dataset.search === "open" && !on(".qd-search")) root.dataset.search = "closed";
  });

  // --- menus: native popovers, placed below their button ----------------------------------------------------------
  document.addEventListener(
    "beforetoggle",
    (event) => {
      const menu = event.target;
      if (event.newState !== "open" || !menu.classList?.contains("qd-menu")) return;
      const opener = document.querySelector(`[popovertarget="${CSS.escape(menu.id)}"]`);
      if (!opener) return;
      show();
      const box = opener.getBoundingClientRect();
      const fromRight = menu.dataset.align === "end" || box.left > window.innerWidth - 260;
      menu.style.top = `${Math.round(box.bottom + 4)}px`;
      menu.style.maxHeight = `${Math.max(160, Math.round(window.innerHeight - box.bottom - 16))}px`;
      menu.style.left = fromRight ? "auto" : `${Math.max(8, Math.round(box.left))}px`;
      menu.style.right = fromRight ? `${Math.max(8, Math.round(window.innerWidth - box.right))}px` : "auto";
      opener.setAttribute("aria-expanded", "true");
      menu.addEventListener("toggle", (e) => e.newState === "closed" && opener.setAttribute("aria-expanded", "false"));
    },
    true,
  );
  // Its width is known once it is open: a wide one moves until it is whole on the screen.
  document.addEventListener(
    "toggle",
    (event) => {
      const menu = event.target;
      if (event.newState !== "open" || !menu.classList?.contains("qd-menu")) return;
      const { left, width } = menu.getBoundingClientRect();
      const inside = Math.max(8, Math.min(left, document.documentElement.clientWidth - 8 - width));
      if (Math.abs(inside - left) >= 1) Object.assign(menu.style, { left: `${Math.round(inside)}px`, right: "auto" });
    },
    true,
  );

  // Quasar puts a focusable box between a listbox and its options; screen readers then find no options.
  const tidy = (menu) => {
    for (const box of menu.querySelectorAll(".q-virtual-scroll__content[tabindex]")) {
      box.removeAttribute("tabindex");
      box.setAttribute("role", "presentation");
    }
  };
  window.qudao.tidyListboxes = () =>
    requestAnimationFrame(() => {
      for (const menu of document.querySelectorAll('.q-menu[role="listbox"]')) {
        tidy(menu);
        new MutationObserver(() => tidy(menu)).observe(menu, { childList: true, subtree: true });
      }
    });

  // --- focus: put where the server says, as soon as that is drawn and shown ---------------------------------------
  const TAKES_FOCUS = "[tabindex='0'], input:not([type='hidden']), textarea, button, a[href]";
  const FOCUS_WAITS_MS = 3000;
  window.qudao.focusOn = (id, isWithin) => {
    const end = performance.now() + FOCUS_WAITS_MS;
    const look = () => {
      const part = document.getElementById(id);
      const target = isWithin && !part?.matches(TAKES_FOCUS) ? part?.querySelector(TAKES_FOCUS) : part;
      if (part?.checkVisibility() && target) target.focus();
      else if (performance.now() < end) requestAnimationFrame(look);
    };
    look();
  };

  // --- search ----------------------------------------------------------------------------------------------------
  const openSearch = () => {
    if (window.matchMedia("(max-width: 767.98px)").matches) root.dataset.search = "open";
    document.querySelector("[data-search] input")?.focus();
  };
  const pages = (wanted) =>
    [...document.querySelectorAll("#qd-nav a")]
      .map((link) => ({ label: link.title, href: link.getAttribute("href"), hint: "" }))
      .filter((page) => page.label.toLowerCase().includes(wanted));
  let asked = 0;
  const suggest = async (form, wanted) => {
    const turn = ++asked;
    let items = wanted ? pages(wanted.toLowerCase()) : [];
    const url = form.dataset.suggest;
    if (wanted && url) {
      const answer = await fetch(`${url}?q=${encodeURIComponent(wanted)}`).catch(() => null);
      const found = answer ? await answer.json().catch(() => ({})) : {}; // of a refusal, too: what nobody reads stays open
      items = [...items, ...(found.items ?? [])];
    }
    if (turn === asked) list(form, items.slice(0, 12));
  };
  const list = (form, items) => {
    form.querySelector(".qd-suggestions")?.remove();
    if (!items.length) return;
    const links = items.map((item) =>
      element("a", { href: item.href, text: item.label }, item.hint && element("small", { text: item.hint })),
    );
    form.append(element("div", { css: "qd-suggestions" }, ...links));
  };
  document.addEventListener("input", (event) => {
    const form = event.target.closest("[data-search]");
    if (form) suggest(form, event.target.value.trim());
  });
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-search]")) return;
    event.preventDefault();
    event.target.querySelector(".qd-suggestions a")?.click();
  });
  document.addEventListener("focusout", (event) => {
    const form = event.target.closest?.("[data-search]");
    if (form && !form.contains(event.relatedTarget)) list(form, []);
  });

  // --- keys ------------------------------------------------------------------------------------------------------
  const keysOff = () => cookie("keys") === "off";
  const step = (from, by) => {
    const items = [...from.querySelectorAll(".qd-item")];
    const at = items.findIndex((item) => item.getAttribute("aria-current") === "true");
    const next = items[Math.min(items.length - 1, Math.max(0, at + by))];
    next?.click();
    next?.scrollIntoView({ block: "nearest" });
  };
  const showKeys = () => {
    const known = [...document.querySelectorAll("button[data-key], a[data-key]")];
    const rows = known.map((one) => [one.dataset.key.toUpperCase(), one.textContent || one.getAttribute("aria-label")]);
    const off = element("input", { type: "checkbox" });
    off.checked = !keysOff();
    off.addEventListener("change", () => keep("keys", off.checked ? "" : "off"));
    const words = JSON.parse(document.querySelector("[data-show-keys]")?.dataset.showKeys || "{}");
    const facts = [["Ctrl K", words.go], ["J  K", words.move], ...rows].flatMap(([key, meaning]) => [
      element("dt", {}, element("kbd", { css: "qd-kbd", text: key })),
      element("dd", { text: meaning }),
    ]);
    const dialog = element(
      "dialog",
      { css: "qd-dialog", "aria-label": words.title },
      element("h2", { text: words.title }),
      element(
        "div",
        { css: "qd-dialog-body" },
        element("dl", { css: "qd-kv", style: "--pairs:1" }, ...facts),
        element("label", { css: "qd-check" }, off, element("span", { text: words.keys })),
      ),
      element(
        "form",
        { css: "qd-dialog-bar", method: "dialog" },
        element("button", { css: "qd-btn", text: words.close }),
      ),
    );
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
  };
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      drawer(false);
      root.dataset.search = "closed";
    }
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      openSearch();
      return;
    }
    tabKeys(event);
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || typing(event.target)) return;
    if (document.querySelector("dialog[open], .q-dialog, :popover-open")) return;
    if (event.key === "?") return showKeys();
    if (keysOff() || event.target.closest?.(".ag-root")) return;
    const split = document.querySelector(".qd-split-list");
    const key = event.key.toLowerCase();
    if (split && (key === "j" || key === "k")) return step(split, key === "j" ? 1 : -1);
    const button = document.querySelector(`[data-key="${CSS.escape(key)}"]:not(:disabled)`);
    if (!button) return;
    event.preventDefault();
    button.click();
  });
  const tabKeys = (event) => {
    const tab = event.target.closest?.('[role="tab"]');
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!tab || !by) return;
    const tabs = [...tab.parentElement.querySelectorAll('[role="tab"]')];
    const next = tabs[(tabs.indexOf(tab) + by + tabs.length) % tabs.length];
    next.focus();
    next.click();
  };
})();
