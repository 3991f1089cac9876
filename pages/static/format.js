// How raw values read, in the language of the page. Money stays a decimal string from end to end: never a float.
(() => {
  "use strict";
  const EMPTY = "—";
  const ZONE = "Asia/Shanghai";
  const language = () => document.documentElement.lang || "zh-CN";
  const made = new Map();
  const once = (name, make) => {
    const key = `${name} ${language()}`;
    if (!made.has(key)) made.set(key, make());
    return made.get(key);
  };

  const isNothing = (value) => value === null || value === undefined || value === "";

  const isNegative = (value) => /^-.*[1-9]/.test(String(value ?? ""));

  const group = (digits) => digits.replace(/\B(?=(\d{3})+(?!\d))/g, ",");

  // "-1234.5" → "−¥1,234.50"; up to four decimals are kept, as unit prices have them.
  const money = (value) => {
    if (isNothing(value)) return EMPTY;
    const parts = /^(-?)(\d+)(?:\.(\d+))?$/.exec(String(value));
    if (!parts) return String(value);
    const decimals = (parts[3] || "").replace(/0+$/, "").padEnd(2, "0");
    return `${isNegative(value) ? "−" : ""}¥${group(parts[2])}.${decimals}`;
  };

  const number = (value) => {
    if (isNothing(value)) return EMPTY;
    const parts = /^(-?)(\d+)(\.\d+)?$/.exec(String(value));
    return parts ? `${isNegative(value) ? "−" : ""}${group(parts[2])}${parts[3] || ""}` : String(value);
  };

  const date = (value) => (isNothing(value) ? EMPTY : String(value).slice(0, 10));

  const datetime = (value) => {
    if (isNothing(value)) return EMPTY;
    const instant = new Date(value);
    if (Number.isNaN(instant.getTime())) return String(value);
    const options = { timeZone: ZONE, dateStyle: "short", timeStyle: "short" };
    return once("datetime", () => new Intl.DateTimeFormat("sv-SE", options)).format(instant);
  };

  const text = (value) => (isNothing(value) ? EMPTY : String(value));

  // "13800138000" → "138 0013 8000"; other numbers stay as they are written.
  const phone = (value) => text(value).replace(/^(1\d{2})(\d{4})(\d{4})$/, "$1 $2 $3");

  const tags = (value) => (Array.isArray(value) && value.length ? value.join("、") : EMPTY);

  const fill = (sentence, values) =>
    String(sentence).replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));

  // Adds decimal strings exactly: everything in ten-thousandths.
  const sum = (values) => {
    let total = 0n;
    for (const value of values) {
      const parts = /^(-?)(\d+)(?:\.(\d{1,4}))?$/.exec(String(value ?? ""));
      if (!parts) continue;
      const part = BigInt(parts[2] + (parts[3] || "").padEnd(4, "0"));
      total += parts[1] ? -part : part;
    }
    const digits = String(total < 0n ? -total : total).padStart(5, "0");
    return `${total < 0n ? "-" : ""}${digits.slice(0, -4)}.${digits.slice(-4)}`;
  };

  const element = (tag, properties = {}, ...children) => {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(properties)) {
      if (value === null || value === undefined || value === false) continue;
      if (name === "text") node.textContent = value;
      else if (name === "css") node.className = value;
      else if (name === "on") for (const [type, listen] of Object.entries(value)) node.addEventListener(type, listen);
      else node.setAttribute(name, value === true ? "" : String(value));
    }
    node.append(...children.filter(Boolean));
    return node;
  };

  const formats = { money, number, date, datetime, text, tags, phone, chip: text, isNegative };
  Object.assign(window.qudao, { formats, fill, sum, element, isNothing, EMPTY });
})();
