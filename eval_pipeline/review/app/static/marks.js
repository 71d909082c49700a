// "Went wrong" at every turn: marks the first wrong one by mouse and touch, and shows which it is.

import { form, markTurn } from "./panel.js";

/** Give every turn its button, those that are loaded later as well. */
export function start() {
  const transcript = document.getElementById("transcript");
  const dress = () => {
    for (const turn of transcript.querySelectorAll(".turn[data-turn]:not(:has(> header .turn-mark))")) turn.querySelector("header").append(made(turn));
    show();
  };
  new MutationObserver(dress).observe(transcript, { childList: true, subtree: true });
  form.addEventListener("entered", show);
  const clear = document.getElementById("clear-turn");
  clear?.addEventListener("click", () => { markTurn(null); document.getElementById("first-bad-turn").focus(); });
  dress();
}

function made(turn) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "turn-mark";
  button.innerHTML = '<span aria-hidden="true">\u2691</span> <span class="turn-mark-words">went wrong</span>';
  button.title = "The first turn that went wrong";
  button.setAttribute("aria-label", `Turn ${turn.dataset.turn} is the first that went wrong`);
  button.addEventListener("click", () => { markTurn(Number(turn.dataset.turn)); turn.focus({ preventScroll: true }); });
  return button;
}

function show() {
  const wrong = form.elements.first_bad_turn?.value ?? "";
  for (const button of document.querySelectorAll(".turn-mark")) {
    const isIt = wrong !== "" && button.closest(".turn").dataset.turn === wrong;
    if (button.getAttribute("aria-pressed") !== String(isIt)) button.setAttribute("aria-pressed", String(isIt));
  }
  const clear = document.getElementById("clear-turn");
  if (clear) clear.hidden = wrong === "";
}
