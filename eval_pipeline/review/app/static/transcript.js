// The transcript: moving through turns, loading windows of them, jumping, folds. Works without: every link leads on.
// The server made every piece of HTML that is put in here, escaped and sanitised. Not here: search (transcript_search.js).

import { goTo } from "./app.js";

const root = document.getElementById("transcript");
const tiles = root?.querySelector(".tiles");
let current = null;

/** The number of the turn in focus, null before there is one. */
export const focusedTurn = () => (current?.isConnected ? Number(current.dataset.turn) : null);

/** Move the focus over `delta` turns, loading further ones at the end of a window. */
export async function moveFocus(delta) {
  const from = current?.isConnected ? current : null;
  if (!from) return focusOn(firstInSight());
  if (next(from, delta)) return focusOn(next(from, delta));
  const links = from.closest(".tile")?.querySelectorAll(delta > 0 ? ".later a" : ".earlier a");
  if (links?.length && (await load(Number(links[0].dataset.first)))) focusOn(next(from, delta));
}

/** Bring turn `n` into focus; resolves to whether it is there. Its window is loaded if need be. */
export async function focusTurn(n) {
  const here = document.getElementById(`turn-${n}`) ?? ((await load(n)) ? document.getElementById(`turn-${n}`) : null);
  focusOn(here);
  return here !== null;
}

/** Put the cursor into the search field. */
export function openSearch() {
  const field = document.getElementById("find-words");
  field?.focus();
  field?.select();
}

/** Open all folds of the focused turn, or close them when all are open. */
export function toggleFold() {
  const folds = [...(current?.querySelectorAll("details.fold") ?? [])];
  const isAnyClosed = folds.some((fold) => !fold.open);
  for (const fold of folds) fold.open = isAnyClosed;
}

/** Say something to people who cannot see the change. */
export function say(text) {
  document.getElementById("transcript-said").textContent = text;
}

function next(from, delta) {
  const turns = [...root.querySelectorAll(".turn")];
  return turns[turns.indexOf(from) + delta];
}

function firstInSight() {
  const turns = [...root.querySelectorAll(".turn")];
  return turns.find((turn) => turn.getBoundingClientRect().bottom > 80) ?? turns[0];
}

function focusOn(turn) {
  if (!turn) return;
  turn.focus({ preventScroll: true });
  noteFocus(turn);
  const box = turn.getBoundingClientRect();
  turn.scrollIntoView({ block: box.height > window.innerHeight * 0.6 ? "start" : "nearest" });
}

function noteFocus(turn) {
  if (turn === current) return;
  current?.classList.remove("is-current");
  current = turn;
  turn.classList.add("is-current");
  document.dispatchEvent(new CustomEvent("turnfocus", { detail: { turn: Number(turn.dataset.turn) } }));
}

/** Load the window that holds turn `n` and put it in its place; resolves to whether it is there. */
const loading = new Map();
function load(n) {
  if (!loading.has(n)) loading.set(n, fetchTile(n).finally(() => loading.delete(n)));
  return loading.get(n);
}

async function fetchTile(n) {
  if (!(n >= 0 && n < Number(root.dataset.total))) return false;
  const asked = new URLSearchParams({ id: root.dataset.session, first: n });
  const answer = await fetch(`/session/turns?${asked}`, { credentials: "same-origin" }).catch(() => null);
  const text = answer?.ok && !answer.redirected ? await answer.text() : "";
  const tile = new DOMParser().parseFromString(text, "text/html").querySelector(".tile");
  if (!tile) {
    say("These turns could not be loaded.");
    return false;
  }
  place(document.adoptNode(tile));
  return true;
}

function place(tile) {
  const first = Number(tile.dataset.first);
  const there = [...tiles.children];
  if (there.some((other) => Number(other.dataset.first) === first)) return;
  tiles.insertBefore(tile, there.find((other) => Number(other.dataset.first) > first) ?? null);
  tidy();
  document.dispatchEvent(new CustomEvent("turnsloaded"));
}

/** Hide the ways on between windows that lie side by side; load later turns as they come near. */
function tidy() {
  for (const tile of tiles.children) {
    const isJoined = tile.nextElementSibling?.dataset.first === tile.dataset.end;
    const later = tile.querySelector(":scope > .later");
    if (later) later.hidden = isJoined;
    const earlier = tile.nextElementSibling?.querySelector(":scope > .earlier");
    if (earlier) earlier.hidden = isJoined;
    if (later && !isJoined) nearing.observe(later);
    else if (later) nearing.unobserve(later);
  }
}

const nearing = new IntersectionObserver(
  (entries) => {
    for (const entry of entries) if (entry.isIntersecting) load(Number(entry.target.firstElementChild.dataset.first));
  },
  { rootMargin: "600px" },
);

async function followLink(event) {
  const link = event.target.closest?.("a[data-to], .more a, .turn > header > a");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  const n = Number(link.dataset.to ?? link.dataset.first ?? link.closest(".turn").dataset.turn);
  if (!(await focusTurn(n)) && link.matches("[href*='?']")) goTo(link.getAttribute("href"));
}

function jump(event) {
  event.preventDefault();
  const given = document.getElementById("jump-turn").value;
  if (given !== "") focusTurn(Number(given));
}

if (root) {
  root.addEventListener("click", followLink);
  root.querySelector(".jump").addEventListener("submit", jump);
  for (const event of ["focusin", "click"]) {
    root.addEventListener(event, ({ target }) => {
      const turn = target.closest?.(".turn");
      if (turn) noteFocus(turn);
    });
  }
  tidy();
  const named = /^#turn-(\d{1,9})$/.exec(window.location.hash);
  if (named) focusTurn(Number(named[1]));
}
