// The panel's fields: read them as one value, put a value into them, take entries back one by one, say what is missing.
// Not here: keys (session.js), saving (draft.js), sending (offline.js).

export const root = document.getElementById("session");
export const panel = document.getElementById("panel");
export const form = document.getElementById("panel-form");
export const isRevealed = root.dataset.stage === "revealed";
const NAMES = ["answer", "first_bad_turn", "category", "note", "question_answer"];

/** What is entered: texts by name; after the reveal also `words`, target to agreed or overridden. */
export const read = () => contentOf(Object.fromEntries(new FormData(form)));

/** The same of the fields of a form that is sent. */
export function contentOf(fields) {
  const content = Object.fromEntries(NAMES.map((name) => [name, String(fields[name] ?? "")]));
  if (!("words_seen" in fields)) return content;
  const words = Object.entries(fields).filter(([name]) => name.startsWith("word:"));
  return { ...content, words_seen: fields.words_seen, words: Object.fromEntries(words.map(([name, value]) => [name.slice(5), value])) };
}

/** Put `content` into the fields; what it does not name is emptied, but for responses to other words than these. */
export function write(content) {
  const isOfTheseWords = !isRevealed || content.words_seen === form.elements.words_seen.value;
  for (const field of form.elements) {
    const name = field.name ?? "";
    const isWord = name.startsWith("word:");
    if (isWord ? !isOfTheseWords : !NAMES.includes(name)) continue;
    const value = (isWord ? content.words?.[name.slice(5)] : content[name]) ?? "";
    if (field.type === "radio") field.checked = field.value === value && (value !== "" || name === "category");
    else field.value = value;
  }
  changed();
}

/** Whether two contents say the same. */
export const isSame = (one, other) => NAMES.every((name) => (one[name] ?? "") === (other[name] ?? ""))
  && JSON.stringify(Object.entries(one.words ?? {}).sort()) === JSON.stringify(Object.entries(other.words ?? {}).sort());

/** Choose the radio button `name` = `value`; whether there is one. */
export function choose(name, value) {
  const found = [...form.elements].find((field) => field.name === name && field.value === value);
  if (!found) return false;
  found.checked = true;
  if (name === "answer" || name === "category") openMind();
  changed(name);
  return true;
}

/** Mark turn `index` as the first wrong one; remove the mark when it is that already or null. */
export function markTurn(index) {
  const field = form?.elements.first_bad_turn;
  if (!field) return;
  field.value = index === null || field.value === String(index) ? "" : String(index);
  openMind();
  changed("first_bad_turn");
}

/** Open the part where an answer that is locked may be changed. */
export function openMind() {
  const mind = document.getElementById("mind");
  if (mind) mind.open = true;
}

const undone = [];
let last = form ? read() : null;
let lastName = null;

function changed(name = "") {
  const now = read();
  if (!isSame(now, last)) {
    if (name !== "note" || lastName !== "note") undone.push(last);
    [last, lastName] = [now, name];
  }
  form.dispatchEvent(new CustomEvent("entered"));
}

/** Take the last entry back; whether there was one. */
export function undo() {
  const before = undone.pop();
  if (!before) return false;
  last = before;
  write(before);
  return true;
}

/** What the answer still lacks, in words; empty when it can be sent. */
export function missing() {
  const entered = read();
  if (!entered.answer) return "Choose first: fine, failed or unsure.";
  const isBare = entered.answer === "fail" && !entered.category && !entered.note.trim();
  return isBare ? "Choose a category, or say in the note why none fits." : "";
}

form?.addEventListener("input", (event) => changed(event.target.name));
