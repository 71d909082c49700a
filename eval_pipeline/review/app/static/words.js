// Machines' words, answered one by one: which is the current one, agree, override, agree with the rest.

import { choose, form } from "./panel.js";

let current = null;

const all = () => [...form.querySelectorAll(".word")].filter((word) => word.querySelector("input[type=radio]") && isInSight(word));
const isInSight = (word) => word.closest("details")?.open ?? true;
const isAnswered = (word) => word.querySelector("input:checked") !== null;
const rest = () => all().filter((word) => "confirmable" in word.dataset && !isAnswered(word));

/** How many words that "agree with the rest" means are not answered. */
export const unanswered = () => rest().length;

/** Make the first word without an answer the current one. */
export function start() {
  settle(rest()[0] ?? null);
  form.addEventListener("focusin", (event) => { const word = event.target.closest(".word"); if (word) mark(word); });
}

/** Move by `delta` words; whether there are any. */
export function move(delta) {
  const words = all();
  if (!words.length) return false;
  const at = words.indexOf(current);
  settle(words[at < 0 ? 0 : Math.max(0, Math.min(words.length - 1, at + delta))]);
  return true;
}

/** Answer the current word and go on to the next without an answer. */
export function answer(response) {
  if (!current) return false;
  const answered = current;
  choose(`word:${answered.dataset.target}`, response);
  const words = all();
  const after = words.slice(words.indexOf(answered) + 1).find((word) => !isAnswered(word));
  settle(after ?? rest()[0] ?? answered);
  return true;
}

/** Agree with every word on screen that is not answered. */
export function agreeWithRest() {
  for (const word of rest()) choose(`word:${word.dataset.target}`, "agreed");
}

function settle(word) {
  mark(word);
  word?.focus({ preventScroll: true });
  word?.scrollIntoView({ block: "nearest" });
}

function mark(word) {
  current?.classList.remove("is-current");
  current = word;
  current?.classList.add("is-current");
}
