// The session page put together: the map of keys, marks in the transcript, sending, the way on and back. Not here: fields
// (panel.js), saving (draft.js), sending through thick and thin (offline.js).

import { csrfToken, goTo } from "./app.js";
import * as activeTime from "./active_time.js";
import { button, hush, linkTo, say, show } from "./banners.js";
import * as claim from "./claim.js";
import * as draft from "./draft.js";
import { draftKey, forgetAll, put, skip, skipped, waiting } from "./kept.js";
import { listen } from "./keys.js";
import { deliver } from "./offline.js";
import * as sheet from "./sheet.js";
import { start as startMarks } from "./marks.js";
import { choose, contentOf, form, isRevealed, markTurn, missing, panel, read, root, undo } from "./panel.js";
import { findCategory, leaveFinder } from "./categories.js";
import { focusedTurn, focusTurn, moveFocus, openSearch, toggleFold } from "./transcript.js";
import * as words from "./words.js";

const byId = (id) => document.getElementById(id);
const missingLine = byId("missing");
let isSending = false;
let isWarned = false;

/** Lock or submit. `then`: next, or stay. */
async function sendPanel(then = "next") {
  const lacks = missing();
  if (lacks) return tellMissing(lacks);
  const left = isRevealed ? words.unanswered() : 0;
  if (left && !isWarned) {
    isWarned = true;
    return tellMissing(`${left} not answered: g agrees with the rest. Send again to leave them so.`);
  }
  if (isSending) return undefined;
  isSending = true;
  form.elements.seconds.value = activeTime.seconds();
  panel.setAttribute("aria-busy", "true");
  await draft.stop();
  const fields = { ...Object.fromEntries(new FormData(form)), then, but: JSON.stringify(skipped()) };
  delete fields.csrf_token;
  decided(await deliver(form.getAttribute("action"), fields), fields);
  return undefined;
}

function decided({ status, body }, fields) {
  if (status === 200 && body?.next) {
    // Still sending, as far as this page goes: it is about to be left.
    draft.finish();
    goTo(isRevealed ? body.next : withTurn(body.next));
    return;
  }
  isSending = false;
  panel.removeAttribute("aria-busy");
  if (status === 409 && body?.conflict) {
    const banner = show("conflict", "warn", body.conflict);
    banner.querySelector("#take-mine").addEventListener("submit", draft.finish);
    banner.querySelector("#keep-stored").addEventListener("click", draft.finish);
    banner.querySelector("button").focus();
  } else {
    const problems = body?.problems ? Object.values(body.problems).join("; ") : body?.problem ?? `it was refused (${status})`;
    say("refused", "bad", `Not stored: ${problems}. All that you entered is still here.`);
    draft.resume();
  }
}

/** After the lock the page opens where he was reading. */
function withTurn(address) {
  const turn = focusedTurn();
  return turn === null ? address : `${address}&turn=${turn}`;
}

function tellMissing(text) {
  missingLine.textContent = text;
  missingLine.classList.add("warn");
  sheet.unfold();
}

function next() {
  const nextForm = byId("next-form");
  nextForm.elements.but.value = JSON.stringify(skip(root.dataset.session));
  nextForm.submit();
}

function wrongTurn() {
  const turn = focusedTurn();
  if (turn === null) tellMissing("Choose a turn first: j, k or click.");
  else markTurn(turn);
}

function category(number) {
  if (read().answer !== "fail") return false;
  const choices = [...form.querySelectorAll('input[name="category"]')];
  const wanted = number === 0 ? choices.at(-1) : choices.slice(0, -1)[number - 1];
  return wanted ? choose("category", wanted.value) : false;
}

function toNote() {
  sheet.unfold();
  const note = byId("note");
  note.focus();
  note.setSelectionRange(note.value.length, note.value.length);
}

/** Open one of the ways round an answer, ready to type the reason. */
function openAct(id) {
  const act = byId(id);
  if (!act) return false;
  sheet.unfold();
  act.open = true;
  act.querySelector("input[type=text]").focus();
  return true;
}

function takeBack() {
  if (undo()) return;
  const way = byId("undo") ?? byId("previous");
  if (way) way.click();
  else tellMissing(isRevealed ? "Your answer is locked in: m changes your mind." : "There is nothing to undo.");
}

/** j, k and the arrows move through machines' words while the panel has the focus, else through turns. */
function move(delta) {
  if (isRevealed && form && panel.contains(document.activeElement) && words.move(delta)) return;
  moveFocus(delta);
}

const reading = {
  j: () => move(1), k: () => move(-1), "/": openSearch, t: () => byId("jump-turn").focus(), s: toggleFold,
  "?": () => byId("keys").showModal(), p: () => byId("previous")?.click() ?? false,
  Escape: () => { for (const id of ["defer", "decline"]) byId(id)?.removeAttribute("open"); },
};
const answering = {
  f: () => choose("answer", "pass"), x: () => choose("answer", "fail"), e: () => choose("answer", "unsure"), w: wrongTurn, c: () => findCategory(),
  i: toNote, n: next, d: () => openAct("defer"), D: () => openAct("decline"),
  z: takeBack, Enter: () => sendPanel(), ...Object.fromEntries([...Array(10).keys()].map((n) => [String(n), () => category(n)])),
};
const blind = {
  q: () => choose("question_answer", "pass"), v: () => choose("question_answer", "fail"), b: () => choose("question_answer", ""),
};
const revealed = {
  a: () => words.answer("agreed"), o: () => words.answer("overridden"), r: words.agreeWithRest, m: openMind,
  g: () => { words.agreeWithRest(); sendPanel(); },
  ArrowDown: () => panel.contains(document.activeElement) && words.move(1),
  ArrowUp: () => panel.contains(document.activeElement) && words.move(-1),
};

function openMind() {
  const mind = byId("mind");
  if (!mind) return false;
  mind.open = !mind.open;
  mind.scrollIntoView({ block: "nearest" });
  return true;
}

/** Send what an earlier page could not: without a word where it works, with the way to it where it does not. */
async function sendWaiting() {
  for (const { address, fields } of waiting()) {
    const { status, body } = await deliver(address, fields);
    const here = `/session?id=${encodeURIComponent(fields.session_id)}`;
    if (status === 200 && fields.session_id === root.dataset.session) goTo(here);
    else if (status === 200) say("sent", "good", "An answer that had waited for the connection is stored now.", linkTo("Show it", here));
    else keepRefused(fields, here, body);
  }
}

/** What was refused is offered again on its session's page. */
function keepRefused(fields, here, body) {
  const kept = { content: contentOf(fields), version: -1, revision: Number(fields.revision_seen), isDirty: true, at: Date.now() };
  put(draftKey(fields.session_id), kept);
  const why = body?.problem ?? "it differs from what is stored";
  say("sent", "warn", `An answer that had waited for the connection was not taken: ${why}.`, linkTo("Look at it", here));
}

function startForm() {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (event.submitter?.name === "rest") words.agreeWithRest();
    sendPanel(event.submitter?.value === "stay" ? "stay" : "next");
  });
  form.addEventListener("entered", () => { isWarned = false; missingLine.textContent = ""; hush("refused"); });
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !event.target.matches("input[type=number], input[type=search]")) return;
    event.preventDefault();
    if (event.target.type === "search") leaveFinder(true);
    else event.target.blur();
  });
  byId("next-form").addEventListener("submit", (event) => { event.preventDefault(); next(); });
  for (const id of ["defer", "decline"]) byId(id)?.querySelector("form").addEventListener("submit", draft.stop);
  draft.start();
  claim.start();
  activeTime.start();
  startMarks();
  sheet.start();
}

function startPage() {
  byId("show-keys").hidden = false;
  byId("show-keys").addEventListener("click", () => byId("keys").showModal());
  root.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-turn]");
    if (!link) return;
    event.preventDefault();
    focusTurn(Number(link.dataset.turn));
  });
  document.querySelector('form[action="/sign-out"]')?.addEventListener("submit", (event) => {
    if (!waiting().length) { forgetAll(); return; }
    event.preventDefault();
    const go = button("Sign out and lose it", () => { forgetAll(); event.target.submit(); });
    say("sign-out", "warn", "An answer of yours is not sent yet.", go);
  });
  const turn = Number(root.dataset.turn);
  const shownFirst = turn > 0 ? Promise.resolve(focusTurn(turn)) : Promise.resolve();
  if (form) {
    startForm();
    // The focus of the words comes after that of the turn.
    shownFirst.then(() => { if (isRevealed) words.start(); }).then(sendWaiting);
  }
  listen({ ...reading, ...(form ? answering : {}), ...(form && !isRevealed ? blind : {}), ...(form && isRevealed ? revealed : {}) });
}

if (csrfToken()) startPage();
