// On a narrow screen the panel is a sheet at the bottom that folds down to the answer alone. Elsewhere nothing of this shows.

import { form, isRevealed, panel, read } from "./panel.js";

const handle = document.getElementById("sheet");

/** Make the panel a sheet, folded until an answer needs more of it. */
export function start() {
  panel.classList.add("is-sheet");
  handle.hidden = false;
  set(!isRevealed);
  form.addEventListener("entered", () => { if (read().answer) unfold(); });
  handle.addEventListener("click", () => set(!panel.classList.contains("is-folded")));
}

/** Show all of the panel. */
export function unfold() {
  set(false);
}

function set(isFolded) {
  panel.classList.toggle("is-folded", isFolded);
  handle.setAttribute("aria-expanded", String(!isFolded));
  handle.textContent = isFolded ? "More" : "Less";
}
