// The ground of the map: no tiles and no borders, only a graticule, the names of places and a scale. Web Mercator.
(() => {
  "use strict";
  const TILE = 256;
  const EARTH_M = 40075016.686;
  const STEPS = [30, 20, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0005, 0.0002];
  const LINE_PX = 110; // about so far apart
  const TOGETHER_PX = 44;
  const FROM_ZOOM = { 1: 0, 2: 5.2, 3: 8.6 }; // level of a region → zoom from which its names are shown

  const DEGREE_M = 111195;
  const SAME_PLACE = 1e-5; // degrees: a metre

  const within = (low, value, high) => Math.min(high, Math.max(low, value));
  const movedBy = ({ latitude, longitude }, east, north) => ({
    latitude: latitude + north / DEGREE_M,
    longitude: longitude + east / (DEGREE_M * Math.cos((latitude * Math.PI) / 180)),
  });
  const isSamePlace = (one, other) => Math.max(Math.abs(one.latitude - other.latitude), Math.abs(one.longitude - other.longitude)) < SAME_PLACE;
  const world = (zoom) => TILE * 2 ** zoom;
  const toX = (longitude, zoom) => ((longitude + 180) / 360) * world(zoom);
  const toY = (latitude, zoom) => {
    const sine = Math.sin((Math.max(-85, Math.min(85, latitude)) * Math.PI) / 180);
    return (0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI)) * world(zoom);
  };
  const toLongitude = (x, zoom) => (x / world(zoom)) * 360 - 180;
  const toLatitude = (y, zoom) => (Math.atan(Math.sinh(Math.PI * (1 - (2 * y) / world(zoom)))) * 180) / Math.PI;
  const metresPerPixel = (latitude, zoom) => (EARTH_M * Math.cos((latitude * Math.PI) / 180)) / world(zoom);

  // On the WGS-84 ellipsoid, by its radii at the latitude in the middle: for labels up to some hundred kilometres.
  const distance = (one, other) => {
    const rad = Math.PI / 180;
    const middle = ((one.latitude + other.latitude) / 2) * rad;
    const flat = 1 - 0.00669437999014 * Math.sin(middle) ** 2;
    const north = (one.latitude - other.latitude) * rad * ((6378137 * (1 - 0.00669437999014)) / flat ** 1.5);
    const apart = (((one.longitude - other.longitude + 540) % 360) - 180) * rad;
    return Math.hypot(north, apart * (6378137 / Math.sqrt(flat)) * Math.cos(middle));
  };

  const length = (metres) => {
    if (metres < 1000) return `${Math.round(metres)} m`;
    return `${metres < 10000 ? (metres / 1000).toFixed(1) : Math.round(metres / 1000).toLocaleString("en")} km`;
  };

  // Clusters that would lie on each other on this screen become one; the larger keeps its place. `spot`: place → [x, y].
  const gathered = (clusters, spot) => {
    const found = [];
    for (const one of [...clusters].sort((a, b) => b.count - a.count)) {
      const [x, y] = spot(one);
      const other = found.find((near) => Math.hypot(near.x - x, near.y - y) < TOGETHER_PX);
      if (!other) found.push({ ...one, x, y });
      else Object.assign(other, { count: other.count + one.count, tone: other.tone === "pending" ? "pending" : one.tone });
    }
    return found;
  };

  const names = new Map(); // level → promise of [[name, latitude, longitude], …]
  const placesOf = (level, url) => {
    if (!names.has(level)) {
      const asked = fetch(`${url}/${level}.json`).then((answer) => (answer.ok ? answer.json() : [])).catch(() => []);
      names.set(level, asked);
    }
    return names.get(level);
  };

  class Ground {
    constructor(canvas, placesUrl, redraw) {
      Object.assign(this, { canvas, placesUrl, redraw, places: {} });
    }

    // `view`: {latitude, longitude, zoom, width, height}; centre and size in CSS pixels.
    draw(view) {
      const { canvas } = this;
      const ratio = window.devicePixelRatio || 1;
      const [width, height] = [Math.round(view.width * ratio), Math.round(view.height * ratio)];
      if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
      const style = getComputedStyle(canvas);
      const colour = (name) => style.getPropertyValue(`--${name}`).trim();
      this.paint = canvas.getContext("2d");
      this.paint.setTransform(ratio, 0, 0, ratio, 0, 0);
      this.paint.fillStyle = colour("sunken");
      this.paint.fillRect(0, 0, view.width, view.height);
      this.font = style.fontFamily;
      this.left = toX(view.longitude, view.zoom) - view.width / 2;
      this.top = toY(view.latitude, view.zoom) - view.height / 2;
      this.lines(view, colour("line"), colour("text-3"));
      this.taken = [];
      this.labels(view, colour);
      this.scale(view, colour("text-2"));
    }

    lines(view, line, ink) {
      const { paint } = this;
      const wanted = (LINE_PX / world(view.zoom)) * 360;
      const step = STEPS.findLast((one) => one >= wanted) ?? STEPS[0];
      const decimals = Math.max(0, Math.ceil(-Math.log10(step) - 1e-9));
      paint.strokeStyle = line;
      paint.fillStyle = ink;
      paint.lineWidth = 1;
      paint.font = `10px ${this.font}`;
      paint.textBaseline = "top";
      paint.beginPath();
      const west = Math.ceil(toLongitude(this.left, view.zoom) / step);
      const east = Math.floor(toLongitude(this.left + view.width, view.zoom) / step);
      for (let at = west; at <= east; at += 1) {
        const x = Math.round(toX(at * step, view.zoom) - this.left) + 0.5;
        paint.moveTo(x, 0);
        paint.lineTo(x, view.height);
        if (x > 44 && x < view.width - 70) paint.fillText(`${Math.abs(at * step).toFixed(decimals)}°${at < 0 ? "W" : "E"}`, x + 3, 3);
      }
      const south = Math.ceil(toLatitude(this.top + view.height, view.zoom) / step);
      const north = Math.floor(toLatitude(this.top, view.zoom) / step);
      for (let at = south; at <= north; at += 1) {
        const y = Math.round(toY(at * step, view.zoom) - this.top) + 0.5;
        paint.moveTo(0, y);
        paint.lineTo(view.width, y);
        if (y > 18 && y < view.height - 40) paint.fillText(`${Math.abs(at * step).toFixed(decimals)}°${at < 0 ? "S" : "N"}`, 4, y + 3);
      }
      paint.stroke();
    }

    labels(view, colour) {
      let shown = 0;
      for (const level of [1, 2, 3]) {
        if (view.zoom < FROM_ZOOM[level]) continue;
        const known = this.places[level];
        if (!known) {
          placesOf(level, this.placesUrl).then((found) => {
            this.places[level] = found;
            if (found.length) this.redraw();
          });
          continue;
        }
        shown += this.level(view, level, known, colour);
      }
      if (!shown && view.zoom >= FROM_ZOOM[3] && this.places[3]) this.signposts(view, colour);
    }

    level(view, level, known, colour) {
      const { paint } = this;
      const isFading = view.zoom > FROM_ZOOM[level] + 6;
      paint.font = `${level === 1 ? 600 : 400} ${level === 1 ? 13 : 12}px ${this.font}`;
      paint.textBaseline = "middle";
      paint.textAlign = "center";
      paint.fillStyle = colour(level === 1 && !isFading ? "text-2" : "text-3");
      let count = 0;
      for (const [name, latitude, longitude] of known) {
        const x = toX(longitude, view.zoom) - this.left;
        const y = toY(latitude, view.zoom) - this.top;
        if (x < 0 || y < 0 || x > view.width || y > view.height) continue;
        const half = paint.measureText(name).width / 2 + 6;
        if (!this.isFree(x - half, y - 9, x + half, y + 9)) continue;
        paint.fillText(name, x, y);
        count += 1;
      }
      paint.textAlign = "left";
      return count;
    }

    // Where no name is in sight, the nearest two say at the edge in which direction they lie and how far.
    signposts(view, colour) {
      const { paint } = this;
      const centre = { latitude: view.latitude, longitude: view.longitude };
      const near = this.places[3]
        .map(([name, latitude, longitude]) => ({ name, latitude, longitude, far: distance(centre, { latitude, longitude }) }))
        .sort((one, other) => one.far - other.far).slice(0, 2);
      paint.font = `12px ${this.font}`;
      paint.textBaseline = "middle";
      paint.fillStyle = colour("text-3");
      for (const place of near) {
        if (place.far > 200000) continue;
        const dx = toX(place.longitude, view.zoom) - this.left - view.width / 2;
        const dy = toY(place.latitude, view.zoom) - this.top - view.height / 2;
        const words = `${place.name} ${length(place.far)}`;
        const half = paint.measureText(words).width / 2;
        const aside = dx > 0 ? 64 : 24; // the buttons stand at the right
        const room = Math.min((view.width / 2 - half - aside) / Math.abs(dx), (view.height / 2 - 34) / Math.abs(dy));
        const [x, y] = [view.width / 2 + dx * room, view.height / 2 + dy * room];
        if (!this.isFree(x - half - 18, y - 10, x + half + 4, y + 10)) continue;
        paint.fillText(words, x - half + 6, y);
        paint.save();
        paint.translate(x - half - 6, y);
        paint.rotate(Math.atan2(dy, dx));
        paint.beginPath();
        paint.moveTo(6, 0);
        paint.lineTo(-4, -4);
        paint.lineTo(-4, 4);
        paint.fill();
        paint.restore();
      }
    }

    isFree(left, top, right, bottom) {
      if (this.taken.some((box) => left < box[2] && right > box[0] && top < box[3] && bottom > box[1])) return false;
      this.taken.push([left, top, right, bottom]);
      return true;
    }

    scale(view, ink) {
      const { paint } = this;
      const perPixel = metresPerPixel(view.latitude, view.zoom);
      const most = perPixel * 100;
      const unit = 10 ** Math.floor(Math.log10(most));
      const metres = unit * ([5, 2, 1].find((one) => one * unit <= most) ?? 1);
      const [x, y, width] = [12, view.height - 14, metres / perPixel];
      paint.strokeStyle = ink;
      paint.fillStyle = ink;
      paint.lineWidth = 1.5;
      paint.beginPath();
      paint.moveTo(x, y - 5);
      paint.lineTo(x, y);
      paint.lineTo(x + width, y);
      paint.lineTo(x + width, y - 5);
      paint.stroke();
      paint.font = `11px ${this.font}`;
      paint.textBaseline = "bottom";
      paint.fillText(length(metres), x + 4, y - 2);
    }
  }

  window.qudao.ground = { Ground, toX, toY, toLatitude, toLongitude, metresPerPixel, distance, length, gathered, within, movedBy, isSamePlace };
})();
