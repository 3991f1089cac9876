// <qudao-upload>: a file by drop, choice or paste, sent as the body of one POST with its progress.
(() => {
  "use strict";
  const { element, fill } = window.qudao;

  class Upload extends HTMLElement {
    connectedCallback() {
      this.config = JSON.parse(this.getAttribute("config"));
      this.texts = this.config.texts;
      this.tabIndex = -1;
      this.idle();
      this.addEventListener("dragover", (event) => {
        event.preventDefault();
        this.dataset.over = "true";
      });
      for (const type of ["dragleave", "drop"]) this.addEventListener(type, () => delete this.dataset.over);
      this.addEventListener("drop", (event) => {
        event.preventDefault();
        this.send(event.dataTransfer?.files[0]);
      });
      this.onPaste = (event) => event.clipboardData?.files.length && this.send(event.clipboardData.files[0]);
      document.addEventListener("paste", this.onPaste);
    }

    disconnectedCallback() {
      document.removeEventListener("paste", this.onPaste);
      this.request?.abort();
    }

    idle(problem = "") {
      const { title, hint, choose } = this.texts;
      const input = element("input", {
        type: "file", accept: this.config.accept, "data-testid": this.config.testid, "aria-label": choose,
        on: { change: () => this.send(input.files[0]) },
      });
      this.show(
        element("b", { text: title }),
        element("span", { text: hint }),
        element("label", { css: "qd-btn qd-btn-primary" }, element("span", { text: choose }), input),
        element("span", { role: "alert", text: problem }),
      );
      this.dataset.state = problem ? "error" : "idle";
      if (problem && document.activeElement === this) input.focus();
    }

    // Who had the focus in here keeps it: on the whole, so that a second press of a key cancels nothing.
    show(...parts) {
      const hadFocus = this.contains(document.activeElement);
      this.replaceChildren(...parts);
      if (hadFocus) this.focus();
    }

    send(file) {
      if (!file) return;
      const { accept, bytesMax, url } = this.config;
      const kinds = accept.split(",").map((kind) => kind.trim().toLowerCase());
      if (!kinds.some((kind) => file.name.toLowerCase().endsWith(kind))) {
        return this.idle(fill(this.texts.wrongType, { kinds: kinds.join(" ") }));
      }
      if (file.size > bytesMax) return this.idle(fill(this.texts.tooLarge, { size: Math.floor(bytesMax / 1048576) }));
      const bar = element("progress", { max: 1, value: 0, "aria-label": this.texts.title });
      const request = (this.request = new XMLHttpRequest());
      const cancel = element("button", { type: "button", css: "qd-btn", text: this.texts.cancel, on: { click: () => request.abort() } });
      this.show(element("b", { text: fill(this.texts.sending, { name: file.name }), role: "status" }), bar, cancel);
      this.dataset.state = "sending";
      request.upload.addEventListener("progress", (event) => {
        bar.value = event.lengthComputable ? event.loaded / event.total : 0;
      });
      request.addEventListener("abort", () => this.idle());
      request.addEventListener("error", () => this.idle(this.texts.offline));
      request.addEventListener("load", () => this.answered(request));
      request.open("POST", url);
      request.setRequestHeader("Content-Type", "application/octet-stream");
      request.setRequestHeader("X-File-Name", encodeURIComponent(file.name));
      request.setRequestHeader("Accept", "application/json");
      request.send(file);
    }

    answered(request) {
      let body = {};
      try {
        body = JSON.parse(request.responseText);
      } catch {
        body = {};
      }
      if (request.status >= 300) return this.idle(body.message || this.texts.offline);
      this.idle();
      this.dispatchEvent(new CustomEvent("fileuploaded", { detail: body }));
    }
  }
  customElements.define("qudao-upload", Upload);
})();
