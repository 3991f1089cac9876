// Runs before anything is drawn: light or dark, row height and folded navigation as this browser chose them.
(() => {
  "use strict";
  const root = document.documentElement;
  const system = window.matchMedia("(prefers-color-scheme: dark)");

  const cookie = (name) => {
    const found = document.cookie.split("; ").find((pair) => pair.startsWith(`qudao_${name}=`));
    return found ? decodeURIComponent(found.slice(found.indexOf("=") + 1)) : "";
  };
  const keep = (name, value) => {
    const secure = location.protocol === "https:" ? ";secure" : "";
    const age = value ? 31536000 : 0;
    document.cookie = `qudao_${name}=${encodeURIComponent(value)};path=/;max-age=${age};samesite=lax${secure}`;
  };
  const apply = () => {
    const chosen = cookie("mode");
    const dark = chosen ? chosen === "dark" : system.matches;
    root.dataset.mode = dark ? "dark" : "light";
    root.dataset.density = cookie("density") || "default";
    root.dataset.nav = cookie("nav") || "open";
    document.body?.classList.toggle("body--dark", dark);
    document.body?.classList.toggle("body--light", !dark);
    window.Quasar?.Dark?.set(dark);
  };

  system.addEventListener("change", apply);
  document.addEventListener("DOMContentLoaded", apply);
  apply();
  window.qudao = { cookie, keep, apply };
})();
