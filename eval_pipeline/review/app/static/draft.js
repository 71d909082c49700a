// Autosave: every entry is kept in this browser at once and on the server a moment later, one save at a time. A version that
// was saved elsewhere meanwhile is shown beside the one here, to choose from.

import { button, clock, hush, linkTo, say, show } from "./banners.js";
import { draftKey, forget, get, put } from "./kept.js";
import { isUndecided, retry, send } from "./offline.js";
import { form, isSame, openMind, read, root, write } from "./panel.js";
import { seconds } from "./active_time.js";

const DELAY_MS = 800;
const session = root.dataset.session;
const revision = Number(root.dataset.revision);
const key = draftKey(session);
const saved = document.getElementById("saved");
let version = Number(root.dataset.draftVersion);
let saving = null;
let isStopped = false;
let timer = null;
let stored = null;
let isKept = true;

/** Begin: put back what this browser kept and the server has not, or offer it; then save whatever is entered. */
export function start() {
  stored = read();
  const kept = get(key);
  if (kept?.isDirty && !isSame(kept.content, stored)) {
    if (kept.revision === revision && kept.version === version) putBack(kept);
    else offer(kept);
  }
  form.addEventListener("entered", entered);
  // Where the browser keeps nothing, leaving would lose what the server does not have yet.
  window.addEventListener("beforeunload", (event) => { if (!isKept && !isStopped && isDirty()) event.preventDefault(); });
}

/** Stop saving and forget what was kept: it is submitted. */
export function finish() {
  stop();
  forget(key);
}

/** Stop saving; what is entered stays in this browser. Resolves when no save is under way. */
export async function stop() {
  isStopped = true;
  clearTimeout(timer);
  await saving;
}

/** Save again, after a `stop` that came to nothing. */
export function resume() {
  isStopped = false;
  entered();
}

/** Whether something is entered that the server does not have. */
export const isDirty = () => !isSame(read(), stored);

function entered() {
  clearTimeout(timer);
  if (isStopped) return;
  if (!isDirty()) {
    forget(key);
    return;
  }
  isKept = put(key, { content: read(), version, revision, isDirty: true, at: Date.now() });
  timer = setTimeout(save, DELAY_MS);
}

async function save() {
  if (saving || isStopped || !isDirty()) return;
  const content = read();
  saving = send("/session/draft", {
    session_id: session, version_seen: String(version), content: { ...content, seconds: seconds() },
  });
  const answer = await saving;
  saving = null;
  if (answer.status === 200) done(content, answer.body);
  else if (answer.status === 409) collided(answer.body);
  else if (answer.status === 422) say("draft", "bad", Object.values(answer.body.problems).join("; "));
  else if (isUndecided(answer)) retry("draft", save);
}

function done(content, body) {
  [stored, version] = [content, body.version];
  put(key, { content, version, revision, isDirty: false, at: Date.now() });
  saved.textContent = `Saved ${clock(body.saved_at)}`;
  hush("draft");
  entered();
}

function collided(body) {
  if (isStopped) return;
  stop();
  if (body.submitted) {
    say("draft", "warn", "You submitted this session elsewhere. What you entered here is kept in this browser.", linkTo("Show what is stored", root.dataset.here));
    return;
  }
  const banner = show("draft", "warn", body.conflict);
  banner.querySelector('[data-take="mine"]').addEventListener("click", () => take(body, read()));
  banner.querySelector('[data-take="other"]').addEventListener("click", () => take(body, body.content));
  banner.querySelector("button").focus();
}

function take(body, content) {
  [version, stored] = [body.version, body.content];
  isStopped = false;
  hush("draft");
  write(content);
  put(key, { content, version, revision, isDirty: isDirty(), at: Date.now() });
}

function putBack(kept) {
  write(kept.content);
  openMind();
  say("put-back", "good", `Put back what you had entered at ${clock(kept.at)}.`);
  timer = setTimeout(save, DELAY_MS);
}

function offer(kept) {
  const take = button("Take those entries", () => { hush("draft"); write(kept.content); });
  const leave = button("Leave them", () => { hush("draft"); forget(key); });
  say("draft", "warn", `This browser kept other entries of yours, of ${clock(kept.at)}, that were never saved.`, take, leave);
}
