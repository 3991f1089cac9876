// <qudao-map>: points on the ground. Moves by drag, wheel, pinch, buttons and arrow keys; every marker is a button.
//
// config: {places, source, pin, fit, texts}. `points`: [{latitude, longitude, kind, label, href, accuracy_m}] from the
// server; `source` is asked for what lies in view: {"clusters": [{latitude, longitude, count, tone, code, path, name}]}.
(() => {
  "use strict";
  const { element, fill } = window.qudao;
  const { Ground, toX, toY, toLatitude, toLongitude, metresPerPixel, length, gathered, within, movedBy, isSamePlace } = window.qudao.ground;
  if (customElements.get("qudao-map")) return;
  const [ZOOM_MIN, ZOOM_MAX] = [2, 19];
  const ASK_AFTER_MS = 160;
  const [TELL_AFTER_MS, ANSWER_AFTER_MS] = [250, 5000]; // after the second what the page states holds, whatever was told
  const NAMES_FROM_ZOOM = 14;
  const BUTTONS_PX = 54; // at the right edge
  const KINDS = ["store", "before", "photo", "fix", "here", "pin"]; // the later ones lie on top and are named first
  const TOP = KINDS.indexOf("here");
  const rank = (one) => KINDS.indexOf(one.kind);

  class QudaoMap extends HTMLElement {
    static observedAttributes = ["points", "query"];

    connectedCallback() {
      this.config = JSON.parse(this.getAttribute("config"));
      this.texts = this.config.texts;
      this.clusters = [];
      this.view = { latitude: 34, longitude: 104, zoom: 4, width: 0, height: 0 };
      this.build();
      this.ground = new Ground(this.canvas, this.config.places, () => this.soon());
      this.watch = new ResizeObserver(() => this.resized());
      this.watch.observe(this);
      this.onLook = () => this.soon();
      document.addEventListener("qudao:preference", this.onLook);
      matchMedia("(prefers-color-scheme: dark)").addEventListener("change", this.onLook);
      this.stated();
    }

    disconnectedCallback() {
      this.watch?.disconnect();
      document.removeEventListener("qudao:preference", this.onLook);
    }

    attributeChangedCallback(name, before, after) {
      if (!this.config || before === after) return;
      if (name === "points") return this.stated();
      const query = this.getAttribute("query") || "";
      history.replaceState(history.state, "", query ? `?${query}` : location.pathname);
      this.isFitted = false;
      return this.ask();
    }

    build() {
      this.canvas = element("canvas", { "aria-hidden": "true" });
      this.circles = element("div", { css: "qd-map-circles" });
      this.marks = element("div", { css: "qd-map-marks" });
      const control = (name, icon, act) => element("button", {
        type: "button", css: `qd-btn qd-btn-square qd-icon-${icon}`, "aria-label": this.texts[name], title: this.texts[name],
        "data-testid": `map-${name}`, on: { click: act },
      });
      const controls = [control("closer", "plus", () => this.zoomBy(1)), control("farther", "minus", () => this.zoomBy(-1)),
        control("all", "locate", () => this.fit())];
      const surface = element("div", { css: "qd-map-surface", tabindex: 0, role: "application", "aria-label": this.texts.label });
      surface.append(this.canvas, this.circles, this.marks);
      const notes = element("span", { css: "qd-map-note", text: this.config.note || "" });
      this.card = element("div", { css: "qd-map-card", hidden: true });
      const frame = element("div", { css: "qd-map-frame" });
      frame.append(surface, element("div", { css: "qd-map-controls" }, ...controls), notes, this.card);
      this.replaceChildren(frame, this.config.pin ? this.pad() : "");
      this.surface = surface;
      this.listen(surface);
    }

    // Moving the pin without dragging it: by a round number of metres that is about 12 pixels at this zoom.
    pad() {
      const ways = { north: ["up", 0, 1], west: ["left", -1, 0], east: ["right", 1, 0], south: ["down", 0, -1] };
      const buttons = Object.entries(ways).map(([name, [icon, east, north]]) => element("button", {
        type: "button", css: `qd-btn qd-btn-square qd-icon-${icon}`, "aria-label": this.texts[name], "data-way": name,
        "data-testid": `pin-${name}`, on: { click: () => this.nudge(east, north) },
      }));
      this.stepText = element("span", { css: "qd-map-step" });
      const words = element("span", { css: "qd-map-step", text: this.texts.move });
      return element("div", { css: "qd-map-pad", role: "group", "aria-label": this.texts.move }, words, ...buttons, this.stepText);
    }

    step() {
      const wanted = metresPerPixel(this.view.latitude, this.view.zoom) * 12;
      const unit = 10 ** Math.floor(Math.log10(wanted));
      return Math.max(1, unit * [1, 2, 5, 10].find((one) => one * unit >= wanted));
    }

    // The first nudge of a map without a pin sets it in the middle.
    nudge(east, north) {
      const pin = this.pin();
      if (!pin) return this.movePin({ latitude: this.view.latitude, longitude: this.view.longitude }, true);
      this.movePin(movedBy(pin, east * this.step(), north * this.step()), false);
      clearTimeout(this.telling); // several presses are told once: an answer to the first must not undo the next
      this.telling = setTimeout(() => this.tell(), TELL_AFTER_MS);
      const [x, y] = this.spot(this.pin());
      if (x < 30 || y < 30 || x > this.view.width - 30 || y > this.view.height - 30) this.panTo(this.pin());
    }

    pin() {
      return this.dots.find((one) => one.kind === "pin");
    }

    movePin(place, isLast) {
      const pin = this.pin();
      if (pin) Object.assign(pin, place, { accuracy_m: 0 });
      else this.dots.push({ ...place, kind: "pin", label: this.texts.pin });
      this.paint();
      if (isLast) this.tell();
    }

    tell() {
      clearTimeout(this.telling);
      this.telling = 0;
      const { latitude, longitude } = this.pin();
      this.told = { latitude, longitude };
      clearTimeout(this.answering);
      this.answering = setTimeout(() => Object.assign(this, { told: null }).stated(), ANSWER_AFTER_MS);
      this.dispatchEvent(new CustomEvent("pinmoved", { detail: { latitude, longitude } }));
    }

    listen(surface) {
      this.pointers = new Map();
      const at = (event) => ({ x: event.clientX, y: event.clientY });
      surface.addEventListener("pointerdown", (event) => {
        const mark = event.target.closest("button, a");
        this.dragged = this.config.pin && mark?.dataset.kind === "pin";
        if (mark && !this.dragged) return;
        surface.setPointerCapture(event.pointerId);
        this.pointers.set(event.pointerId, at(event));
        this.pressed = this.pointers.size === 1 ? at(event) : null;
      });
      surface.addEventListener("pointermove", (event) => {
        const before = this.pointers.get(event.pointerId);
        if (!before) return;
        if (this.dragged) return this.movePin(this.placeAt(event.clientX, event.clientY), false);
        const [now, other] = [at(event), [...this.pointers].find(([id]) => id !== event.pointerId)?.[1]];
        this.pointers.set(event.pointerId, now);
        if (other) {
          const apart = (point) => Math.max(20, Math.hypot(point.x - other.x, point.y - other.y));
          this.zoomTo(this.view.zoom + Math.log2(apart(now) / apart(before)), (now.x + other.x) / 2, (now.y + other.y) / 2);
        }
        return this.panBy((before.x - now.x) / this.pointers.size, (before.y - now.y) / this.pointers.size);
      });
      for (const type of ["pointerup", "pointercancel"]) {
        surface.addEventListener(type, (event) => {
          const still = this.pressed && Math.hypot(event.clientX - this.pressed.x, event.clientY - this.pressed.y) < 6;
          const isOurs = this.pointers.delete(event.pointerId);
          if (isOurs && this.config.pin && (this.dragged ? !still : still && type === "pointerup")) {
            this.movePin(this.placeAt(event.clientX, event.clientY), true);
          }
          Object.assign(this, { pressed: null, dragged: false });
        });
      }
      this.addEventListener("focusout", ({ relatedTarget: next }) => {
        if (this.telling && next && !this.contains(next)) this.tell();
      });
      surface.addEventListener("wheel", (event) => {
        event.preventDefault();
        this.zoomTo(this.view.zoom - within(-0.8, event.deltaY / 240, 0.8), event.clientX, event.clientY);
      }, { passive: false });
      surface.addEventListener("keydown", (event) => {
        const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
        if (by && this.config.pin && event.target.dataset.kind === "pin") this.nudge(by[0], -by[1]);
        else if (by) this.panBy(60 * by[0], 60 * by[1]);
        else if (event.key === "+" || event.key === "=") this.zoomBy(1);
        else if (event.key === "-") this.zoomBy(-1);
        else return;
        event.preventDefault();
      });
    }

    // --- where ---------------------------------------------------------------------------------------------------
    resized() {
      const box = this.surface.getBoundingClientRect();
      if (!box.width) return;
      Object.assign(this.view, { width: box.width, height: box.height });
      if (!this.isFitted) this.fit();
      else this.soon();
    }

    fit() {
      const all = [...this.dots, ...this.clusters];
      const box = this.config.fit && this.config.source ? this.bounds : null;
      const places = box ? [{ latitude: box.south, longitude: box.west }, { latitude: box.north, longitude: box.east }] : all;
      if (!this.view.width || !places.length) return this.soon();
      const range = (name) => [Math.min(...places.map((one) => one[name])), Math.max(...places.map((one) => one[name]))];
      const [south, north] = range("latitude");
      const [west, east] = range("longitude");
      const wide = Math.max(1e-9, toX(east, 0) - toX(west, 0));
      const high = Math.max(1e-9, toY(south, 0) - toY(north, 0));
      const pad = Math.min(56, this.view.width / 6, this.view.height / 6);
      const aside = places.length > 1 ? BUTTONS_PX : 0;
      const room = this.view.width - 2 * pad - aside;
      const zoom = Math.log2(Math.min(room / wide, (this.view.height - 2 * pad) / high));
      const radius = Math.max(0, ...this.dots.map((one) => one.accuracy_m || 0));
      const forCircle = radius ? Math.log2(metresPerPixel(north, 0) * Math.min(this.view.width, this.view.height) / (2.6 * radius)) : 99;
      Object.assign(this.view, {
        longitude: toLongitude((toX(west, 0) + toX(east, 0)) / 2, 0),
        latitude: toLatitude((toY(south, 0) + toY(north, 0)) / 2, 0),
        zoom: within(ZOOM_MIN, Math.min(zoom, forCircle, 17), ZOOM_MAX),
      });
      this.isFitted = true;
      return this.panBy(aside / 2, 0);
    }

    panBy(dx, dy) {
      const { view } = this;
      view.longitude = within(-180, toLongitude(toX(view.longitude, view.zoom) + dx, view.zoom), 180);
      view.latitude = within(-84, toLatitude(toY(view.latitude, view.zoom) + dy, view.zoom), 84);
      this.soon();
    }

    zoomBy(steps) {
      const box = this.surface.getBoundingClientRect();
      this.zoomTo(Math.round(this.view.zoom + steps), box.left + box.width / 2, box.top + box.height / 2);
    }

    // Keeps the place under (x, y) of the window where it is.
    zoomTo(zoom, x, y) {
      const box = this.surface.getBoundingClientRect();
      const [dx, dy] = [x - box.left - box.width / 2, y - box.top - box.height / 2];
      this.panBy(dx, dy);
      this.view.zoom = within(ZOOM_MIN, zoom, ZOOM_MAX);
      this.panBy(-dx, -dy);
    }

    placeAt(x, y) {
      const { view } = this;
      const box = this.surface.getBoundingClientRect();
      return {
        longitude: toLongitude(toX(view.longitude, view.zoom) + x - box.left - view.width / 2, view.zoom),
        latitude: toLatitude(toY(view.latitude, view.zoom) + y - box.top - view.height / 2, view.zoom),
      };
    }

    spot({ latitude, longitude }) {
      const { view } = this;
      return [toX(longitude, view.zoom) - toX(view.longitude, view.zoom) + view.width / 2,
        toY(latitude, view.zoom) - toY(view.latitude, view.zoom) + view.height / 2];
    }

    // --- what ----------------------------------------------------------------------------------------------------
    stated() {
      const mine = this.dots && this.pin();
      this.dots = JSON.parse(this.getAttribute("points") || "[]");
      this.bounds = this.config.bounds;
      if (this.config.source) this.ask();
      const pin = mine && this.pin();
      if (!pin) return this.fit();
      if (this.told && isSamePlace(pin, this.told)) this.told = null; // that is its answer; an earlier one undoes nothing
      if (this.telling || this.told) Object.assign(pin, mine);
      return isSamePlace(pin, mine) ? this.soon() : this.fit(); // what is looked at stays in view
    }

    ask() {
      clearTimeout(this.asking);
      this.asking = setTimeout(() => this.load(), ASK_AFTER_MS);
    }

    async load() {
      const { view } = this;
      if (!view.width || !this.config.source) return;
      const box = this.surface.getBoundingClientRect();
      const [nw, se] = [this.placeAt(box.left, box.top), this.placeAt(box.right, box.bottom)];
      const params = new URLSearchParams(this.getAttribute("query") || "");
      const asked = { south: se.latitude, west: within(-180, nw.longitude, 180), north: nw.latitude, east: within(-180, se.longitude, 180), zoom: Math.floor(view.zoom) };
      for (const [name, value] of Object.entries(asked)) params.set(name, typeof value === "number" && name !== "zoom" ? value.toFixed(6) : value);
      this.turn?.abort(); // an answer that nobody reads would hold back the next one to the same address
      this.turn = new AbortController();
      const { signal } = this.turn;
      const sent = { signal, headers: { Accept: "application/json" } };
      const answer = await fetch(`${this.config.source}?${params}`, sent).catch(() => null);
      const body = answer ? await answer.json().catch(() => ({})) : {};
      if (signal.aborted) return;
      this.dataset.state = answer?.ok ? "ready" : "error";
      if (!answer?.ok) return this.say(body.message || this.texts.offline);
      this.say("");
      this.clusters = body.clusters;
      this.dataset.count = String(body.clusters.reduce((sum, one) => sum + one.count, 0));
      this.paint();
      this.dispatchEvent(new CustomEvent("mapshown", { detail: asked }));
    }

    say(words) {
      this.card.hidden = !words;
      this.card.replaceChildren(words ? element("span", { text: words, role: "status" }) : "");
    }

    // --- drawing -------------------------------------------------------------------------------------------------
    soon() {
      if (this.config.source) this.ask();
      if (this.frame) return;
      this.frame = requestAnimationFrame(() => {
        this.frame = 0;
        this.paint();
      });
    }

    paint() {
      if (!this.view.width) return;
      this.ground.draw(this.view);
      if (this.stepText) this.stepText.textContent = length(this.step());
      const perPixel = metresPerPixel(this.view.latitude, this.view.zoom);
      this.circles.replaceChildren(...this.dots.filter((one) => one.accuracy_m).map((one) => {
        const [[x, y], size] = [this.spot(one), (2 * one.accuracy_m) / perPixel];
        return element("i", { css: "qd-map-circle", style: `left:${x}px;top:${y}px;width:${size}px;height:${size}px` });
      }));
      this.named = [];
      this.reached = this.covered();
      const dots = [...this.dots].sort((one, other) => rank(other) - rank(one)).map((one) => this.point(one));
      const marks = [...gathered(this.clusters, (one) => this.spot(one)).map((one) => this.cluster(one)), ...dots.reverse()];
      const focused = this.marks.contains(document.activeElement) ? document.activeElement.dataset.at : "";
      this.marks.replaceChildren(...marks.filter(Boolean));
      if (focused) this.marks.querySelector(`[data-at="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
    }

    // What buttons of the map cover: [left, top, right, bottom].
    covered() {
      const own = this.surface.getBoundingClientRect();
      return [...this.querySelectorAll(".qd-map-controls")].map((part) => {
        const box = part.getBoundingClientRect();
        return [box.left - own.left, box.top - own.top, box.right - own.left, box.bottom - own.top];
      });
    }

    // A mark under another, under a button or cut off at the edge is shown but is no button: nobody could hit it well.
    placed(place, half, properties, ...children) {
      const [x, y] = this.spot(place);
      const { width, height } = this.view;
      if (x < -half || y < -half || x > width + half || y > height + half) return null;
      const kind = properties["data-kind"];
      const at = kind === "pin" ? kind : `${place.latitude.toFixed(6)},${place.longitude.toFixed(6)},${kind}`;
      const middle = kind === "pin" ? y - half : y;
      const own = [x - half, middle - half, x + half, middle + half];
      const isFree = own[0] >= 0 && own[1] >= 0 && own[2] <= width && own[3] <= height
        && !this.reached.some((box) => own[0] < box[2] && own[2] > box[0] && own[1] < box[3] && own[3] > box[1]);
      const style = `left:${x}px;top:${y}px`;
      if (!isFree && rank(place) < TOP) {
        const { css, title, "data-tone": tone } = properties;
        return element("span", { css, title, "data-kind": kind, "data-tone": tone, "aria-hidden": "true", style }, ...children);
      }
      this.reached.push(own);
      const testid = kind === "pin" && "map-pin";
      return element("button", { type: "button", ...properties, "data-at": at, "data-testid": testid, style }, ...children);
    }

    cluster(one) {
      if (one.count === 1) return this.point({ ...one, kind: "store", label: one.name || one.code });
      const size = Math.round(26 + 7 * Math.log10(one.count));
      const words = fill(this.texts.several, { count: one.count });
      const inner = element("span", { text: one.count < 1000 ? one.count : `${(one.count / 1000).toFixed(one.count < 10000 ? 1 : 0)}k` });
      inner.style.width = inner.style.height = `${size}px`;
      const open = () => {
        Object.assign(this.view, { latitude: one.latitude, longitude: one.longitude });
        this.zoomBy(2);
      };
      return this.placed(one, Math.max(16, size / 2), { css: "qd-map-cluster", "data-kind": "several", "data-tone": one.tone,
        "aria-label": words, title: words, on: { click: open } }, inner);
    }

    point(one) {
      const name = one.label && this.isNamed(one) ? element("span", { css: "qd-map-name", text: one.label }) : null;
      const act = () => (one.code ? this.open(one) : this.panTo(one));
      return this.placed(one, one.kind === "pin" ? 22 : 14, { css: "qd-map-point", "data-kind": one.kind, "data-tone": one.tone,
        "aria-label": one.label || one.code, title: one.label, on: { click: act } }, element("i"), name);
    }

    // Names give way to those of what the map is about, and to each other.
    isNamed(one) {
      if (one.kind === "store" && this.view.zoom < NAMES_FROM_ZOOM) return false;
      const [x, y] = this.spot(one);
      const half = Math.min(100, 8 + one.label.length * 6);
      if (rank(one) < TOP && this.named.some((box) => Math.abs(box[0] - x) < box[2] + half && Math.abs(box[1] - y) < 20)) return false;
      this.named.push([x, y, half]);
      return true;
    }

    panTo(place) {
      Object.assign(this.view, { latitude: place.latitude, longitude: place.longitude });
      this.soon();
    }

    open(one) {
      const close = element("button", { type: "button", css: "qd-btn qd-btn-quiet qd-btn-square qd-icon-close", "aria-label": this.texts.close,
        on: { click: () => this.say("") } });
      const chip = one.status && element("span", { css: "qd-chip", "data-tone": one.tone, text: one.status });
      this.say(" ");
      this.card.replaceChildren(
        element("div", { css: "qd-map-card-text" }, element("b", { text: one.name || one.code }), element("small", { text: one.code }), chip),
        element("a", { css: "qd-btn", href: one.path, text: this.texts.open }), close,
      );
      this.card.querySelector("a").focus();
    }
  }
  customElements.define("qudao-map", QudaoMap);
})();
