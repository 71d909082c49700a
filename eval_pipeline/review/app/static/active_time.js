// Active seconds: counted while the page is in sight and the last input is at most a minute old.

import { form } from "./panel.js";

const IDLE_MS = 60_000;
let counted = Number(form?.elements.seconds.value ?? 0);
let lastInput = Date.now();
let lastTick = Date.now();

function tick() {
  const now = Date.now();
  const until = Math.min(now, lastInput + IDLE_MS);
  if (!document.hidden && until > lastTick) counted += (until - lastTick) / 1000;
  lastTick = now;
}

/** Active seconds so far, with those of the draft. */
export function seconds() {
  tick();
  return Math.round(counted * 10) / 10;
}

/** Begin to count. */
export function start() {
  for (const kind of ["keydown", "pointerdown", "pointermove", "wheel", "touchstart", "scroll"]) {
    window.addEventListener(kind, () => { tick(); lastInput = Date.now(); }, { passive: true, capture: true });
  }
  document.addEventListener("visibilitychange", () => { lastTick = document.hidden ? (tick(), Date.now()) : Date.now(); });
  setInterval(tick, 1000);
}
