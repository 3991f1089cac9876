// A page that acts through its connection says at once when the connection is lost, and does nothing until it is back.
// Every message states when it was sent: the server drops what was under way too long (pages/web/sockets/_delays.py).
(() => {
  "use strict";
  const ANSWER_MS = 2500; // a tap that brings no answer for so long is taken for a lost connection
  const RETRY_MS = 1500;
  const notice = () => document.querySelector("[data-needs-connection]");
  let isLost = false;
  let isAsking = false;
  let heardAt = performance.now();

  const show = (lost) => {
    isLost = lost;
    const box = notice();
    if (!box) return;
    box.hidden = !lost;
    document.documentElement.dataset.connection = lost ? "lost" : "open";
  };

  // Asks the server whether it can be reached; a socket notices a dead line only after half a minute.
  const ask = async () => {
    if (isAsking) return;
    isAsking = true;
    let answers = false;
    try {
      const answer = await fetch("/healthz", { cache: "no-store", signal: AbortSignal.timeout(ANSWER_MS) });
      answers = answer.ok || answer.status === 429;
    } catch {
      answers = false;
    }
    isAsking = false;
    if (answers) heardAt = performance.now();
    const lost = !answers || !navigator.onLine || !window.socket?.connected;
    if (lost !== isLost) show(lost);
    if (lost) setTimeout(ask, RETRY_MS);
  };

  const lose = () => {
    show(true);
    setTimeout(ask, RETRY_MS);
  };

  const follow = (socket) => {
    const { emit } = socket;
    socket.emit = function stamped(name, message, ...rest) {
      const stated = message && typeof message === "object" ? { ...message, sent_ms: Date.now() } : message;
      return emit.call(this, name, stated, ...rest);
    };
    socket.onAny(() => {
      heardAt = performance.now();
    });
    socket.on("connect", ask);
    socket.on("disconnect", lose);
  };

  const wait = setInterval(() => {
    if (!window.socket) return;
    clearInterval(wait);
    follow(window.socket);
  }, 20);

  window.addEventListener("offline", lose);
  window.addEventListener("online", ask);

  const stop = (event) => {
    const box = notice();
    if (!box || !event.target.closest?.("main")) return;
    if (!isLost && performance.now() - heardAt > ANSWER_MS / 2) ask();
    if (!isLost) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    box.classList.remove("qd-offline-again");
    void box.offsetWidth; // begins the movement anew
    box.classList.add("qd-offline-again");
  };
  for (const name of ["click", "change", "keydown"]) {
    document.addEventListener(name, (event) => name === "keydown" && event.key === "Tab" || stop(event), true);
  }
})();
