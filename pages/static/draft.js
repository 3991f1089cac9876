// <qudao-draft>: what is stated so far, kept in this browser until it is sent, so that a lost connection or a closed
// tab loses nothing. The server says what is stated; what is typed while it cannot be reached is kept too.
(() => {
  "use strict";
  if (customElements.get("qudao-draft")) return;
  const LASTS_MS = 24 * 3600 * 1000;

  class Draft extends HTMLElement {
    static observedAttributes = ["state"];

    connectedCallback() {
      this.key = `qudao.draft.${this.dataset.key}`;
      this.onInput = (event) => this.typed(event.target);
      document.addEventListener("input", this.onInput);
      const found = this.stored();
      if (found) this.dispatchEvent(new CustomEvent("draftfound", { detail: found.state }));
      this.isReady = true;
    }

    disconnectedCallback() {
      document.removeEventListener("input", this.onInput);
    }

    attributeChangedCallback(_name, before, after) {
      if (!this.isReady || before === after) return;
      if (after) this.store(JSON.parse(after));
      else localStorage.removeItem(this.key);
    }

    stored() {
      try {
        const found = JSON.parse(localStorage.getItem(this.key) || "null");
        return found && Date.now() - found.at < LASTS_MS ? found : null;
      } catch {
        return null;
      }
    }

    store(state) {
      try {
        localStorage.setItem(this.key, JSON.stringify({ at: Date.now(), state }));
      } catch {
        // a browser that keeps nothing (private window, full store): the page works without
      }
    }

    typed(input) {
      if (!input.name || !input.matches?.("[data-testid^='field-']") || input.type === "file") return;
      const state = this.stored()?.state ?? { fields: {} };
      if (!state.fields || !(input.name in state.fields)) return;
      state.fields[input.name] = input.value;
      this.store(state);
    }
  }
  customElements.define("qudao-draft", Draft);
})();
