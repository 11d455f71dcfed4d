"use strict";
// Keeps a wall's pictures current. Pictures, not a page application: nothing here grows.
(() => {
  const body = document.body;
  const frames = [...document.querySelectorAll(".frame")];
  const sheets = [...document.querySelectorAll(".sheet")];
  const contact = document.getElementById("contact");
  const POLL_S = 60; // also without a word from the stream
  const QUIET_S = 50; // three missed signs of life
  const RETRY_MAX_S = 60;
  let lastContact = Date.now();
  let pageTag = null;

  const heard = () => {
    lastContact = Date.now();
    contact.hidden = true;
  };

  const clamp = (value, low, high) => Math.max(low, Math.min(high, Math.round(value)));

  // The picture in device pixels; the size the page came with when it is as good.
  const address = (frame) => {
    const sheet = frame.parentElement;
    const wasShown = sheet.classList.contains("shown");
    if (!wasShown) sheet.classList.add("shown");
    const box = frame.getBoundingClientRect();
    if (!wasShown) sheet.classList.remove("shown");
    const ratio = window.devicePixelRatio || 1;
    let width = clamp(box.width * ratio, 200, 7680);
    let height = clamp(box.height * ratio, 120, 4320);
    const near = (value, given) => Math.abs(value - given) <= 2;
    if (near(width, +frame.dataset.width) && near(height, +frame.dataset.height)) {
      width = frame.dataset.width;
      height = frame.dataset.height;
    }
    const source = frame.dataset.source;
    return `${source}${source.includes("?") ? "&" : "?"}width=${width}&height=${height}`;
  };

  // Puts a whole picture in the place of the old one.
  const swap = async (frame, blob) => {
    const old = frame.querySelector("img");
    const next = new Image();
    next.alt = old ? old.alt : "";
    next.className = "coming";
    next.src = URL.createObjectURL(blob);
    try {
      await next.decode();
    } catch {
      URL.revokeObjectURL(next.src);
      return;
    }
    frame.append(next);
    requestAnimationFrame(() => (next.className = "here"));
    setTimeout(() => {
      for (const image of frame.querySelectorAll("img")) {
        if (image === next) break;
        if (image.src.startsWith("blob:")) URL.revokeObjectURL(image.src);
        image.remove();
      }
    }, 700);
  };

  const refresh = async (frame) => {
    if (frame.isBusy) {
      frame.isAskedAgain = true;
      return;
    }
    frame.isBusy = true;
    try {
      const url = address(frame);
      const answer = await fetch(url, { cache: "no-cache", signal: AbortSignal.timeout(30000) });
      const tag = url + answer.headers.get("etag");
      if (answer.status < 500) heard();
      // A daemon in trouble keeps its last picture on the wall; a wrong address shows its card.
      const isShown = answer.ok || (answer.status < 500 && !frame.hasPicture);
      if (isShown && tag !== frame.tag) {
        await swap(frame, await answer.blob());
        frame.tag = tag;
        frame.hasPicture = frame.hasPicture || answer.ok;
      }
    } catch {
      // No contact; the badge says so when it lasts.
    } finally {
      frame.isBusy = false;
      if (frame.isAskedAgain) {
        frame.isAskedAgain = false;
        refresh(frame);
      }
    }
  };

  const refreshAll = () => frames.forEach(refresh);

  // Loads the page anew only when it can be had: a screen must never show a browser's error.
  const reload = async () => {
    try {
      const answer = await fetch(location.href, { cache: "no-cache" });
      if (answer.ok) location.reload();
    } catch {
      setTimeout(reload, 5000);
    }
  };

  const listen = (attempt) => {
    const stream = new EventSource(body.dataset.events);
    let pictures = null;
    let tries = attempt;
    stream.addEventListener("pictures", (event) => {
      heard();
      tries = 0;
      const said = JSON.parse(event.data);
      if (said.layout !== body.dataset.layout) return reload();
      if (said.pictures !== pictures) refreshAll();
      pictures = said.pictures;
    });
    stream.addEventListener("beat", heard);
    stream.onerror = () => {
      stream.close();
      const pause = Math.min(RETRY_MAX_S, 2 ** Math.min(tries, 6)) * (0.5 + Math.random());
      setTimeout(() => listen(tries + 1), pause * 1000);
    };
  };

  // Without the stream, the page's own validator tells that the layout changed.
  const poll = async () => {
    refreshAll();
    try {
      const answer = await fetch(location.href, { method: "HEAD", cache: "no-store" });
      const tag = answer.headers.get("etag");
      if (answer.ok && pageTag && tag !== pageTag) location.reload();
      if (answer.ok) pageTag = tag;
    } catch {
      // As above.
    }
  };

  const watchContact = () => {
    const quiet_s = (Date.now() - lastContact) / 1000;
    if (quiet_s < QUIET_S) return;
    const minutes = Math.max(1, Math.round(quiet_s / 60));
    const since = new Date(lastContact).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
    contact.textContent = `No contact for ${minutes} min – pictures as of ${since}`;
    contact.hidden = false;
  };

  if (sheets.length > 1) {
    let shown = Math.max(0, sheets.findIndex((sheet) => sheet.classList.contains("shown")));
    setInterval(() => {
      sheets[shown].classList.remove("shown");
      shown = (shown + 1) % sheets.length;
      sheets[shown].classList.add("shown");
    }, Number(body.dataset.rotate) * 1000);
  }

  let resizing = 0;
  addEventListener("resize", () => {
    clearTimeout(resizing);
    resizing = setTimeout(refreshAll, 500);
  });
  setInterval(poll, POLL_S * 1000 * (0.9 + 0.2 * Math.random()));
  setInterval(watchContact, 5000);
  refreshAll();
  listen(0);
})();
