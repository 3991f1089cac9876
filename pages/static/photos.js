// <qudao-photos>: photos taken or chosen, each sent as the body of one POST; its value are the references answered.
(() => {
  "use strict";
  const { element, fill } = window.qudao;
  if (customElements.get("qudao-photos")) return;

  class Photos extends HTMLElement {
    static observedAttributes = ["references"];

    connectedCallback() {
      this.config = JSON.parse(this.getAttribute("config"));
      this.texts = this.config.texts;
      this.items ??= this.stated().map((reference) => this.known(reference));
      this.draw();
    }

    disconnectedCallback() {
      for (const item of this.items ?? []) item.request?.abort();
    }

    // The server states references when a draft is resumed; what it only repeats is left alone.
    attributeChangedCallback() {
      if (!this.config) return;
      const stated = this.stated();
      if (JSON.stringify(stated) === JSON.stringify(this.handed())) return;
      if (this.items.some((item) => item.state === "sending")) return;
      this.items = stated.map((reference) => this.known(reference));
      this.draw();
    }

    stated() {
      return JSON.parse(this.getAttribute("references") || "[]");
    }

    handed() {
      return this.items.filter((item) => item.reference).map((item) => item.reference);
    }

    known(reference) {
      return { reference, shown: `${this.config.url}/${reference}`, state: "there" };
    }

    add(files) {
      const room = this.config.photosMax - this.items.filter((item) => item.state !== "error").length;
      this.items = this.items.filter((item) => item.state !== "error");
      for (const file of [...files].slice(0, Math.max(room, 0))) {
        const item = { file, state: "sending", done: 0 };
        this.items.push(item);
        this.send(item);
      }
      this.draw();
      this.tell();
    }

    send(item) {
      const { bytesMax, url } = this.config;
      item.problem = "";
      item.state = "sending";
      if (item.file.size > bytesMax) return this.failed(item, this.texts.tooLarge);
      const request = (item.request = new XMLHttpRequest());
      request.upload.addEventListener("progress", (event) => {
        item.done = event.lengthComputable ? event.loaded / event.total : 0;
        if (item.bar) item.bar.value = item.done;
      });
      request.addEventListener("error", () => this.failed(item, this.texts.offline, true));
      request.addEventListener("load", () => this.answered(item, request));
      request.open("POST", url);
      request.setRequestHeader("Content-Type", "application/octet-stream");
      request.setRequestHeader("Accept", "application/json");
      request.send(item.file);
      return undefined;
    }

    answered(item, request) {
      let body = {};
      try {
        body = JSON.parse(request.responseText);
      } catch {
        body = {};
      }
      if (request.status >= 300 || !body.reference) {
        return this.failed(item, body.message || this.texts.offline, request.status === 429 || request.status >= 500);
      }
      Object.assign(item, this.known(body.reference), { file: null });
      this.draw();
      return this.tell();
    }

    failed(item, problem, mayTryAgain = false) {
      Object.assign(item, { state: "error", problem, mayTryAgain });
      this.draw();
      this.tell();
    }

    remove(item) {
      item.request?.abort();
      this.items = this.items.filter((other) => other !== item);
      this.draw();
      this.tell();
    }

    tell() {
      const detail = { references: this.handed(), sending: this.items.some((item) => item.state === "sending") };
      this.dispatchEvent(new CustomEvent("photoschange", { detail, bubbles: true }));
    }

    draw() {
      const shown = this.items.filter((item) => item.state !== "error");
      const problems = this.items.filter((item) => item.state === "error");
      const tiles = shown.map((item, at) => this.tile(item, at));
      if (shown.length < this.config.photosMax) tiles.push(this.adder(shown.length > 0));
      const hadFocus = this.contains(document.activeElement);
      this.replaceChildren(
        element("div", { css: "qd-photo-tiles" }, ...tiles),
        element("div", { role: "alert", css: "qd-photo-problems" }, ...problems.map((item) => this.problem(item))),
      );
      const isSending = this.items.some((item) => item.state === "sending");
      this.dataset.state = problems.length ? "error" : isSending ? "sending" : "idle";
      this.setAttribute("aria-busy", String(isSending));
      if (hadFocus) (this.querySelector("input") ?? [...this.querySelectorAll("button")].pop())?.focus();
    }

    tile(item, at) {
      const tile = element("div", { css: "qd-photo", "data-state": item.state });
      const words = fill(this.texts.shown, { number: at + 1 });
      if (item.state === "sending") {
        item.bar = element("progress", { max: 1, value: item.done, "aria-label": words });
        tile.append(element("span", { text: this.texts.sending, role: "status" }), item.bar);
      } else {
        tile.append(element("img", { src: item.shown, alt: words }));
      }
      const remove = element("button", {
        type: "button", css: "qd-photo-remove", text: "×", "data-testid": `action-remove-${this.config.name}-${at}`,
        "aria-label": fill(this.texts.remove, { number: at + 1 }), on: { click: () => this.remove(item) },
      });
      tile.append(remove);
      return tile;
    }

    adder(isAnother) {
      const { name, photosMax, texts } = this.config;
      const input = element("input", {
        type: "file", accept: "image/*", multiple: photosMax > 1, "data-testid": `field-${name}`,
        "aria-label": `${texts.label}: ${isAnother ? texts.another : texts.first}`,
        on: { change: () => this.add(input.files) },
      });
      const words = element("span", { text: isAnother ? texts.another : texts.first });
      return element("label", { css: "qd-photo-add qd-icon-camera", "data-first": !isAnother }, words, input);
    }

    problem(item) {
      const again = item.mayTryAgain && element("button", {
        type: "button", css: "qd-btn", text: this.texts.again, "data-testid": `action-again-${this.config.name}`,
        on: { click: () => { this.send(item); this.draw(); } },
      });
      return element("p", { css: "qd-problem" }, element("span", { text: fill(item.problem, {}) }), again);
    }
  }
  customElements.define("qudao-photos", Photos);
})();
