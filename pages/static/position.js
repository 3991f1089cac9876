// <qudao-position>: where this phone stands, as the browser tells it. Up to five fixes in twenty seconds; the person
// sees how good the best one is. Where the browser gives none, it says why and leaves the other ways to the page.
(() => {
  "use strict";
  const { element, fill } = window.qudao;
  if (customElements.get("qudao-position")) return;
  const REASONS = { 1: "refused", 2: "unavailable", 3: "timeout" };
  const GOOD_M = 10; // no further fix makes it better worth having
  const PAUSE_MS = 600; // lets the receiver improve between two fixes
  const GRACE_MS = 4000; // for a browser that never answers

  class Position extends HTMLElement {
    connectedCallback() {
      this.config = JSON.parse(this.getAttribute("config"));
      this.texts = this.config.texts;
      this.run = 0;
      this.tabIndex = -1;
      if (!window.isSecureContext) this.fail("insecure");
      else if (!navigator.geolocation) this.fail("unsupported");
      else this.idle();
    }

    disconnectedCallback() {
      this.run += 1;
      clearTimeout(this.guard);
    }

    idle() {
      this.show("idle", this.button(this.texts.start, "action-locate", () => this.measure(), true));
    }

    async measure() {
      const run = ++this.run;
      const { fixesMax, secondsMax } = this.config;
      const end = performance.now() + secondsMax * 1000;
      this.fixes = [];
      this.progress();
      clearTimeout(this.guard);
      this.guard = setTimeout(() => run === this.run && this.finish("timeout"), secondsMax * 1000 + GRACE_MS);
      while (this.fixes.length < fixesMax && performance.now() < end) {
        const answer = await this.ask(end - performance.now());
        if (run !== this.run) return;
        if (answer.reason) return this.finish(answer.reason);
        this.fixes.push(answer.fix);
        this.progress();
        if (this.best().accuracy <= GOOD_M) break;
        await new Promise((go) => setTimeout(go, PAUSE_MS));
        if (run !== this.run) return;
      }
      this.finish("timeout");
    }

    ask(timeout) {
      return new Promise((answer) => {
        const told = ({ coords, timestamp }) =>
          answer({ fix: { latitude: coords.latitude, longitude: coords.longitude, accuracy: coords.accuracy, timestamp } });
        const failed = (error) => answer({ reason: REASONS[error.code] || "unavailable" });
        const options = { enableHighAccuracy: true, maximumAge: 0, timeout: Math.max(1000, timeout) };
        navigator.geolocation.getCurrentPosition(told, failed, options);
      });
    }

    best() {
      return this.fixes.reduce((best, fix) => (fix.accuracy < best.accuracy ? fix : best), this.fixes[0]);
    }

    // What there is is handed over even if the last question failed; with nothing, the reason is shown.
    finish(reason) {
      this.run += 1;
      clearTimeout(this.guard);
      if (!this.fixes.length) return this.fail(reason);
      const fixes = this.fixes.map(({ timestamp, ...fix }) => ({ ...fix, age_ms: Math.max(0, Date.now() - timestamp) }));
      this.show("done", this.button(this.texts.again, "action-locate", () => this.measure()));
      return this.dispatchEvent(new CustomEvent("positiontaken", { detail: { fixes } }));
    }

    fail(reason) {
      const [title, advice] = this.texts.problems[reason];
      const box = element(
        "div", { css: "qd-notice", "data-tone": "warning", role: "alert", "data-testid": `position-${reason}` },
        element("b", { text: title }), element("span", { text: fill(advice, { origin: location.origin }) }),
      );
      const mayTry = !["insecure", "unsupported"].includes(reason);
      this.show(reason, box, mayTry && this.button(this.texts.retry, "action-locate", () => this.measure()));
      this.dispatchEvent(new CustomEvent("positionfailed", { detail: { reason } }));
    }

    progress() {
      const { fixesMax, secondsMax } = this.config;
      const count = this.fixes.length;
      const words = count
        ? fill(this.texts.measured, { accuracy: Math.round(this.best().accuracy), count, total: fixesMax })
        : this.texts.asking;
      const bar = element("div", { css: "qd-locate-bar", style: `--seconds:${secondsMax}s` });
      const now = count && this.button(this.texts.enough, "action-enough", () => this.finish(""));
      const line = element("p", { css: "qd-locate-line", role: "status" }, element("i", { css: "qd-locate-dot" }), element("span", { text: words }));
      if (this.dataset.state === "measuring") {
        this.querySelector(".qd-locate-line").replaceWith(line);
        if (now && !this.querySelector("[data-testid=action-enough]")) this.append(now);
      } else {
        this.show("measuring", line, bar, now);
      }
    }

    button(text, testid, click, isFirst = false) {
      const css = `qd-btn qd-icon-locate ${isFirst ? "qd-btn-primary qd-locate-first" : ""}`;
      return element("button", { type: "button", css, text, "data-testid": testid, on: { click } });
    }

    // Who had the focus in here keeps it: on the first button, or on the whole while there is none.
    show(state, ...parts) {
      const hadFocus = document.activeElement === this || this.contains(document.activeElement);
      this.dataset.state = state;
      this.replaceChildren(...parts.filter(Boolean));
      if (hadFocus) (this.querySelector("button") ?? this).focus();
    }
  }
  customElements.define("qudao-position", Position);
})();
