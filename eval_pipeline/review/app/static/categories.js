// Find a category by typing: over title, id and definition; Enter takes the first that is left.

import { choose, form, openMind, read } from "./panel.js";
import { unfold } from "./sheet.js";

const finder = form?.querySelector(".finder");
const field = document.getElementById("category-filter");
const entries = [...(form?.querySelectorAll("#category-list > li") ?? [])];
const noneFound = document.getElementById("none-found");

if (field) {
  finder.hidden = false;
  field.addEventListener("input", (event) => { event.stopPropagation(); filter(); });
  field.addEventListener("keydown", (event) => {
    if (event.key === "Escape") leaveFinder(false);
    else if (event.key === "ArrowDown" || event.key === "ArrowUp") { event.preventDefault(); step(event.key === "ArrowDown" ? 1 : -1); }
  });
  field.addEventListener("blur", () => entries.forEach((entry) => entry.classList.remove("found-first")));
}

/** Begin to type; an answer other than failed becomes failed, for only a failure has a category. */
export function findCategory() {
  if (!field) return false;
  unfold();
  openMind();
  if (read().answer !== "fail") choose("answer", "fail");
  field.focus();
  filter();
  return true;
}

/** Leave the field; `isTaken`: with the highlighted category chosen. */
export function leaveFinder(isTaken) {
  const found = entries.find((entry) => entry.classList.contains("found-first"));
  field.value = "";
  filter();
  field.blur();
  if (isTaken && found) choose("category", found.querySelector("input").value);
}

function filter() {
  const wanted = field.value.trim().toLowerCase().split(/\s+/);
  for (const entry of entries) entry.hidden = !wanted.every((part) => entry.dataset.find.toLowerCase().includes(part));
  const left = entries.filter((entry) => !entry.hidden);
  noneFound.hidden = left.length > 0;
  highlight(field.value && left.length ? left[0] : null);
}

function step(delta) {
  const left = entries.filter((entry) => !entry.hidden);
  const at = left.findIndex((entry) => entry.classList.contains("found-first"));
  highlight(left[Math.max(0, Math.min(left.length - 1, at + delta))] ?? null);
}

function highlight(entry) {
  entries.forEach((other) => other.classList.toggle("found-first", other === entry));
}
