// Search in the transcript: asks the server, which reads all turns, shows the places, and goes from one to the next.
// Text of a transcript is always put in as text. Not here: moving through turns (transcript.js).

import { focusTurn, say } from "./transcript.js";

const form = document.querySelector("#transcript .find");
const field = document.getElementById("find-words");
const box = document.getElementById("found");
let hits = [];
let here = -1;
let asked = "";
let round = 0;

async function search() {
  const words = field.value.trim();
  const mine = ++round;
  if (words === "") return close();
  const address = `/session/search?${new URLSearchParams(new FormData(form))}`;
  const answer = await fetch(address, { headers: { Accept: "application/json" }, credentials: "same-origin" }).catch(() => null);
  const isJson = answer?.ok && (answer.headers.get("Content-Type") ?? "").startsWith("application/json");
  const found = isJson ? await answer.json() : null;
  if (mine !== round) return;
  asked = words;
  hits = found?.hits ?? [];
  here = -1;
  show(found);
  if (hits.length) step(1);
}

function show(found) {
  const places = found ? `${found.n_matches} places in ${found.n_turns} turns` : "The search did not reach the server. Try again.";
  const cut = found && found.n_turns > hits.length ? `, the first ${hits.length} shown` : "";
  const summary = document.createElement("p");
  summary.textContent = `${places}${cut}. ${hits.length ? "Enter: next, Shift+Enter: previous, Esc: close." : ""}`;
  const list = document.createElement("ol");
  list.className = "hits";
  list.append(...hits.map(row));
  box.replaceChildren(summary, list);
  box.hidden = false;
  say(places);
}

function row(hit) {
  const link = document.createElement("a");
  link.href = `#turn-${hit.turn}`;
  link.dataset.to = hit.turn;
  link.textContent = `${hit.turn} ${hit.role}${hit.count > 1 ? ` (${hit.count})` : ""}`;
  const mark = document.createElement("mark");
  mark.textContent = hit.match;
  const line = document.createElement("li");
  line.append(link, " ", hit.before, mark, hit.after);
  return line;
}

async function step(by) {
  here = (here + by + hits.length) % hits.length;
  const rows = box.querySelectorAll("li");
  rows.forEach((line, index) => line.classList.toggle("is-here", index === here));
  rows[here].scrollIntoView({ block: "nearest" });
  const isTyping = document.activeElement === field;
  await focusTurn(hits[here].turn);
  openFolds(document.getElementById(`turn-${hits[here].turn}`));
  paint();
  if (isTyping) field.focus({ preventScroll: true });
}

/** Open the folds in which the words stand. */
function openFolds(turn) {
  for (const fold of turn?.querySelectorAll("details.fold") ?? []) {
    if (fold.textContent.toLowerCase().includes(asked.toLowerCase())) fold.open = true;
  }
}

/** Highlight the words where they stand in one piece of text; the browser draws it, the HTML stays as it is. */
function paint() {
  if (!window.CSS?.highlights) return;
  CSS.highlights.delete("found");
  const words = asked.toLowerCase();
  if (!words) return;
  const ranges = [];
  const walker = document.createTreeWalker(document.querySelector("#transcript .tiles"), NodeFilter.SHOW_TEXT);
  while (walker.nextNode() && ranges.length < 2000) {
    const text = walker.currentNode.data.toLowerCase();
    if (text.length !== walker.currentNode.data.length) continue;
    for (let at = text.indexOf(words); at >= 0; at = text.indexOf(words, at + words.length)) {
      const range = new Range();
      range.setStart(walker.currentNode, at);
      range.setEnd(walker.currentNode, at + words.length);
      ranges.push(range);
    }
  }
  CSS.highlights.set("found", new Highlight(...ranges));
}

function close() {
  [hits, here, asked] = [[], -1, ""];
  box.hidden = true;
  box.replaceChildren();
  paint();
}

function onKey(event) {
  if (event.key === "Escape") {
    field.value = "";
    close();
    field.blur();
  } else if (event.key === "Enter" && event.shiftKey && hits.length) {
    event.preventDefault();
    step(-1);
  }
}

if (form) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (hits.length && field.value.trim() === asked) step(1);
    else search();
  });
  field.addEventListener("keydown", onKey);
  field.addEventListener("search", () => field.value === "" && close());
  document.addEventListener("turnsloaded", paint);
}
